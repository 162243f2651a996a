/**
 * The rules of a ConfigMap beside those of `metadata`.
 *
 * Source: k/k pkg/apis/core/validation/validation.go (ValidateConfigMap,
 * ValidateConfigMapUpdate).
 */
import type { JsonObject } from "../codec/json.ts";
import { equalJson } from "../codec/json.ts";
import type { FieldError } from "./field-error.ts";
import { forbidden, invalid, tooLong } from "./field-error-constructors.ts";
import { byteLength } from "./go-format.ts";
import { configMapKeyErrors } from "./names.ts";
import { objectField, stringField } from "./object-fields.ts";
import { base64ByteLength, secretBytesMax } from "./secret.ts";

/** Errors of a ConfigMap on create, and after an update. */
export function validateConfigMap(configMap: JsonObject): FieldError[] {
  const [data, binaryData] = [objectField(configMap, "data"), objectField(configMap, "binaryData")];
  const errors: FieldError[] = [];
  let sizeBytes = 0;
  for (const key of Object.keys(data)) {
    const field = `data[${key}]`;
    for (const text of configMapKeyErrors(key)) errors.push(invalid(field, key, text));
    if (key in binaryData) errors.push(invalid(field, key, "duplicate of key present in binaryData"));
    sizeBytes += byteLength(stringField(data, key));
  }
  for (const key of Object.keys(binaryData)) {
    for (const text of configMapKeyErrors(key)) errors.push(invalid(`binaryData[${key}]`, key, text));
    sizeBytes += base64ByteLength(stringField(binaryData, key));
  }
  // The limit is one for both, so upstream names no field.
  if (sizeBytes > secretBytesMax) errors.push(tooLong("", secretBytesMax));
  return errors;
}

/** Errors of an update: an immutable ConfigMap keeps its contents and stays immutable. */
export function validateConfigMapUpdate(next: JsonObject, previous: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  if (previous["immutable"] === true) {
    const detail = "field is immutable when `immutable` is set";
    if (next["immutable"] !== true) errors.push(forbidden("immutable", detail));
    for (const field of ["data", "binaryData"]) {
      if (!equalJson(objectField(next, field), objectField(previous, field))) errors.push(forbidden(field, detail));
    }
  }
  return [...errors, ...validateConfigMap(next)];
}
