/**
 * An Event in the words of events.k8s.io/v1 and in those of core/v1, in which it is
 * stored. The two differ in the names of fields, nothing else.
 *
 * Source: k/k pkg/apis/events/v1/conversion.go.
 */
import type { JsonObject } from "../codec/json.ts";
import { jsonObject } from "../codec/json.ts";

/** [name in events.k8s.io/v1, name in core/v1] */
const renamed: readonly (readonly [string, string])[] = [
  ["regarding", "involvedObject"],
  ["note", "message"],
  ["reportingController", "reportingComponent"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
];

const toCore = new Map(renamed);
const fromCore = new Map(renamed.map(([name, core]) => [core, name]));

/** The event as core/v1 has it; shares what it consists of. */
export function toCoreEvent(event: JsonObject): JsonObject {
  return withNames(event, toCore);
}

/** The event as events.k8s.io/v1 has it; shares what it consists of. */
export function fromCoreEvent(event: JsonObject): JsonObject {
  return withNames(event, fromCore);
}

/** The name in core/v1 of a path of events.k8s.io/v1, as in `regarding.kind`. */
export function toCorePath(path: string): string {
  const [first = "", ...rest] = path.split(".");
  return [toCore.get(first) ?? first, ...rest].join(".");
}

function withNames(event: JsonObject, names: ReadonlyMap<string, string>): JsonObject {
  return jsonObject(Object.keys(event).map((key) => [names.get(key) ?? key, event[key] ?? null]));
}
