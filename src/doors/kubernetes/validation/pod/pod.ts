/**
 * The rules of a Pod beside those of `metadata`: what it is made of and whose
 * secrets it gets. Rules about where it may run and as which user (affinity,
 * topology, security contexts, devices) are left to the server that runs pods.
 *
 * Source: k/k pkg/apis/core/validation/validation.go (ValidatePodCreate and what it calls).
 */
import type { JsonObject } from "../../codec/json.ts";
import { isJsonObject } from "../../codec/json.ts";
import type { FieldError } from "../field-error.ts";
import { duplicate, forbidden, invalid, invalidPrinted, notSupported, required } from "../field-error-constructors.ts";
import { goQuote } from "../../codec/go-quote.ts";
import { ipFamily } from "../ip-address.ts";
import { labelNameErrors } from "../label-selector.ts";
import {
  dns1123LabelErrors,
  dns1123SubdomainErrors,
  labelValueErrors,
  nameIsDnsSubdomain,
  qualifiedNameErrors,
} from "../names.ts";
import { numberField, objectField, objectsField, stringField, stringsField } from "../object-fields.ts";
import { containersErrors, ephemeralContainersErrors, imagesErrors, initContainersErrors } from "./containers.ts";
import { wordErrors } from "./paths.ts";
import { checkVolumes } from "./volumes.ts";

