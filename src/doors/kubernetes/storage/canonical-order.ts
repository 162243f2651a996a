/**
 * One text per state: two writes that mean the same are the same bytes, and the
 * second one is no write. Decoders already hand out canonical objects; this
 * restores the form after the server has set fields of its own.
 */
import { assignFields, sortedByKey } from "../codec/canonical-object.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import type { FieldType, Message } from "../schema/schema.ts";

/** A copy of `object` in canonical form, without kind, apiVersion and write-only fields. */
export function canonicalObject(message: Message, object: JsonObject): JsonObject {
  const values = new Map<string, JsonValue>();
  for (const field of message.fields) {
    const value = object[field.name];
    if (value !== undefined && field.writeOnly !== true) values.set(field.name, canonicalValue(field.type, value));
  }
  return assignFields(jsonObject(), message, values);
}

function canonicalValue(type: FieldType, value: JsonValue): JsonValue {
  if (type.kind === "message" && isJsonObject(value)) return canonicalObject(type.message(), value);
  if (type.kind === "map" && isJsonObject(value)) return sortedByKey(value);
  if (type.kind === "list" && Array.isArray(value)) return value.map((item) => canonicalValue(type.item, item));
  return value;
}
