/**
 * The one form in which an object of a schema stands in memory: fields in the
 * order of the schema, maps sorted by key, zero values left out where Go's
 * `omitempty` leaves them out. Every decoder ends here, so equal objects become
 * equal JSON whatever they were sent as.
 */
import type { Field, FieldType, Message, ScalarType } from "../schema/schema.ts";
import { isJsonObject, jsonObject } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";

/**
 * Fills `object` with the fields of `message` whose values are known.
 * @param object receives the fields, after what it already holds
 * @param values by the name of the field; absent and undefined alike mean "not set"
 */
export function assignFields(object: JsonObject, message: Message, values: ReadonlyMap<string, JsonValue>): JsonObject {
  for (const field of message.fields) {
    const value = values.get(field.name);
    if (value !== undefined && !isLeftOut(field, value)) object[field.name] = value;
    else if (field.alwaysEncoded === true) object[field.name] = field.nullable === true ? null : zeroValue(field.type);
  }
  return object;
}

/** The message with none of its fields set. */
export function zeroMessage(message: Message): JsonObject {
  return assignFields(jsonObject(), message, new Map());
}

/** What stands for "nothing" where a value must stand: a null in a list or map becomes this, as in Go. */
export function zeroValue(type: FieldType): JsonValue {
  switch (type.kind) {
    case "scalar":
      return zeroScalars[type.scalar];
    case "message":
      return zeroMessage(type.message());
    case "map":
      return jsonObject();
    case "list":
      return [];
  }
}

/** An object with the entries of `object`, its keys in the order of their UTF-8 bytes as Go sorts them. */
export function sortedByKey(object: JsonObject): JsonObject {
  const keys = Object.keys(object);
  const sorted = sortKeys(keys);
  if (sorted.every((key, index) => key === keys[index])) return object;
  const result = jsonObject();
  for (const key of sorted) result[key] = object[key] ?? null;
  return result;
}

/** `keys` in the order of their UTF-8 bytes; a new array. */
export function sortKeys(keys: readonly string[]): string[] {
  return [...keys].sort(compareUtf8);
}

const zeroScalars = {
  string: "",
  bytes: "",
  bool: false,
  int32: 0,
  int64: 0,
  double: 0,
  // No time and no raw object have a zero of their own: null, as Go prints them.
  time: null,
  microTime: null,
  quantity: "0",
  intOrString: 0,
  fieldsV1: null,
  rawExtension: null,
} as const satisfies Record<ScalarType, JsonValue>;

/** Whether Go would not print the value. Pointers print their zero, empty maps and lists never print. */
function isLeftOut(field: Field, value: JsonValue): boolean {
  if (value === null) return true;
  if (field.type.kind === "list" || field.type.kind === "map") return isEmpty(value);
  if (field.optional === true || field.type.kind === "message") return false;
  return value === zeroValue(field.type);
}

function isEmpty(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.keys(value).length === 0;
}

/** UTF-16 order, which `<` gives, differs from byte order only where surrogates meet U+E000 and above. */
export function compareUtf8(a: string, b: string): number {
  if (astral.test(a) || astral.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : a > b ? 1 : 0;
}

const astral = /[\ud800-\udfff]/;
