/** Events without what differs between two runs: times, ids and versions become words, fields stay. */
import { auditedCalls } from "./upstream-requests.ts";

export type PlainEvent = Readonly<Record<string, unknown>>;

const words: readonly (readonly [RegExp, string])[] = [
  [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/, "<time with microseconds>"],
  [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, "<time>"],
  [/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, "<uid>"],
  [/^JTI=[0-9a-f-]{36}$/, "JTI=<uid>"],
  [/^db-[a-z0-9]{5}$/, "db-<random>"],
];

/** By the name of their call, in the order of stages. */
export function normalisedEvents(events: readonly PlainEvent[]): Record<string, PlainEvent[]> {
  return Object.fromEntries(
    auditedCalls.map(({ name }) => [
      name,
      events.filter((event) => event["auditID"] === name).map((event) => normalised(event) as PlainEvent), // an object stays one
    ]),
  );
}

function normalised(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => normalised(item));
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([name, item]) => [name, normalised(item, name)]));
  }
  if (typeof value !== "string") return value;
  if (key === "resourceVersion") return "<version>";
  return words.reduce((text, [pattern, word]) => text.replace(pattern, word), value);
}
