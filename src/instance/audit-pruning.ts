/** Retention of the audit log: deleting what is old, on record and signed, and not before everybody who follows it has it. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { positionFile } from "../audit/followers/follower-position.ts";
import type { AuditEvent } from "../audit/audit-event.ts";
import type { OldSegments, RetentionBound } from "../audit/log/log-retention.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { followersDirectory } from "./audit-log.ts";

export interface PruneRequest {
  readonly action: "prune";
  readonly before: PruneBound;
  readonly dryRun: boolean;
}

/** Entries before a number, or recorded before a time in milliseconds since the epoch. */
export type PruneBound =
  | { readonly entry: number; readonly timeMs?: undefined }
  | { readonly entry?: undefined; readonly timeMs: number };

/** What was deleted, or would be: entries from one on and before another. Segments go whole. */
export interface Pruned {
  readonly from: number;
  readonly before: number;
  readonly segments: number;
  readonly sizeBytes: number;
}

export interface PrunedLog {
  prunable(bound: RetentionBound): Promise<OldSegments>;
  prune(bound: RetentionBound, event: AuditEvent): Promise<OldSegments>;
}

/** Undefined for what is none. */
export function pruneBoundOf(asked: unknown): PruneBound | undefined {
  const { entry, timeMs } = Object(asked) as { entry?: unknown; timeMs?: unknown }; // checked next
  if (typeof entry === "number" && Number.isSafeInteger(entry) && entry >= 0) return { entry };
  return typeof timeMs === "number" && Number.isFinite(timeMs) ? { timeMs } : undefined;
}

/** `record` makes the record of what is about to be deleted. Raises `invalid` while a follower has not delivered it. */
export async function pruneAudit(
  log: PrunedLog,
  { before, dryRun }: PruneRequest,
  { dataDir, record }: { readonly dataDir: string; readonly record: (what: string) => AuditEvent },
): Promise<Pruned> {
  const bound = { before: Infinity, beforeMs: Infinity };
  const asked = before.entry !== undefined ? { ...bound, before: before.entry } : { ...bound, beforeMs: before.timeMs };
  const old = await log.prunable(asked);
  await requireDelivered(dataDir, old.before);
  if (dryRun || old.segments.length === 0) return prunedOf(old);
  const event = record(`from ${old.from} to before ${old.before}`);
  return prunedOf(await log.prune({ ...bound, before: old.before }, event));
}

function prunedOf({ from, before, segments, sizeBytes }: OldSegments): Pruned {
  return { from, before, segments: segments.length, sizeBytes };
}

async function requireDelivered(dataDir: string, before: number): Promise<void> {
  const folder = followersDirectory(dataDir);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  for (const name of names.filter((each) => each.endsWith(".json"))) {
    const path = join(folder, name);
    const position = await positionFile(path).load();
    if (position === undefined || position >= before) continue;
    throw new StrongroomError(
      "invalid",
      `the follower ${name.slice(0, -".json".length)} must have delivered the entries before ${before}, and is at ${position}; ` +
        `delete ${path} if it is no more`,
    );
  }
}
