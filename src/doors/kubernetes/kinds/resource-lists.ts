/**
 * Lists of resources hold thousandths at the finest: what a client sends finer is
 * rounded up, wherever such a list stands in an object.
 *
 * Source: k/k pkg/apis/core/v1/defaults.go (SetDefaults_ResourceList).
 */
import type { JsonObject } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import { quantityInThousandths } from "../codec/quantity.ts";
import type { Field, FieldType, Message } from "../schema/schema.ts";
import { stringField } from "../validation/object-fields.ts";

/** Rounds all lists of resources in an object of `message`, in place. */
export function roundResourceLists(message: Message, object: JsonObject): void {
  for (const field of fieldsWithLists(message)) {
    const value = object[field.name];
    if (field.goType === "v1.ResourceList" && isJsonObject(value)) roundList(value);
    else roundWithin(field.type, value);
  }
}

function roundList(list: JsonObject): void {
  for (const name of Object.keys(list)) list[name] = quantityInThousandths(stringField(list, name));
}

function roundWithin(type: FieldType, value: JsonObject[string] | undefined): void {
  if (type.kind === "message" && isJsonObject(value)) roundResourceLists(type.message(), value);
  if (type.kind === "list" && Array.isArray(value)) for (const item of value) roundWithin(type.item, item);
}

/** The fields that have lists of resources in them, found once for each message. */
const known = new WeakMap<Message, readonly Field[]>();

function fieldsWithLists(message: Message): readonly Field[] {
  let fields = known.get(message);
  if (fields === undefined) {
    known.set(message, []);
    fields = message.fields.filter(({ goType, type }) => goType === "v1.ResourceList" || hasLists(type));
    known.set(message, fields);
  }
  return fields;
}

function hasLists(type: FieldType): boolean {
  if (type.kind === "list") return hasLists(type.item);
  return type.kind === "message" && fieldsWithLists(type.message()).length > 0;
}
