/**
 * Structs of upstream's internal types as its errors print them: JSON without tags,
 * so all fields, by their Go names.
 *
 * Source: apimachinery pkg/util/validation/field/errors.go (ErrorBody).
 */
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { jsonObject } from "../codec/json.ts";
import { goJson } from "./go-format.ts";

/** Go names with the JSON names they are read from and what stands for an absent value, in the order of the struct. */
export type GoStruct = readonly (readonly [goName: string, name: string, zero: JsonValue])[];

/** `{"Kind":"Role","Name":"x"}`: the object's fields by their Go names. */
export function printGoStruct(object: Readonly<JsonObject>, struct: GoStruct): string {
  return goJson(jsonObject(struct.map(([goName, name, zero]) => [goName, object[name] ?? zero])));
}

/** core.ObjectReference. */
export const objectReferenceStruct: GoStruct = [
  ["Kind", "kind", ""],
  ["Namespace", "namespace", ""],
  ["Name", "name", ""],
  ["UID", "uid", ""],
  ["APIVersion", "apiVersion", ""],
  ["ResourceVersion", "resourceVersion", ""],
  ["FieldPath", "fieldPath", ""],
];
