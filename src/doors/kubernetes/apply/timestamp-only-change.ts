/**
 * A write that would change nothing but the times of managedFields changes
 * nothing: otherwise each apply of the same manifest would be a new version.
 *
 * Source: apiserver pkg/endpoints/handlers/fieldmanager/equality.go.
 */
import { equalJson, isJsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import { metadataOf } from "../validation/object-fields.ts";

/**
 * Puts the stored managedFields into `next` where it differs from `previous` in
 * their times alone, entry by entry in their order. What is absent and what is
 * empty are the same, as they will be once `next` is stored. Changes `next`.
 */
export function keepTimesOfUnchanged(next: JsonObject, previous: JsonObject): void {
  const [entries, stored] = [metadataOf(next)["managedFields"], metadataOf(previous)["managedFields"]];
  if (!Array.isArray(entries) || !Array.isArray(stored) || entries.length !== stored.length) return;
  // Every update is asked this, so nothing is copied, and the first difference ends it.
  const unchanged =
    entries.every((entry, index) => sameEntry(entry, stored[index])) &&
    sameState(metadataOf(next), metadataOf(previous), "managedFields") &&
    sameState(next, previous, "metadata");
  if (unchanged) ownMetadata(next)["managedFields"] = stored;
}

/** Two entries but for their times. An empty object says something in them: that a field is owned. */
function sameEntry(a: JsonValue, b: JsonValue | undefined): boolean {
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  names.delete("time");
  for (const name of names) if (!equalJson(a[name], b[name])) return false;
  return true;
}

/** Two objects, where what is absent and what is empty are the same; `left` is a member that is not looked at. */
function sameState(a: Readonly<JsonObject>, b: Readonly<JsonObject>, left?: string): boolean {
  for (const key in a) if (key !== left && !sameValue(a[key], b[key])) return false;
  for (const key in b) if (key !== left && !(key in a) && !isEmpty(b[key])) return false;
  return true;
}

function sameValue(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => sameValue(item, b[index]));
  }
  if (isJsonObject(a) && isJsonObject(b)) return sameState(a, b);
  return isEmpty(a) && isEmpty(b);
}

function isEmpty(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
