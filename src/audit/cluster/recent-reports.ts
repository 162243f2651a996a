/**
 * Which events of a cluster are on record already: API servers send a batch again when they had no answer, and the log keeps what was
 * appended before a crash. The last ones are remembered; after a start, those in the end of the log.
 */
import { createHash } from "node:crypto";
import type { AuditEvent } from "../audit-event.ts";
import type { AuditLogReader } from "../audit-log.ts";
import { WorkShare } from "../index/work-share.ts";
import { identityOf } from "./reported-event.ts";

/** So many are remembered at least, and twice as many at most: an API server gives a batch up after three minutes. */
export const rememberedMin = 262_144;
/** Entries of the log that are looked through at a start: some four seconds, beside requests. */
const lookedThrough = 400_000;

export class RecentReports {
  #newer = new Set<number>();
  #older = new Set<number>();

  has(event: AuditEvent): boolean {
    const number = numberOf(event);
    return this.#newer.has(number) || this.#older.has(number);
  }

  add(event: AuditEvent): void {
    if (this.#newer.size >= rememberedMin) {
      this.#older = this.#newer;
      this.#newer = new Set();
    }
    this.#newer.add(numberOf(event));
  }
}

/** What clusters reported last, by the end of a log; raises what reading it raises, and the signal's reason. */
export async function recentReports(
  log: Pick<AuditLogReader, "first" | "end" | "entries">,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RecentReports>> {
  const found = new Map<string, RecentReports>();
  const share = new WorkShare(signal);
  for await (const { event } of log.entries(Math.max(log.first, log.end - lookedThrough))) {
    await share.step();
    const cluster = event.reported?.cluster;
    if (cluster === undefined) continue;
    let recent = found.get(cluster);
    if (recent === undefined) found.set(cluster, (recent = new RecentReports()));
    recent.add(event);
  }
  return found;
}

/** 53 bits: one of a million strangers is taken for one of a million known ones once in ten thousand times. */
function numberOf(event: AuditEvent): number {
  const digest = createHash("sha256").update(identityOf(event)).digest();
  return digest.readUIntBE(0, 6) * 32 + (digest.readUInt8(6) >>> 3);
}
