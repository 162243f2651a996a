/**
 * Which old segments of a log may go. They go from the front, whole, and after the log has signed that they do: a block of the type
 * `retention` says the number of the first entry that is kept, and counts when a checkpoint is behind it. So what retention took
 * is told apart from what somebody else took.
 */
import { stat, unlink } from "node:fs/promises";
import { syncFolder } from "../append-file.ts";
import { listSegments } from "./log-directory.ts";
import type { SegmentFile } from "./log-directory.ts";

/** What may go: both must hold of an entry. */
export interface RetentionBound {
  /** Entries before this one. */
  readonly before: number;
  /** Entries that were recorded before this time, in milliseconds since the epoch. */
  readonly beforeMs: number;
}

/** Segments that go, or went. */
export interface OldSegments {
  readonly segments: readonly SegmentFile[];
  readonly sizeBytes: number;
  /** The first entry that is in them. */
  readonly from: number;
  /** The first that is kept. */
  readonly before: number;
}

const retentionBytes = 6;

/** The payload of the block that says the first entry that is kept. */
export function encodeRetention(before: number): Buffer {
  const payload = Buffer.alloc(retentionBytes);
  payload.writeUIntBE(before, 0, retentionBytes);
  return payload;
}

/** Undefined for what is none. */
export function decodeRetention(payload: Buffer): number | undefined {
  return payload.length === retentionBytes ? payload.readUIntBE(0, retentionBytes) : undefined;
}

/**
 * The segments from the front on of which every entry is within the bound; never the last one, which is written to. A segment's
 * entries were recorded before the first one of the next: `recordedAtMs` says when that was, by what nobody else can have written, or
 * that it cannot be read. A header says when its segment was made, but whoever may write to the file can put a time there with which the
 * server would sign away what they want to be gone.
 */
export async function oldSegments(
  directory: string,
  { before, beforeMs }: RetentionBound,
  recordedAtMs: (segment: SegmentFile) => Promise<number | undefined>,
): Promise<OldSegments> {
  const all = await listSegments(directory);
  let count = 0;
  for (const next of all.slice(1)) {
    if (next.first > before || (beforeMs !== Infinity && ((await recordedAtMs(next)) ?? Infinity) >= beforeMs)) break;
    count += 1;
  }
  const segments = all.slice(0, count);
  const sizes = await Promise.all(segments.map(async ({ path }) => (await stat(path)).size));
  const from = all[0]?.first ?? 0;
  return { segments, sizeBytes: sizes.reduce((sum, size) => sum + size, 0), from, before: all[count]?.first ?? from };
}

/** Deletes them, the oldest first, so that a log that is left half-way has no hole. */
export async function deleteSegments(directory: string, { segments }: OldSegments): Promise<void> {
  for (const { path } of segments) await unlink(path);
  await syncFolder(directory);
}
