/**
 * The rules of a Secret beside those of `metadata`. No text shows a value.
 *
 * `data` is taken as decoded: canonical padded base64 strings, with stringData
 * merged in before (patch/secret-string-data.ts), so that a bad key that came by
 * stringData is reported as `data[KEY]`, as upstream does.
 *
 * Source: k/k pkg/apis/core/validation/validation.go (ValidateSecret,
 * ValidateSecretUpdate) and pkg/apis/core/types.go (MaxSecretSize).
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { JsonObject } from "../codec/json.ts";
import type { FieldError } from "./field-error.ts";
import { forbidden, invalid, required, tooLong } from "./field-error-constructors.ts";
import { goJsonObjectError } from "./go-json-object.ts";
import { configMapKeyErrors } from "./names.ts";
import { immutableErrors } from "./object-meta.ts";
import { metadataOf, objectField, stringField } from "./object-fields.ts";
import { withheldAnnotationErrors } from "./withheld-annotation.ts";

/** All values of a Secret together, in raw bytes; keys are not counted. */
export const secretBytesMax = 1_048_576;

/** The types with rules or with meaning to Kubernetes; any other text is a type too. */
export const secretTypes = {
  opaque: "Opaque",
  serviceAccountToken: "kubernetes.io/service-account-token",
  dockercfg: "kubernetes.io/dockercfg",
  dockerConfigJson: "kubernetes.io/dockerconfigjson",
  basicAuth: "kubernetes.io/basic-auth",
  sshAuth: "kubernetes.io/ssh-auth",
  tls: "kubernetes.io/tls",
  bootstrapToken: "bootstrap.kubernetes.io/token",
} as const;

const serviceAccountNameAnnotation = "kubernetes.io/service-account.name";

/** Errors of a Secret on create, and after an update; those of `metadata` are not in it. */
export function validateSecret(secret: JsonObject): FieldError[] {
  const data = objectField(secret, "data");
  const errors: FieldError[] = [];
  let sizeBytes = 0;
  for (const key of Object.keys(data)) {
    for (const text of configMapKeyErrors(key)) errors.push(invalid(`data[${key}]`, key, text));
    sizeBytes += base64ByteLength(stringField(data, key));
  }
  if (sizeBytes > secretBytesMax) errors.push(tooLong("data", secretBytesMax));
  return [...errors, ...typeErrors(secret, data), ...withheldAnnotationErrors(secret)];
}

/**
 * Errors of an update of a Secret: its type never changes, and once it is
 * immutable neither data nor that flag does (labels and the like may).
 */
export function validateSecretUpdate(next: JsonObject, previous: JsonObject): FieldError[] {
  const errors = immutableErrors("type", stringField(next, "type"), stringField(previous, "type"));
  if (previous["immutable"] === true) {
    const detail = "field is immutable when `immutable` is set";
    if (next["immutable"] !== true) errors.push(forbidden("immutable", detail));
    if (!equalSecretData(next, previous)) errors.push(forbidden("data", detail));
  }
  return [...errors, ...validateSecret(next)];
}

/** How many bytes canonical base64 stands for, without decoding it. */
export function base64ByteLength(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return Math.max(0, Math.floor((base64.length * 3) / 4) - padding);
}

/** Whether both Secrets hold the same data; values are compared as digests in constant time. */
export function equalSecretData(a: JsonObject, b: JsonObject): boolean {
  return timingSafeEqual(dataDigest(a), dataDigest(b));
}

/** A digest of all keys and values; lengths go before contents, so that no two maps share an encoding. */
function dataDigest(secret: JsonObject): Buffer {
  const data = objectField(secret, "data");
  const hash = createHash("sha256");
  for (const key of Object.keys(data).toSorted()) {
    const value = stringField(data, key);
    hash.update(`${key.length}:${key}${value.length}:${value}`);
  }
  return hash.digest();
}

function typeErrors(secret: JsonObject, data: Readonly<JsonObject>): FieldError[] {
  switch (stringField(secret, "type")) {
    case secretTypes.serviceAccountToken:
      // The token itself is filled in later by a controller.
      return annotationErrors(secret);
    case secretTypes.dockercfg:
      return dockerErrors(data, ".dockercfg");
    case secretTypes.dockerConfigJson:
      return dockerErrors(data, ".dockerconfigjson");
    case secretTypes.basicAuth:
      // One of the two suffices, and it may be empty.
      return "username" in data || "password" in data ? [] : missingKeys(data, ["username", "password"]);
    case secretTypes.sshAuth:
      return stringField(data, "ssh-privatekey") === "" ? [required("data[ssh-privatekey]", "")] : [];
    case secretTypes.tls:
      return missingKeys(data, ["tls.crt", "tls.key"]);
    default:
      return [];
  }
}

function annotationErrors(secret: JsonObject): FieldError[] {
  const annotations = objectField(metadataOf(secret), "annotations");
  if (stringField(annotations, serviceAccountNameAnnotation) !== "") return [];
  return [required(`metadata.annotations[${serviceAccountNameAnnotation}]`, "")];
}

function missingKeys(data: Readonly<JsonObject>, keys: readonly string[]): FieldError[] {
  return keys.filter((key) => !(key in data)).map((key) => required(`data[${key}]`, ""));
}

function dockerErrors(data: Readonly<JsonObject>, key: string): FieldError[] {
  const missing = missingKeys(data, [key]);
  if (missing.length > 0) return missing;
  const detail = goJsonObjectError(Buffer.from(stringField(data, key), "base64"));
  return detail === undefined ? [] : [invalid(`data[${key}]`, "<secret contents redacted>", detail)];
}
