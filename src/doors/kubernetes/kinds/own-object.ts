/** Parts of an object that a strategy writes to. */
import type { JsonObject } from "../codec/json.ts";
import { cloneJson, isJsonObject, jsonObject } from "../codec/json.ts";

/** The object at `key`, made when absent, to write to. */
export function ownObject(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  if (isJsonObject(value)) return value;
  const created = jsonObject();
  object[key] = created;
  return created;
}

/** Gives `next` the stored value of a field: absent where that is absent. */
export function keepField(next: JsonObject, previous: Readonly<JsonObject>, key: string): void {
  const value = previous[key];
  if (value === undefined) delete next[key];
  else next[key] = cloneJson(value);
}
