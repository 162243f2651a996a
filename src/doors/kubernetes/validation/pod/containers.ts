/**
 * Containers of a pod.
 *
 * Source: k/k pkg/apis/core/validation/validation.go (validateContainers,
 * validateInitContainers, validateEphemeralContainers and what they call). Security
 * contexts and resize policies are not looked at.
 */
import { goQuote } from "../../codec/go-quote.ts";
import { compareAmounts, quantityAmount } from "../../codec/quantity.ts";
import type { JsonObject } from "../../codec/json.ts";
import { isJsonObject } from "../../codec/json.ts";
import type { FieldError } from "../field-error.ts";
import { duplicate, forbidden, invalid, notFound, notSupported, required } from "../field-error-constructors.ts";
import { numberField, objectField, objectsField, stringField } from "../object-fields.ts";
import {
  isExtendedResource,
  isHugePages,
  isNativeResource,
  resourceAmountErrors,
  resourceNameErrors,
} from "../resource-names.ts";
import { environmentErrors, environmentFromErrors } from "./environment.ts";
import { labelNameErrors, portNameTexts, portNumberErrors, wordErrors } from "./paths.ts";
import { lifecycleErrors, probeErrors } from "./probes.ts";
import { volumeDeviceErrors, volumeMountErrors } from "./volume-mounts.ts";

type Volumes = ReadonlyMap<string, JsonObject>;

/** Errors of `spec.containers`. */
export function containersErrors(spec: Readonly<JsonObject>, volumes: Volumes): FieldError[] {
  const containers = objectsField(spec, "containers");
  if (containers.length === 0) return [required("spec.containers", "")];
  const names = new Set<string>();
  const errors = containers.flatMap((container, index) => {
    const path = `spec.containers[${index}]`;
    const restartPolicy = "restartPolicy" in container;
    return [
      ...commonErrors(container, path, volumes),
      ...uniqueNameErrors(container, path, names),
      ...probesErrors(container, path),
      ...(restartPolicy ? [forbidden(`${path}.restartPolicy`, "may not be set for non-init containers")] : []),
    ];
  });
  return [...errors, ...hostPortErrors(containers, "spec.containers")];
}

/** Errors of `spec.initContainers`. */
export function initContainersErrors(spec: Readonly<JsonObject>, volumes: Volumes): FieldError[] {
  const names = new Set(objectsField(spec, "containers").map((container) => stringField(container, "name")));
  return objectsField(spec, "initContainers").flatMap((container, index) => {
    const path = `spec.initContainers[${index}]`;
    const policy = stringField(container, "restartPolicy");
    const policyErrors =
      "restartPolicy" in container && policy !== "Always"
        ? [notSupported(`${path}.restartPolicy`, goQuote(policy), ["Always"])]
        : [];
    return [
      ...commonErrors(container, path, volumes),
      ...policyErrors,
      ...uniqueNameErrors(container, path, names),
      ...hostPortErrors([container], "spec.initContainers"),
      ...(policy === "Always" ? probesErrors(container, path) : onlySidecarErrors(container, path)),
    ];
  });
}

/** What an init container that ends cannot have. */
function onlySidecarErrors(container: JsonObject, path: string): FieldError[] {
  const detail = "may not be set for init containers without restartPolicy=Always";
  return ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"]
    .filter((field) => isJsonObject(container[field]))
    .map((field) => forbidden(`${path}.${field}`, detail));
}

/** Fields an ephemeral container can have, apart from its target. */
const ephemeralFields: ReadonlySet<string> = new Set([
  "name",
  "image",
  "command",
  "args",
  "workingDir",
  "env",
  "envFrom",
  "volumeMounts",
  "volumeDevices",
  "terminationMessagePath",
  "terminationMessagePolicy",
  "imagePullPolicy",
  "securityContext",
  "stdin",
  "stdinOnce",
  "tty",
  "targetContainerName",
]);

