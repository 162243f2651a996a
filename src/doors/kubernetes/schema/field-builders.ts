/**
 * Short builders for the tables of this folder, so that a table reads as one
 * line of facts per field. Pure data makers; nothing here interprets a schema.
 */
import type { Field, FieldType, Message, ScalarType } from "./schema.ts";

/** What a table says of a field beside its name, number, type and description. */
export type FieldFacts = Omit<Field, "name" | "number" | "type" | "description">;

/** One field of a table; `number` is the protobuf field number. */
export function field(
  name: string,
  number: number,
  type: FieldType,
  description: string,
  facts: FieldFacts = {},
): Field {
  return { name, number, type, description, ...facts };
}

/** A leaf type. */
export function scalar(type: ScalarType): FieldType {
  return { kind: "scalar", scalar: type };
}

/** A nested message; a function, so that tables may be written in any order. */
export function nested(message: () => Message): FieldType {
  return { kind: "message", message };
}

/** A map with string keys that server-side apply and patches merge key by key. */
export function mapOf(value: ScalarType): FieldType {
  return { kind: "map", value: scalar(value), mapType: "granular" };
}

/** A list that is replaced as a whole by server-side apply and by strategic merge. */
export function atomicListOf(item: FieldType): FieldType {
  return { kind: "list", item, listType: "atomic" };
}

/** A list of distinct scalars that strategic merge patch merges by value. */
export function mergedSetOf(item: FieldType): FieldType {
  return { kind: "list", item, listType: "set", patchStrategy: "merge" };
}

/** A list of messages identified by one of their fields, merged by it in every kind of patch. */
export function mergedMapListOf(item: FieldType, key: string): FieldType {
  return {
    kind: "list",
    item,
    listType: "map",
    mapKeys: [key],
    patchStrategy: "merge",
    patchMergeKey: key,
  };
}
