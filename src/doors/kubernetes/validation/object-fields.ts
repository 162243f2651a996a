/**
 * Reading fields of an object whose shape the decoder has checked, with Go's
 * zero value for what is absent. Wrong types read as absent, never throw.
 */
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";

const emptyObject: Readonly<JsonObject> = Object.freeze(jsonObject());

/** The object at `key`, or an empty one that must not be written to. */
export function objectField(object: Readonly<JsonObject>, key: string): Readonly<JsonObject> {
  const value = object[key];
  return isJsonObject(value) ? value : emptyObject;
}

/** The string at `key`, or "". */
export function stringField(object: Readonly<JsonObject>, key: string): string {
  const value = object[key];
  return typeof value === "string" ? value : "";
}

/** The number at `key`, or 0. */
export function numberField(object: Readonly<JsonObject>, key: string): number {
  const value = object[key];
  return typeof value === "number" ? value : 0;
}

/** The list at `key`, or an empty one. */
export function listField(object: Readonly<JsonObject>, key: string): readonly JsonValue[] {
  const value = object[key];
  return Array.isArray(value) ? value : [];
}

/** The strings of the list at `key`. */
export function stringsField(object: Readonly<JsonObject>, key: string): string[] {
  return listField(object, key).filter((item) => typeof item === "string");
}

/** The objects of the list at `key`. */
export function objectsField(object: Readonly<JsonObject>, key: string): JsonObject[] {
  return listField(object, key).filter(isJsonObject);
}

/** `metadata`, or an empty object. */
export function metadataOf(object: Readonly<JsonObject>): Readonly<JsonObject> {
  return objectField(object, "metadata");
}