/** Errors of `spec.ephemeralContainers`. */
export function ephemeralContainersErrors(spec: Readonly<JsonObject>, volumes: Volumes): FieldError[] {
  const others = ["containers", "initContainers"].flatMap((field) => objectsField(spec, field));
  const targets = new Set(others.map((container) => stringField(container, "name")));
  const names = new Set(targets);
  return objectsField(spec, "ephemeralContainers").flatMap((container, index) => {
    const path = `spec.ephemeralContainers[${index}]`;
    const target = stringField(container, "targetContainerName");
    const errors = [
      ...commonErrors(container, path, volumes),
      ...imageSpaceErrors(container, path),
      ...uniqueNameErrors(container, path, names),
    ];
    if (target !== "" && !targets.has(target)) errors.push(notFound(`${path}.targetContainerName`, target));
    const detail = "cannot be set for an Ephemeral Container";
    const refused = Object.keys(container).filter((field) => !ephemeralFields.has(field) && !isEmpty(container, field));
    for (const field of refused) errors.push(forbidden(`${path}.${field}`, detail));
    for (const [at, mount] of objectsField(container, "volumeMounts").entries()) {
      for (const field of ["subPath", "subPathExpr"]) {
        if (stringField(mount, field) !== "") errors.push(forbidden(`${path}.volumeMounts[${at}].${field}`, detail));
      }
    }
    return errors;
  });
}

function isEmpty(object: JsonObject, field: string): boolean {
  const value = object[field];
  return isJsonObject(value) && Object.keys(value).length === 0;
}

/** Errors of the images of `spec.containers` and `spec.initContainers` that hold for pods, not for templates. */
export function imagesErrors(spec: Readonly<JsonObject>): FieldError[] {
  return ["containers", "initContainers"].flatMap((field) =>
    objectsField(spec, field).flatMap((container, index) => imageSpaceErrors(container, `spec.${field}[${index}]`)),
  );
}

/** Errors of the space around an image's name. */
export function imageSpaceErrors(container: JsonObject, path: string): FieldError[] {
  const image = stringField(container, "image");
  if (image === image.trim()) return [];
  return [invalid(`${path}.image`, image, "must not have leading or trailing whitespace")];
}

function commonErrors(container: JsonObject, path: string, volumes: Volumes): FieldError[] {
  const image = stringField(container, "image");
  return [
    ...labelNameErrors(stringField(container, "name"), `${path}.name`),
    ...(image === "" ? [required(`${path}.image`, "")] : []),
    ...wordErrors(stringField(container, "terminationMessagePolicy"), `${path}.terminationMessagePolicy`, [
      "File",
      "FallbackToLogsOnError",
    ]),
    ...portsErrors(container, `${path}.ports`),
    ...environmentErrors(container, `${path}.env`),
    ...environmentFromErrors(container, `${path}.envFrom`),
    ...volumeMountErrors(container, `${path}.volumeMounts`, volumes),
    ...volumeDeviceErrors(container, `${path}.volumeDevices`, volumes),
    ...wordErrors(stringField(container, "imagePullPolicy"), `${path}.imagePullPolicy`, [
      "Always",
      "IfNotPresent",
      "Never",
    ]),
    ...requirementsErrors(objectField(container, "resources"), `${path}.resources`),
  ];
}

function uniqueNameErrors(container: JsonObject, path: string, names: Set<string>): FieldError[] {
  const name = stringField(container, "name");
  if (names.has(name)) return [duplicate(`${path}.name`, goQuote(name))];
  names.add(name);
  return [];
}

function probesErrors(container: JsonObject, path: string): FieldError[] {
  const probes = (["livenessProbe", "readinessProbe", "startupProbe"] as const).flatMap((field) => {
    const probe = container[field];
    return isJsonObject(probe) ? probeErrors(probe, `${path}.${field}`, field) : [];
  });
  return [...lifecycleErrors(objectField(container, "lifecycle"), `${path}.lifecycle`), ...probes];
}