/** Errors of a new Pod. */
export function validatePod(pod: JsonObject): FieldError[] {
  const spec = objectField(pod, "spec");
  const errors = podErrors(pod);
  if (objectsField(spec, "ephemeralContainers").length > 0) {
    errors.push(forbidden("spec.ephemeralContainers", "cannot be set on create"));
  }
  if (stringField(spec, "nodeName") !== "" && objectsField(spec, "schedulingGates").length > 0) {
    errors.push(forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"));
  }
  return errors;
}

/** Errors of a Pod at any time. */
export function podErrors(pod: JsonObject): FieldError[] {
  const spec = objectField(pod, "spec");
  const volumes = checkVolumes(spec);
  return [
    ...volumes.errors,
    ...containersErrors(spec, volumes.byName),
    ...initContainersErrors(spec, volumes.byName),
    ...ephemeralContainersErrors(spec, volumes.byName),
    ...hostNetworkErrors(spec),
    ...wordErrors(stringField(spec, "restartPolicy"), "spec.restartPolicy", ["Always", "OnFailure", "Never"]),
    ...wordErrors(stringField(spec, "dnsPolicy"), "spec.dnsPolicy", [
      "ClusterFirstWithHostNet",
      "ClusterFirst",
      "Default",
      "None",
    ]),
    ...nodeSelectorErrors(spec),
    ...gatesErrors(spec),
    ...namesErrors(spec),
    ...tolerationsErrors(spec),
    ...hostAliasesErrors(spec),
    ...optionalNamesErrors(spec),
    ...tokenErrors(spec),
    ...imagesErrors(spec),
  ];
}

/** On its node's network a container has the ports of the node. */
function hostNetworkErrors(spec: Readonly<JsonObject>): FieldError[] {
  if (spec["hostNetwork"] !== true) return [];
  const detail = "must match `containerPort` when `hostNetwork` is true";
  return objectsField(spec, "containers").flatMap((container, index) =>
    objectsField(container, "ports").flatMap((port, at) => {
      const hostPort = numberField(port, "hostPort");
      if (hostPort === numberField(port, "containerPort")) return [];
      return [invalidPrinted(`spec.containers[${index}].ports[${at}].hostPort`, String(hostPort), detail)];
    }),
  );
}

function nodeSelectorErrors(spec: Readonly<JsonObject>): FieldError[] {
  const selector = objectField(spec, "nodeSelector");
  return Object.keys(selector).flatMap((key) => {
    const value = stringField(selector, key);
    const texts = labelValueErrors(value).map((text) => invalid("spec.nodeSelector", value, text));
    return [...labelNameErrors(key, "spec.nodeSelector"), ...texts];
  });
}

function gatesErrors(spec: Readonly<JsonObject>): FieldError[] {
  const readiness = objectsField(spec, "readinessGates").flatMap((gate, index) => {
    const type = stringField(gate, "conditionType");
    return qualifiedNameErrors(type).map((text) => invalid(`spec.readinessGates[${index}].conditionType`, type, text));
  });
  const seen = new Set<string>();
  const scheduling = objectsField(spec, "schedulingGates").flatMap((gate, index) => {
    const [path, name] = [`spec.schedulingGates[${index}]`, stringField(gate, "name")];
    const errors = qualifiedNameErrors(name).map((text) => invalid(path, name, text));
    if (seen.has(name)) errors.push(duplicate(path, goQuote(name)));
    seen.add(name);
    return errors;
  });
  return [...readiness, ...scheduling];
}

function namesErrors(spec: Readonly<JsonObject>): FieldError[] {
  const named = ["serviceAccountName", "nodeName"].flatMap((field) => {
    const name = stringField(spec, field);
    return name === "" ? [] : nameIsDnsSubdomain(name, false).map((text) => invalid(`spec.${field}`, name, text));
  });
  const labels = ["hostname", "subdomain"].flatMap((field) => {
    const name = stringField(spec, field);
    return name === "" ? [] : dns1123LabelErrors(name).map((text) => invalid(`spec.${field}`, name, text));
  });
  return [...named, ...deadlineErrors(spec), ...labels];
}

function deadlineErrors(spec: Readonly<JsonObject>): FieldError[] {
  const deadline = spec["activeDeadlineSeconds"];
  if (typeof deadline !== "number" || (deadline >= 1 && deadline <= 2_147_483_647)) return [];
  const detail = "must be between 1 and 2147483647, inclusive";
  return [invalidPrinted("spec.activeDeadlineSeconds", String(deadline), detail)];
}

/** Errors of `spec.tolerations`. */
export function tolerationsErrors(spec: Readonly<JsonObject>): FieldError[] {
  return objectsField(spec, "tolerations").flatMap((toleration, index) => {
    const path = `spec.tolerations[${index}]`;
    const [key, operator, effect] = ["key", "operator", "effect"].map((field) => stringField(toleration, field));
    const errors = key === "" || key === undefined ? [] : labelNameErrors(key, `${path}.key`);
    if (key === "" && operator !== "Exists") {
      const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      errors.push(invalid(`${path}.operator`, operator ?? "", detail));
    }
    if (typeof toleration["tolerationSeconds"] === "number" && effect !== "NoExecute") {
      const detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
      errors.push(invalid(`${path}.effect`, effect ?? "", detail));
    }
    errors.push(...tolerationValueErrors(operator ?? "", stringField(toleration, "value"), `${path}.operator`));
    const effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
    return effect === "" ? errors : [...errors, ...wordErrors(effect ?? "", `${path}.effect`, effects)];
  });
}

function tolerationValueErrors(operator: string, value: string, path: string): FieldError[] {
  switch (operator) {
    case "":
    case "Equal": {
      const texts = labelValueErrors(value);
      return texts.length === 0 ? [] : [invalid(path, value, texts.join(";"))];
    }
    case "Exists":
      return value === "" ? [] : [invalid(path, value, "value must be empty when `operator` is 'Exists'")];
    default:
      return [notSupported(path, goQuote(operator), ["Equal", "Exists"])];
  }
}

function hostAliasesErrors(spec: Readonly<JsonObject>): FieldError[] {
  return objectsField(spec, "hostAliases").flatMap((alias, index) => {
    const [path, ip] = [`spec.hostAliases[${index}]`, stringField(alias, "ip")];
    const detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    return [
      ...(ipFamily(ip) === 0 ? [invalid(`${path}.ip`, ip, detail)] : []),
      ...stringsField(alias, "hostnames").flatMap((name, at) =>
        dns1123SubdomainErrors(name).map((text) => invalid(`${path}.hostnames[${at}]`, name, text)),
      ),
    ];
  });
}

function optionalNamesErrors(spec: Readonly<JsonObject>): FieldError[] {
  const priority = stringField(spec, "priorityClassName");
  const runtime = spec["runtimeClassName"];
  return [
    ...(priority === ""
      ? []
      : nameIsDnsSubdomain(priority, false).map((text) => invalid("spec.priorityClassName", priority, text))),
    ...(typeof runtime === "string"
      ? nameIsDnsSubdomain(runtime, false).map((text) => invalid("spec.runtimeClassName", runtime, text))
      : []),
    ...("preemptionPolicy" in spec
      ? wordErrors(stringField(spec, "preemptionPolicy"), "spec.preemptionPolicy", ["PreemptLowerPriority", "Never"])
      : []),
  ];
}

/** Without an account there is no token. */
function tokenErrors(spec: Readonly<JsonObject>): FieldError[] {
  if (stringField(spec, "serviceAccountName") !== "") return [];
  return objectsField(spec, "volumes").flatMap((volume, index) =>
    objectsField(objectField(volume, "projected"), "sources").flatMap((source, at) => {
      if (!isJsonObject(source["serviceAccountToken"])) return [];
      const path = `spec.volumes[${index}].projected.sources[${at}].serviceAccountToken`;
      return [forbidden(path, "must not be specified when serviceAccountName is not set")];
    }),
  );
}

/** Errors of a Binding: what it binds to is a node. */
export function validateBinding(binding: JsonObject): FieldError[] {
  const target = objectField(binding, "target");
  const kind = stringField(target, "kind");
  return [
    ...(kind === "" || kind === "Node" ? [] : [notSupported("target.kind", goQuote(kind), ["Node", "<empty>"])]),
    ...(stringField(target, "name") === "" ? [required("target.name", "")] : []),
  ];
}
