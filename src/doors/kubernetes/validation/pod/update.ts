/**
 * What may change of a Pod that exists.
 *
 * Source: k/k pkg/apis/core/validation/validation.go (ValidatePodUpdate,
 * ValidatePodStatusUpdate, ValidatePodEphemeralContainersUpdate).
 */
import { goQuote } from "../../codec/go-quote.ts";
import type { JsonObject } from "../../codec/json.ts";
import { cloneJson, equalJson, isJsonObject } from "../../codec/json.ts";
import type { FieldError } from "../field-error.ts";
import { forbidden, internalError, invalid, invalidPrinted, required } from "../field-error-constructors.ts";
import { goJson } from "../go-format.ts";
import { ipFamily } from "../ip-address.ts";
import { nameIsDnsSubdomain, qualifiedNameErrors } from "../names.ts";
import { immutableErrors } from "../object-meta.ts";
import { metadataOf, numberField, objectField, objectsField, stringField } from "../object-fields.ts";
import { imageSpaceErrors } from "./containers.ts";
import { podErrors, tolerationsErrors } from "./pod.ts";

const containerFields = ["containers", "initContainers"];

/** Errors of an update of a Pod. */
export function validatePodUpdate(next: JsonObject, previous: JsonObject): FieldError[] {
  const [spec, stored] = [objectField(next, "spec"), objectField(previous, "spec")];
  const errors = podErrors(next);
  for (const field of containerFields) {
    const found = containerUpdateErrors(objectsField(spec, field), objectsField(stored, field), `spec.${field}`);
    errors.push(...found.errors);
    if (found.stop) return errors;
  }
  const deadline = deadlineErrors(spec, stored);
  errors.push(...deadline.errors);
  if (deadline.stop) return errors;
  errors.push(...keptTolerationsErrors(spec, stored), ...gatesErrors(spec, stored));
  return equalJson(comparable(spec, stored), comparable(stored, stored)) ? errors : [...errors, otherFields];
}

