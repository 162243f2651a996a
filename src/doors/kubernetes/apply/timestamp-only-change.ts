/**
 * A write that would change nothing but the times of managedFields changes
 * nothing: otherwise each apply of the same manifest would be a new version.
 *
 * Source: apiserver pkg/endpoints/handlers/fieldmanager/equality.go.
 */
import { equalJson, isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import type { Message } from "../schema/schema.ts";
import { canonicalObject } from "../storage/canonical-order.ts";
import { metadataOf } from "../validation/object-fields.ts";

/**
 * Puts the stored managedFields into `next` where it differs from `previous` in
 * their times alone, entry by entry in their order. `previous` is as it was stored; `next` is changed.
 */
export function keepTimesOfUnchanged(next: JsonObject, previous: JsonObject, schema: Message): void {
  const [entries, stored] = [metadataOf(next)["managedFields"], metadataOf(previous)["managedFields"]];
  if (!Array.isArray(entries) || !Array.isArray(stored) || entries.length !== stored.length) return;
  if (equalJson(entries, stored)) return;
  if (!entries.every((entry, index) => equalJson(withoutTime(entry), withoutTime(stored[index] ?? null)))) return;
  const state = withoutEntries(canonicalObject(schema, next));
  if (equalJson(state, withoutEntries(previous))) ownMetadata(next)["managedFields"] = stored;
}

function withoutTime(entry: JsonValue): JsonValue {
  return isJsonObject(entry) ? without(entry, "time") : entry;
}

function withoutEntries(object: JsonObject): JsonObject {
  const copy = jsonObject(Object.entries(object));
  copy["metadata"] = without(metadataOf(object), "managedFields");
  return copy;
}

function without(object: Readonly<JsonObject>, key: string): JsonObject {
  return jsonObject(Object.entries(object).filter(([name]) => name !== key));
}
