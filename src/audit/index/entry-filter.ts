/** Which entries are asked for. */
import type { AuditEvent } from "../audit-event.ts";
import { circumstanceOf } from "./circumstance.ts";
import type { Circumstance } from "./circumstance.ts";
import type { StreamReaders } from "./stream-readers.ts";
import { markEvent } from "./mark-event.ts";
import { terms } from "./terms.ts";

/** What is left out does not count. All that is there must hold of one reader, where an entry has several. */
export interface EntryFilter {
  /** It is about this secret, or the secret left with it. */
  readonly secret?: { readonly namespace: string; readonly name: string };
  /** They did it, received it, or somebody did it as them. */
  readonly user?: string;
  readonly verb?: string;
  readonly door?: string;
  /** `allow` or `forbid`. */
  readonly decision?: string;
  /** Milliseconds since the epoch: not before. */
  readonly sinceMs?: number;
  /** Before. */
  readonly untilMs?: number;
}

/** The list that has every entry of the answer, the shortest that is known. */
export function termOf({ secret, user }: EntryFilter): string {
  if (secret !== undefined) return terms.secret(secret.namespace, secret.name);
  return user === undefined ? terms.all : terms.user(user);
}

export function isWithin({ sinceMs = -Infinity, untilMs = Infinity }: EntryFilter, timeMs: number): boolean {
  return timeMs >= sinceMs && timeMs < untilMs;
}

/** Whether what stands in the list of the filter is asked for, but for its time. */
export function isAskedFor(filter: EntryFilter, { user, impersonator, verb, door, decision }: Circumstance): boolean {
  return (
    (filter.user === undefined || filter.user === user || filter.user === impersonator) &&
    (filter.verb === undefined || filter.verb === verb) &&
    (filter.door === undefined || filter.door === door) &&
    (filter.decision === undefined || filter.decision === decision)
  );
}

/** The same of an event itself, for who follows the log. */
export async function isEventAskedFor(
  event: AuditEvent,
  filter: EntryFilter,
  streams: Pick<StreamReaders, "of">,
): Promise<boolean> {
  if (!isWithin(filter, timeOf(event))) return false;
  const own = circumstanceOf(event);
  const readers = await streams.of(event, own);
  const wanted = termOf(filter);
  let found = false;
  markEvent(event, own, readers, (term, circumstance) => {
    if (term === wanted && isAskedFor(filter, circumstance)) found = true;
  });
  return found;
}

/** When it happened. An entry without a time counts as of the beginning of time: it is in every answer without a first time. */
export function timeOf({ stageTimestamp }: AuditEvent): number {
  const timeMs = Date.parse(stageTimestamp);
  return Number.isFinite(timeMs) ? timeMs : 0;
}
