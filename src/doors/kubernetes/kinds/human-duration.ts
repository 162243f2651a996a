/**
 * Durations for people, as in the AGE column.
 *
 * Source: apimachinery pkg/util/duration/duration.go (HumanDuration) and
 * k/k pkg/printers/internalversion/printers.go (translateTimestampSince).
 */
import type { JsonObject } from "../codec/json.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** From where on each form is used, smallest first: below `limit` seconds, `text` says it. */
const forms: readonly { readonly limit: number; readonly text: (seconds: number) => string }[] = [
  { limit: 2 * minute, text: (seconds) => `${seconds}s` },
  { limit: 10 * minute, text: (seconds) => pair(seconds, minute, "m", 1, "s") },
  { limit: 3 * hour, text: (seconds) => `${Math.floor(seconds / minute)}m` },
  { limit: 8 * hour, text: (seconds) => pair(seconds, hour, "h", minute, "m") },
  { limit: 48 * hour, text: (seconds) => `${Math.floor(seconds / hour)}h` },
  { limit: 8 * day, text: (seconds) => pair(seconds, day, "d", hour, "h") },
  { limit: 2 * year, text: (seconds) => `${Math.floor(seconds / day)}d` },
  { limit: 8 * year, text: (seconds) => pair(seconds, year, "y", day, "d") },
  { limit: Number.POSITIVE_INFINITY, text: (seconds) => `${Math.floor(seconds / year)}y` },
];

/**
 * A duration with two or three significant figures: `59s`, `5m30s`, `3h`, `2d4h`, `400d`.
 * Clocks differ a little, so up to two seconds into the future are `0s`; further is `<invalid>`.
 */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  const form = forms.find(({ limit }) => seconds < limit);
  return form === undefined ? "<invalid>" : form.text(seconds); // NaN fits no form
}

/** The age of an object by its creationTimestamp, or `<unknown>` when it has none. */
export function ageCell(object: JsonObject, now: Date): string {
  const created = Date.parse(stringField(metadataOf(object), "creationTimestamp"));
  return Number.isNaN(created) ? "<unknown>" : humanDuration(now.getTime() - created);
}

/** Whole units and the rest in smaller ones, which is left out when zero. */
function pair(seconds: number, unit: number, name: string, smaller: number, smallerName: string): string {
  const rest = Math.floor((seconds % unit) / smaller);
  const whole = `${Math.floor(seconds / unit)}${name}`;
  return rest === 0 ? whole : `${whole}${rest}${smallerName}`;
}
