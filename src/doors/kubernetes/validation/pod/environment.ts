/**
 * The environment of a container: values from Secrets, ConfigMaps, fields and resources.
 *
 * Source: k/k pkg/apis/core/validation/validation.go (ValidateEnv, ValidateEnvFrom).
 */
import { goQuote } from "../../codec/go-quote.ts";
import type { JsonObject } from "../../codec/json.ts";
import { isJsonObject } from "../../codec/json.ts";
import type { FieldError } from "../field-error.ts";
import { invalid, notSupported, required } from "../field-error-constructors.ts";
import { configMapKeyErrors, nameIsDnsSubdomain, qualifiedNameErrors } from "../names.ts";
import { objectField, objectsField, stringField } from "../object-fields.ts";
import { backstepErrors, environmentNameTexts, labelNameErrors } from "./paths.ts";

/** Fields of a pod that an environment variable can be set from, sorted. */
const environmentPaths = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];
/** Fields of a pod that a file can be written from, sorted. */
export const volumePaths = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];
/** All of the fields that can be named at all. */
const knownPaths: ReadonlySet<string> = new Set([
  ...environmentPaths,
  ...volumePaths,
  "spec.restartPolicy",
  "spec.schedulerName",
  "status.phase",
]);
const resourcePaths = ["limits", "requests"].flatMap((list) =>
  ["cpu", "ephemeral-storage", "memory"].map((name) => `${list}.${name}`),
);

/** Errors of `env` at `path`. */
export function environmentErrors(container: JsonObject, path: string): FieldError[] {
  return objectsField(container, "env").flatMap((variable, index) => {
    const at = `${path}[${index}]`;
    const name = stringField(variable, "name");
    const errors =
      name === ""
        ? [required(`${at}.name`, "")]
        : environmentNameTexts(name).map((text) => invalid(`${at}.name`, name, text));
    return [...errors, ...valueFromErrors(variable, `${at}.valueFrom`)];
  });
}

/** Errors of `envFrom` at `path`. */
export function environmentFromErrors(container: JsonObject, path: string): FieldError[] {
  return objectsField(container, "envFrom").flatMap((source, index) => {
    const at = `${path}[${index}]`;
    const prefix = stringField(source, "prefix");
    const errors =
      prefix === "" ? [] : environmentNameTexts(prefix).map((text) => invalid(`${at}.prefix`, prefix, text));
    const references = ["configMapRef", "secretRef"].filter((kind) => isJsonObject(source[kind]));
    for (const kind of references) errors.push(...referenceErrors(objectField(source, kind), `${at}.${kind}`));
    // Upstream's path is that of the list.
    if (references.length === 0) errors.push(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"));
    if (references.length > 1) errors.push(invalid(path, "", "may not have more than one field specified at a time"));
    return errors;
  });
}

function valueFromErrors(variable: JsonObject, path: string): FieldError[] {
  const valueFrom = variable["valueFrom"];
  if (!isJsonObject(valueFrom)) return [];
  const sources = [...valueSources].filter(([kind]) => isJsonObject(valueFrom[kind]));
  const errors = sources.flatMap(([kind, check]) => check(objectField(valueFrom, kind), `${path}.${kind}`));
  if (sources.length === 0) {
    const known = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`";
    return [...errors, invalid(path, "", `must specify one of: ${known}`)];
  }
  if (stringField(variable, "value") !== "") {
    return [...errors, invalid(path, "", "may not be specified when `value` is not empty")];
  }
  if (sources.length === 1) return errors;
  return [...errors, invalid(path, "", "may not have more than one field specified at a time")];
}

type Check = (source: Readonly<JsonObject>, path: string) => FieldError[];

/** In the order in which upstream looks at them. */
const valueSources: ReadonlyMap<string, Check> = new Map<string, Check>([
  ["fieldRef", (source, path) => fieldRefErrors(source, path, environmentPaths)],
  ["resourceFieldRef", (source, path) => resourceFieldRefErrors(source, path, false)],
  ["configMapKeyRef", keyRefErrors],
  ["secretKeyRef", keyRefErrors],
  ["fileKeyRef", fileKeyErrors],
]);

function keyRefErrors(source: Readonly<JsonObject>, path: string): FieldError[] {
  const [name, key] = [stringField(source, "name"), stringField(source, "key")];
  return [
    ...nameIsDnsSubdomain(name, false).map((text) => invalid(`${path}.name`, name, text)),
    ...(key === ""
      ? [required(`${path}.key`, "")]
      : configMapKeyErrors(key).map((text) => invalid(`${path}.key`, key, text))),
  ];
}

function fileKeyErrors(source: Readonly<JsonObject>, path: string): FieldError[] {
  const [key, file] = [stringField(source, "key"), stringField(source, "path")];
  return [
    ...(key === ""
      ? [required(`${path}.key`, "")]
      : environmentNameTexts(key).map((text) => invalid(`${path}.key`, key, text))),
    ...labelNameErrors(stringField(source, "volumeName"), `${path}.volumeName`),
    ...(file === "" ? [required(`${path}.path`, "")] : backstepErrors(file, `${path}.path`)),
  ];
}

function referenceErrors(reference: Readonly<JsonObject>, path: string): FieldError[] {
  const name = stringField(reference, "name");
  if (name === "") return [required(`${path}.name`, "")];
  return nameIsDnsSubdomain(name, true).map((text) => invalid(`${path}.name`, name, text));
}

/** Errors of a reference to a field of the pod; `supported` is sorted. */
export function fieldRefErrors(source: Readonly<JsonObject>, path: string, supported: readonly string[]): FieldError[] {
  const [apiVersion, fieldPath] = [stringField(source, "apiVersion"), stringField(source, "fieldPath")];
  if (apiVersion === "") return [required(`${path}.apiVersion`, "")];
  if (fieldPath === "") return [required(`${path}.fieldPath`, "")];
  const convert = (text: string) => [invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: ${text}`)];
  if (apiVersion !== "v1") return convert(`unsupported pod version: ${apiVersion}`);
  const subscripted = /^(.*)\['(.*)'\]$/s.exec(fieldPath);
  if (subscripted !== null) {
    const [, map = "", key = ""] = subscripted;
    if (map === "metadata.annotations")
      return qualifiedNameErrors(key.toLowerCase()).map((text) => invalid(path, key.toLowerCase(), text));
    if (map === "metadata.labels") return qualifiedNameErrors(key).map((text) => invalid(path, key, text));
    return convert(`field label does not support subscript: ${fieldPath}`);
  }
  const named = fieldPath === "spec.host" ? "spec.nodeName" : fieldPath;
  if (!knownPaths.has(named)) return convert(`field label not supported: ${fieldPath}`);
  if (supported.includes(named)) return [];
  return [notSupported(`${path}.fieldPath`, goQuote(named), supported)];
}

/** Errors of a reference to a resource of a container, which a file has to name. */
export function resourceFieldRefErrors(source: Readonly<JsonObject>, path: string, inVolume: boolean): FieldError[] {
  const resource = stringField(source, "resource");
  if (inVolume && stringField(source, "containerName") === "") return [required(`${path}.containerName`, "")];
  if (resource === "") return [required(`${path}.resource`, "")];
  if (resourcePaths.includes(resource) || /^(requests|limits)\.hugepages-/.test(resource)) return [];
  return [notSupported(`${path}.resource`, goQuote(resource), resourcePaths)];
}
