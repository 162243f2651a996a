/**
 * What became of changes whose outcome is not on record, because the server ended between the commit and its record: said by what
 * the store holds now, and put on record as the outcome.
 *
 * An intent has the `uid` of the object, and the `resourceVersion` that the object has before the change; none where it is created.
 */
import { microsecondsOf } from "../audit-event.ts";
import type { AuditEvent, AuditSink } from "../audit-event.ts";
import type { AuditEntry } from "../audit-log.ts";

export type ObjectReference = NonNullable<AuditEvent["objectRef"]>;

/** An object as it is stored now. */
export interface ObjectState {
  readonly uid: string;
  readonly resourceVersion: string;
}

export type Outcome = "committed" | "not-committed" | "unknown";

/** Under these names, the record of such an outcome says that it was not the request that told, and what the store held. */
export const outcomeAnnotation = "strongroom.dev/outcome-from-store";
export const foundAnnotation = "strongroom.dev/found-in-store";

export interface IntentLog extends AuditSink {
  readonly openIntents: readonly AuditEntry[];
  entries(from: number): AsyncIterable<AuditEntry>;
}

/**
 * Records an outcome for each intent that has none. To be called before anything is served. `stateOf` resolves to undefined where
 * there is no such object, and to `unknown` where it cannot be said. Resolves to how many there were. Raises what recording raises.
 */
export async function resolveIntents(
  log: IntentLog,
  stateOf: (reference: ObjectReference) => Promise<ObjectState | "unknown" | undefined>,
  now: () => Date,
): Promise<number> {
  const intents = log.openIntents;
  const [oldest] = intents;
  if (oldest === undefined) return 0;
  const known = await knownChanges(log, oldest.position);
  for (const { event } of intents) {
    const { objectRef } = event;
    const state = objectRef === undefined ? "unknown" : await stateOf(objectRef);
    const outcome = objectRef === undefined ? "unknown" : outcomeOf(objectRef, state, known);
    await log.write(outcomeEvent(event, { outcome, state, now: now() }));
  }
  return intents.length;
}

/** States of objects that other requests are on record to have made. */
async function knownChanges(log: IntentLog, from: number): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  for await (const { event } of log.entries(from)) {
    const { stage, objectRef } = event;
    if (stage !== "RequestReceived" && objectRef !== undefined)
      known.add(stateName(objectRef, objectRef.resourceVersion));
  }
  return known;
}

function stateName({ apiGroup = "", resource, namespace = "", name = "" }: ObjectReference, version = ""): string {
  return [apiGroup, resource, namespace, name, version].join("\0");
}

function outcomeOf(
  before: ObjectReference,
  state: ObjectState | "unknown" | undefined,
  known: ReadonlySet<string>,
): Outcome {
  if (state === "unknown") return "unknown";
  const isNew = before.resourceVersion === undefined;
  // What was to be created and is not there may have been removed by another request since.
  if (state === undefined) return isNew ? "not-committed" : "committed";
  if (before.uid !== undefined && before.uid !== state.uid) return isNew ? "not-committed" : "unknown";
  if (isNew) return before.uid === undefined ? "unknown" : "committed";
  if (before.resourceVersion === state.resourceVersion) return "not-committed";
  // Another request made this state: whether after this one's, nobody knows.
  return known.has(stateName(before, state.resourceVersion)) ? "unknown" : "committed";
}

function outcomeEvent(
  intent: AuditEvent,
  { outcome, state, now }: { outcome: Outcome; state: ObjectState | "unknown" | undefined; now: Date },
): AuditEvent {
  const found =
    state === undefined
      ? "no such object"
      : state === "unknown"
        ? "nothing that could be compared"
        : `uid ${state.uid}, resourceVersion ${state.resourceVersion}`;
  return {
    ...intent,
    stage: "ResponseComplete",
    stageTimestamp: microsecondsOf(now),
    annotations: { ...intent.annotations, [outcomeAnnotation]: outcome, [foundAnnotation]: found },
  };
}
