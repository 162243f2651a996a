/** What clients were given against what is on record. */
import type { AuditEvent } from "../../src/audit/audit-event.ts";
import { disclosuresOf } from "../../src/audit/disclosures.ts";
import type { RecordedDisclosure } from "../../src/audit/disclosures.ts";
import { holdsMark } from "./marked-values.ts";
import type { MarkedValues } from "./marked-values.ts";

/** One request, as its client knows it. */
export interface Entry {
  readonly auditId: string;
  readonly what: string;
  readonly username: string;
  readonly impersonated: string | undefined;
  readonly userAgent: string;
  readonly status: number | undefined;
  readonly isWhole: boolean;
  /** The values in what came. */
  readonly values: ReadonlySet<string>;
}

/** Everything in which the two differ, as sentences; empty when they agree. */
export function differences(entries: readonly Entry[], events: readonly AuditEvent[], values: MarkedValues): string[] {
  const records = recordsOf(events);
  return [
    ...entries.flatMap((entry) => differencesOf(entry, records.get(entry.auditId) ?? noRecord, values)),
    ...openIntents(events),
    ...events.filter((event) => holdsMark(JSON.stringify(event))).map(({ auditID }) => `${auditID} holds a value`),
  ];
}

interface Recorded {
  readonly events: readonly AuditEvent[];
  readonly disclosures: readonly RecordedDisclosure[];
}

const noRecord: Recorded = { events: [], disclosures: [] };

/** By audit id; what streams received belongs to the requests that opened them. */
function recordsOf(events: readonly AuditEvent[]): Map<string, Recorded> {
  const streams = new Map(events.flatMap(({ streamID, auditID }) => (streamID ? [[streamID, auditID] as const] : [])));
  const records = new Map<string, { events: AuditEvent[]; disclosures: RecordedDisclosure[] }>();
  const of = (auditId: string) => {
    const known = records.get(auditId) ?? { events: [], disclosures: [] };
    records.set(auditId, known);
    return known;
  };
  for (const event of events) {
    const disclosures = disclosuresOf(event);
    if (event.streams === undefined) of(event.auditID).events.push(event);
    const receivers = event.streams?.map((id) => streams.get(id) ?? "a stream that nobody opened") ?? [event.auditID];
    for (const receiver of receivers) of(receiver).disclosures.push(...disclosures);
  }
  return records;
}

function differencesOf(entry: Entry, record: Recorded, values: MarkedValues): string[] {
  const say = (text: string) => `${entry.what} by ${entry.username} (${entry.auditId}, ${entry.status}): ${text}`;
  return [...missing(entry, record, values), ...readers(entry, record), ...surplus(entry, record, values)].map(say);
}

/** What was received and is not on record. */
function missing({ status, values: seen }: Entry, { events, disclosures }: Recorded, values: MarkedValues): string[] {
  const needsRecord = status !== undefined && status < 400;
  const isAnswered = events.some(({ stage }) => stage === "ResponseComplete" || stage === "ResponseStarted");
  const unrecorded = [...seen].filter((value) => {
    const { namespace, name, key } = values.placeOf(value);
    return !disclosures.some(
      (one) =>
        one.namespace === namespace &&
        one.name === name &&
        !one.metadataOnly &&
        one.keys?.some((each) => each === key || each.includes("/")) === true,
    );
  });
  return [
    ...(needsRecord && !isAnswered ? ["the answer is not on record"] : []),
    ...unrecorded.map((value) => `received ${JSON.stringify(values.placeOf(value))}, which is not on record`),
  ];
}

function readers(entry: Entry, { events }: Recorded): string[] {
  return events.flatMap(({ user, impersonatedUser, userAgent, stage }) => {
    if (user.username === "system:anonymous" && entry.status === 401) return [];
    const isSame =
      user.username === entry.username &&
      impersonatedUser?.username === entry.impersonated &&
      userAgent === entry.userAgent &&
      (user.extra?.["authentication.kubernetes.io/credential-id"]?.length ?? 0) > 0;
    return isSame ? [] : [`${stage} names ${JSON.stringify({ user, impersonatedUser, userAgent })}`];
  });
}

/** What is on record as values that left, and was not in an answer that came whole. */
function surplus(entry: Entry, { disclosures }: Recorded, values: MarkedValues): string[] {
  if (!entry.isWhole) return [];
  const places = [...entry.values].map((value) => values.placeOf(value));
  return disclosures.flatMap(({ namespace, name, keys = [], metadataOnly }) => {
    if (metadataOnly) return [];
    const seen = places.filter((place) => place.namespace === namespace && place.name === name);
    // An annotation repeats what had been applied, all keys of it.
    const extra = keys.filter((key) => (key.includes("/") ? seen.length === 0 : !seen.some((one) => one.key === key)));
    return extra.map((key) => `is on record with ${key} of ${namespace}/${name}, which did not come`);
  });
}

function openIntents(events: readonly AuditEvent[]): string[] {
  const intents = new Map<string, AuditEvent>();
  for (const event of events) {
    if (event.intentID === undefined) continue;
    if (event.stage === "RequestReceived") intents.set(event.intentID, event);
    else intents.delete(event.intentID);
  }
  return [...intents.values()].map(({ auditID }) => `the change of ${auditID} has no outcome`);
}