function portsErrors(container: JsonObject, path: string): FieldError[] {
  const names = new Set<string>();
  return objectsField(container, "ports").flatMap((port, index) => {
    const at = `${path}[${index}]`;
    const errors = portNameErrors(stringField(port, "name"), `${at}.name`, names);
    if (numberField(port, "containerPort") === 0) errors.push(required(`${at}.containerPort`, ""));
    else errors.push(...portNumberErrors(port["containerPort"], `${at}.containerPort`));
    if (numberField(port, "hostPort") !== 0) errors.push(...portNumberErrors(port["hostPort"], `${at}.hostPort`));
    return [...errors, ...wordErrors(stringField(port, "protocol"), `${at}.protocol`, ["SCTP", "TCP", "UDP"])];
  });
}

function portNameErrors(name: string, path: string, names: Set<string>): FieldError[] {
  if (name === "") return [];
  const errors = portNameTexts(name).map((text) => invalid(path, name, text));
  if (errors.length > 0) return errors;
  if (names.has(name)) return [duplicate(path, goQuote(name))];
  names.add(name);
  return [];
}

function hostPortErrors(containers: readonly JsonObject[], path: string): FieldError[] {
  const taken = new Set<string>();
  return containers.flatMap((container, index) =>
    objectsField(container, "ports").flatMap((port, at) => {
      const hostPort = numberField(port, "hostPort");
      if (hostPort === 0) return [];
      const identity = `${stringField(port, "protocol")}/${stringField(port, "hostIP")}/${hostPort}`;
      if (taken.has(identity)) return [duplicate(`${path}[${index}].ports[${at}].hostPort`, goQuote(identity))];
      taken.add(identity);
      return [];
    }),
  );
}

function requirementsErrors(resources: Readonly<JsonObject>, path: string): FieldError[] {
  const [limits, requests] = [objectField(resources, "limits"), objectField(resources, "requests")];
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  const errors = [
    ...Object.keys(limits).flatMap((name) => amountErrors(name, limits, `${path}.limits`)),
    ...Object.keys(requests).flatMap((name) => [
      ...amountErrors(name, requests, `${path}.requests`),
      ...overLimitErrors(name, requests, limits, path),
    ]),
  ];
  const alone = names.some(isHugePages) && !names.some((name) => name === "cpu" || name === "memory");
  return alone ? [...errors, forbidden(path, "HugePages require cpu or memory")] : errors;
}

function amountErrors(name: string, list: Readonly<JsonObject>, path: string): FieldError[] {
  const at = `${path}[${name}]`;
  return [...containerResourceErrors(name, at), ...resourceAmountErrors(name, stringField(list, name), at)];
}

function containerResourceErrors(name: string, path: string): FieldError[] {
  const errors = resourceNameErrors(name, path);
  if (!name.includes("/")) {
    if (["cpu", "memory", "ephemeral-storage"].includes(name) || isHugePages(name)) return errors;
    return [...errors, invalid(path, name, "must be a standard resource for containers")];
  }
  if (isNativeResource(name) || isExtendedResource(name)) return errors;
  return [...errors, invalid(path, name, "doesn't follow extended resource name standard")];
}

/** What can not be shared is requested exactly as it is limited. */
function overLimitErrors(
  name: string,
  requests: Readonly<JsonObject>,
  limits: Readonly<JsonObject>,
  path: string,
): FieldError[] {
  const shareable = isNativeResource(name) && !isHugePages(name);
  if (!(name in limits)) {
    return shareable ? [] : [required(`${path}.limits`, "Limit must be set for non overcommitable resources")];
  }
  const [request, limit] = [stringField(requests, name), stringField(limits, name)];
  const order = compareAmounts(quantityAmount(request), quantityAmount(limit));
  if (order === 0 || (order < 0 && shareable)) return [];
  const relation = shareable ? "less than or equal to" : "equal to";
  return [invalid(`${path}.requests`, request, `must be ${relation} ${name} limit of ${limit}`)];
}
