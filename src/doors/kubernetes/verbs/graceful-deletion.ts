/**
 * Objects that take a while to end (pods on a node): a deletion says until when, and
 * a later one may only shorten that.
 *
 * Source: apiserver pkg/registry/rest/delete.go (BeforeDelete).
 */
import type { JsonObject } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import { apiTime, ownMetadata } from "../kinds/system-fields.ts";
import { numberField, stringField } from "../validation/object-fields.ts";

/** Whether an object that no finalizer holds can go at once, or has time left; in that case it is marked in place. */
export function grantGracePeriod(kind: Kind, tree: JsonObject, asked: number | undefined, now: Date): boolean {
  if (kind.gracePeriodSeconds === undefined) return false;
  const meta = ownMetadata(tree);
  const deletion = stringField(meta, "deletionTimestamp");
  if (deletion === "") {
    const seconds = kind.gracePeriodSeconds(tree, asked);
    if (seconds > 0) begin(meta, seconds, now);
    return seconds > 0;
  }
  if (!("deletionGracePeriodSeconds" in meta)) return false;
  const granted = numberField(meta, "deletionGracePeriodSeconds");
  if (asked === undefined || asked >= granted) return granted > 0;
  const endMs = Date.parse(deletion);
  // From an end that was cut off the beginning cannot be told: the shorter time begins now.
  const begunMs = endMs >= timeMsMax ? now.getTime() : endMs - granted * 1000;
  meta["deletionTimestamp"] = endTime(begunMs + asked * 1000);
  meta["deletionGracePeriodSeconds"] = asked;
  return asked > 0;
}

/** Whether the object is ending already and this deletion asks for no shorter time: then it changes nothing at all. */
export function isEnding(kind: Kind, tree: JsonObject, asked: number | undefined): boolean {
  if (kind.gracePeriodSeconds === undefined) return false;
  const meta = ownMetadata(tree);
  if (stringField(meta, "deletionTimestamp") === "" || !("deletionGracePeriodSeconds" in meta)) return false;
  return asked === undefined || asked >= numberField(meta, "deletionGracePeriodSeconds");
}

function begin(meta: JsonObject, seconds: number, now: Date): void {
  meta["deletionTimestamp"] = endTime(now.getTime() + seconds * 1000);
  meta["deletionGracePeriodSeconds"] = seconds;
  const generation = numberField(meta, "generation");
  if (generation > 0) meta["generation"] = generation + 1;
}

/** The last time that RFC 3339 can write. */
const timeMsMax = Date.parse("9999-12-31T23:59:59Z");

/** A grace period may have as many seconds as an int64 has; with more than there are years, it ends with the last. */
function endTime(timeMs: number): string {
  return apiTime(new Date(Math.min(timeMs, timeMsMax)));
}
