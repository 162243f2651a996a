/**
 * The kind Event, of core/v1 and of events.k8s.io/v1: one record, two descriptions
 * of it. Events go by themselves after an hour.
 *
 * Source: k/k pkg/registry/core/event/strategy.go, pkg/apis/events/v1/conversion.go
 * and pkg/printers/internalversion/printers.go.
 */
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import { message } from "../schema/messages.ts";
import { validateEvent, validateEventsV1, validateEventsV1Update } from "../validation/event.ts";
import { nameIsPathSegment } from "../validation/names.ts";
import { metadataOf, numberField, objectField, stringField } from "../validation/object-fields.ts";
import { nameColumn } from "./columns.ts";
import { fromCoreEvent, toCoreEvent, toCorePath } from "./event-conversion.ts";
import { humanDuration } from "./human-duration.ts";
import type { Column, Kind, Strategy } from "./kind.ts";
import { resourceVerbs } from "./kind.ts";
import { plainStrategy } from "./plain-strategy.ts";

/** How long an event is kept after its last change. */
const ttlSeconds = 3600;

type Cell = (event: JsonObject, now: Date) => JsonValue;

function column(name: string, description: string, priority: 0 | 1, cell: Cell): Column {
  return { name, type: "string", format: "", description, priority, cell };
}

const columns: readonly Column[] = [
  column("Last Seen", "When it was last observed.", 0, lastSeenCell),
  column("Type", "Normal or Warning.", 0, (event) => stringField(event, "type")),
  column("Reason", "Why it happened, in one word.", 0, (event) => stringField(event, "reason")),
  column("Object", "What it is about.", 0, objectCell),
  column("Subobject", "Which part of the object it is about.", 1, (event) =>
    stringField(objectField(event, "involvedObject"), "fieldPath"),
  ),
  column("Source", "Who reported it.", 1, sourceCell),
  column("Message", "What happened, for people.", 0, (event) => stringField(event, "message").trim()),
  column("First Seen", "When it was first observed.", 1, firstSeenCell),
  column("Count", "How often it was observed.", 1, countCell),
  { ...nameColumn, priority: 1 },
];

const involvedFields = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];

const fieldSelectors: ReadonlyMap<string, (event: JsonObject) => string> = new Map([
  ...involvedFields.map((field): [string, (event: JsonObject) => string] => [
    `involvedObject.${field}`,
    (event) => stringField(objectField(event, "involvedObject"), field),
  ]),
  ["reason", (event) => stringField(event, "reason")],
  ["reportingComponent", (event) => stringField(event, "reportingComponent")],
  [
    "source",
    (event) => stringField(objectField(event, "source"), "component") || stringField(event, "reportingComponent"),
  ],
  ["type", (event) => stringField(event, "type")],
  ["metadata.namespace", (event) => stringField(metadataOf(event), "namespace")],
  ["metadata.name", (event) => stringField(metadataOf(event), "name")],
]);

const strategy: Strategy = {
  ...plainStrategy,
  validate: validateEvent,
  validateUpdate: (next) => validateEvent(next),
  allowCreateOnUpdate: true,
};

/** Events of core/v1, and what is stored of both. */
export const eventKind: Kind = {
  group: "",
  version: "v1",
  kind: "Event",
  listKind: "EventList",
  resource: "events",
  singular: "event",
  shortNames: ["ev"],
  categories: [],
  namespaced: true,
  verbs: resourceVerbs,
  subresources: [],
  schema: message("core-v1", "Event"),
  listSchema: message("core-v1", "EventList"),
  columns,
  fieldSelectors,
  ttlSeconds,
  coreFinalizers: false,
  metadataLast: true,
  validateName: nameIsPathSegment,
  strategy,
};

/** Paths of events.k8s.io/v1 that can be selected by. */
const eventsV1Paths = [
  "reason",
  ...involvedFields.map((field) => `regarding.${field}`),
  "reportingController",
  "type",
  "metadata.namespace",
  "metadata.name",
];

/** Events of events.k8s.io/v1. */
export const eventsV1Kind: Kind = {
  ...eventKind,
  group: "events.k8s.io",
  schema: message("events-v1", "Event"),
  listSchema: message("events-v1", "EventList"),
  storedAs: { kind: eventKind, toStored: toCoreEvent, fromStored: fromCoreEvent },
  columns: columns.map((each) => ({ ...each, cell: (event, now) => each.cell(toCoreEvent(event), now) })),
  fieldSelectors: new Map(
    eventsV1Paths.map((path) => {
      const read = fieldSelectors.get(toCorePath(path));
      return [path, (event: JsonObject) => read?.(toCoreEvent(event)) ?? ""];
    }),
  ),
  coreFinalizers: true,
  metadataLast: false,
  strategy: {
    ...strategy,
    validate: (event) => validateEventsV1(toCoreEvent(event)),
    validateUpdate: (next, previous) => validateEventsV1Update(toCoreEvent(next), toCoreEvent(previous)),
  },
};

function since(value: JsonValue | undefined, now: Date): string {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? "<unknown>" : humanDuration(now.getTime() - time);
}

function firstSeenCell(event: JsonObject, now: Date): string {
  return since(event["firstTimestamp"] ?? event["eventTime"], now);
}

function lastSeenCell(event: JsonObject, now: Date): string {
  const series = event["series"];
  if (isJsonObject(series)) return since(series["lastObservedTime"], now);
  const last = event["lastTimestamp"] ?? null;
  return last === null ? firstSeenCell(event, now) : since(last, now);
}

function countCell(event: JsonObject): number {
  const series = event["series"];
  return isJsonObject(series) ? numberField(series, "count") : numberField(event, "count") || 1;
}

function objectCell(event: JsonObject): string {
  const involved = objectField(event, "involvedObject");
  const [kind, name] = [stringField(involved, "kind").toLowerCase(), stringField(involved, "name")];
  return name === "" ? kind : `${kind}/${name}`;
}

function sourceCell(event: JsonObject): string {
  const source = objectField(event, "source");
  const component = stringField(source, "component") || stringField(event, "reportingComponent");
  const instance = stringField(source, "host") || stringField(event, "reportingInstance");
  return instance === "" ? component : `${component}, ${instance}`;
}