/** Upstream appends a difference of the two specs in the words of its own types; we name the rule alone. */
const otherFields = forbidden(
  "spec",
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`," +
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations)," +
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n",
);

interface Found {
  readonly errors: FieldError[];
  /** Upstream looks no further. */
  readonly stop: boolean;
}

function containerUpdateErrors(next: readonly JsonObject[], stored: readonly JsonObject[], path: string): Found {
  if (next.length !== stored.length) {
    return { errors: [forbidden(path, "pod updates may not add or remove containers")], stop: true };
  }
  const errors = next.flatMap((container, index) => [
    ...(stringField(container, "image") === "" ? [required(`${path}[${index}].image`, "")] : []),
    ...imageSpaceErrors(container, `${path}[${index}]`),
  ]);
  return { errors, stop: false };
}

/** A deadline can be set, and made shorter. */
function deadlineErrors(spec: Readonly<JsonObject>, stored: Readonly<JsonObject>): Found {
  const field = "spec.activeDeadlineSeconds";
  const [next, previous] = [spec["activeDeadlineSeconds"], stored["activeDeadlineSeconds"]];
  if (typeof next !== "number") {
    if (typeof previous !== "number") return { errors: [], stop: false };
    const detail = "must not update from a positive integer to nil value";
    return { errors: [invalidPrinted(field, "null", detail)], stop: false };
  }
  if (next < 0 || next > 2_147_483_647) {
    const detail = "must be between 0 and 2147483647, inclusive";
    return { errors: [invalidPrinted(field, String(next), detail)], stop: true };
  }
  if (typeof previous !== "number" || previous >= next) return { errors: [], stop: false };
  return { errors: [invalidPrinted(field, String(next), "must be less than or equal to previous value")], stop: true };
}

function keptTolerationsErrors(spec: Readonly<JsonObject>, stored: Readonly<JsonObject>): FieldError[] {
  const next = new Set(objectsField(spec, "tolerations").map(tolerationIdentity));
  const lost = objectsField(stored, "tolerations").some((toleration) => !next.has(tolerationIdentity(toleration)));
  if (!lost) return tolerationsErrors(spec);
  return [forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")];
}

/** Everything of a toleration but its seconds, as a text to look it up by: a pod may have tens of thousands. */
function tolerationIdentity(toleration: Readonly<JsonObject>): string {
  return JSON.stringify(["key", "operator", "value", "effect"].map((field) => stringField(toleration, field)));
}

function gatesErrors(spec: Readonly<JsonObject>, stored: Readonly<JsonObject>): FieldError[] {
  const known = new Set(objectsField(stored, "schedulingGates").map((gate) => stringField(gate, "name")));
  return objectsField(spec, "schedulingGates").flatMap((gate, index) => {
    const name = stringField(gate, "name");
    if (known.has(name)) return [];
    const detail = `only deletion is allowed, but found new scheduling gate '${name}'`;
    return [forbidden(`spec.schedulingGates[${index}].name`, detail)];
  });
}

/** The spec with what may change as it is stored. */
function comparable(spec: Readonly<JsonObject>, stored: Readonly<JsonObject>): JsonObject {
  const copy = cloneJson(spec as JsonObject); // cloneJson does not write to it
  for (const field of ["activeDeadlineSeconds", "tolerations", "schedulingGates"]) copyField(copy, stored, field);
  for (const field of containerFields) {
    const images = objectsField(stored, field);
    for (const [index, container] of objectsField(copy, field).entries())
      copyField(container, images[index] ?? {}, "image");
  }
  const [grace, storedGrace] = [
    numberField(copy, "terminationGracePeriodSeconds"),
    stored["terminationGracePeriodSeconds"],
  ];
  if (grace === 1 && typeof storedGrace === "number" && storedGrace < 0) {
    copy["terminationGracePeriodSeconds"] = storedGrace;
  }
  return withoutGatedFields(copy, stored);
}

/** While a pod is held back, its node selector may grow and its node affinity change. */
function withoutGatedFields(spec: JsonObject, stored: Readonly<JsonObject>): JsonObject {
  if (objectsField(stored, "schedulingGates").length === 0) return spec;
  const [selector, storedSelector] = [objectField(spec, "nodeSelector"), objectField(stored, "nodeSelector")];
  const grown = Object.keys(storedSelector).every((key) => selector[key] === storedSelector[key]);
  if (grown) copyField(spec, stored, "nodeSelector");
  return spec;
}

function copyField(object: JsonObject, from: Readonly<JsonObject>, field: string): void {
  const value = from[field];
  if (value === undefined) delete object[field];
  else object[field] = value;
}

const systemConditions: ReadonlySet<string> = new Set(["PodScheduled", "Ready", "Initialized"]);

/** Errors of an update by `pods/status`. */
export function validatePodStatus(next: JsonObject, previous: JsonObject): FieldError[] {
  const [status, stored] = [objectField(next, "status"), objectField(previous, "status")];
  const conditions = objectsField(status, "conditions").flatMap((condition, index) => {
    const [path, type] = [`status.conditions[${index}]`, stringField(condition, "type")];
    const errors = generationErrors(condition, path);
    if (systemConditions.has(type)) return errors;
    return [...errors, ...qualifiedNameErrors(type).map((text) => invalid(`${path}.Type`, type, text))];
  });
  const nominated = stringField(status, "nominatedNodeName");
  const nominationErrors =
    nominated === "" || nominated === stringField(stored, "nominatedNodeName")
      ? []
      : nameIsDnsSubdomain(nominated, false).map((text) => invalid("status.nominatedNodeName", nominated, text));
  return [
    ...conditions,
    ...nominationErrors,
    ...generationErrors(status, "status"),
    ...immutableErrors("status.qosClass", stringField(status, "qosClass"), stringField(stored, "qosClass")),
    ...transitionErrors(status, stored, stringField(objectField(previous, "spec"), "restartPolicy")),
    ...addressesErrors(status, stored, "podIPs"),
    ...hostAddressErrors(status),
    ...addressesErrors(status, stored, "hostIPs"),
  ];
}

function generationErrors(object: Readonly<JsonObject>, path: string): FieldError[] {
  const generation = numberField(object, "observedGeneration");
  if (generation >= 0) return [];
  return [invalidPrinted(`${path}.observedGeneration`, String(generation), "must be a non-negative integer")];
}

/** New addresses are right, and there is one of each family; what is stored may stay. */
function addressesErrors(
  status: Readonly<JsonObject>,
  stored: Readonly<JsonObject>,
  field: "podIPs" | "hostIPs",
): FieldError[] {
  const known = new Set(objectsField(stored, field).map((address) => stringField(address, "ip")));
  const addresses = objectsField(status, field).map((address) => stringField(address, "ip"));
  const errors = addresses.flatMap((ip, index) => {
    if (known.has(ip) || ipFamily(ip) !== 0) return [];
    return [invalid(`status.${field}[${index}]`, ip, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")];
  });
  if (addresses.length < 2) return errors;
  const wrong = addresses.findIndex((ip) => ipFamily(ip) === 0);
  if (wrong >= 0) {
    const why = `failed to check for dual stack with error:invalid IP[${wrong}]: ${addresses[wrong] ?? ""}`;
    errors.push(internalError(`status.${field}`, why));
  } else if (addresses.length === 2 && new Set(addresses.map(ipFamily)).size === 2) return errors;
  const printed = goJson(addresses.map((ip) => ({ IP: ip })));
  return [...errors, invalidPrinted(`status.${field}`, printed, "may specify no more than one IP for each IP family")];
}

function hostAddressErrors(status: Readonly<JsonObject>): FieldError[] {
  const [first] = objectsField(status, "hostIPs");
  const ip = first === undefined ? "" : stringField(first, "ip");
  if (first === undefined || ip === stringField(status, "hostIP")) return [];
  return [invalid("status.hostIPs[0].ip", ip, "must be equal to `hostIP`")];
}

/** A container that ended for good does not come back. */
function transitionErrors(
  status: Readonly<JsonObject>,
  stored: Readonly<JsonObject>,
  restartPolicy: string,
): FieldError[] {
  if (restartPolicy === "Always") return [];
  const next = firstByName(objectsField(status, "containerStatuses"));
  return objectsField(stored, "containerStatuses").flatMap((container, index) => {
    const terminated = objectField(container, "state")["terminated"];
    if (!isJsonObject(terminated)) return [];
    if (numberField(terminated, "exitCode") !== 0 && restartPolicy === "OnFailure") return [];
    const namesake = next.get(stringField(container, "name"));
    if (namesake === undefined || isJsonObject(objectField(namesake, "state")["terminated"])) return [];
    return [forbidden(`status.containerStatuses[${index}].state`, "may not be transitioned to non-terminated state")];
  });
}

/** Errors of an update by `pods/ephemeralcontainers`: containers are added, and stay as they are. */
export function validateEphemeralContainers(next: JsonObject, previous: JsonObject): FieldError[] {
  if ("kubernetes.io/config.mirror" in objectField(metadataOf(previous), "annotations")) {
    return [forbidden("", "static pods do not support ephemeral containers")];
  }
  const path = "spec.ephemeralContainers";
  const containers = firstByName(objectsField(objectField(next, "spec"), "ephemeralContainers"));
  const changed = objectsField(objectField(previous, "spec"), "ephemeralContainers").flatMap((stored) => {
    const name = stringField(stored, "name");
    const found = containers.get(name);
    const verb = found === undefined ? "removed" : equalJson(found, stored) ? "" : "changed";
    return verb === "" ? [] : [forbidden(path, `existing ephemeral containers ${goQuote(name)} may not be ${verb}\n`)];
  });
  return [...podErrors(next), ...changed];
}

/** Objects by their name; of several with one name, the first. */
function firstByName(objects: readonly JsonObject[]): Map<string, JsonObject> {
  return new Map(objects.toReversed().map((object) => [stringField(object, "name"), object]));
}
