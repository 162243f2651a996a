/** Since when, and when last, a cluster's audit was received, by the batches that are on record. */
import type { AuditIndex, ListPart } from "./audit-index.ts";
import { terms } from "./terms.ts";

/** Times in RFC 3339; "" when nothing is on record. Raises `corrupt`. */
export async function receivedFrom(
  index: AuditIndex,
  cluster: string,
): Promise<{ readonly since: string; readonly last: string }> {
  // Parts can be read once.
  await using ascending = index.list(terms.batches(cluster));
  const since = await firstTime(ascending.parts);
  await using descending = index.list(terms.batches(cluster));
  const last = await lastTime(descending.parts);
  return { since: since === undefined ? "" : timeText(since), last: last === undefined ? "" : timeText(last) };
}

async function firstTime(parts: readonly ListPart[]): Promise<number | undefined> {
  for (const { batches } of parts) {
    for await (const { count, timesMs } of batches) if (count > 0) return timesMs[0];
  }
  return undefined;
}

async function lastTime(parts: readonly ListPart[]): Promise<number | undefined> {
  for (const { batches } of parts.toReversed()) {
    let last: number | undefined;
    for await (const { count, timesMs } of batches) if (count > 0) last = timesMs[count - 1];
    if (last !== undefined) return last;
  }
  return undefined;
}

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
