/** Which entries of the audit log a command is about: by their numbers, or by time. */
import { usageError } from "./command-failure.ts";
import { durationForm, parseDuration } from "./duration.ts";
import { valueFlag } from "./flags.ts";
import type { FlagValues } from "./flags.ts";

export const fromFlag = valueFlag(
  "from",
  "ENTRY|TIME",
  "The first entry: its number, or a time such as 2026-01-31T00:00:00Z or 24h.",
);
export const toFlag = valueFlag("to", "ENTRY|TIME", "The entry, or the time, before which to end.");

export interface AuditRange {
  readonly from: number;
  readonly to: number;
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Raises a usage error for what is neither. */
export function auditRange(flags: FlagValues, nowMs: number): AuditRange {
  const from = readPlace(flags.one(fromFlag), "from", nowMs);
  const to = readPlace(flags.one(toFlag), "to", nowMs);
  return {
    from: from?.entry ?? 0,
    to: to?.entry ?? Infinity,
    sinceMs: from?.timeMs ?? 0,
    untilMs: to?.timeMs ?? Infinity,
  };
}

/** A place in the log. */
export type LogPlace =
  | { readonly entry: number; readonly timeMs?: undefined }
  | { readonly entry?: undefined; readonly timeMs: number };

/** Undefined for a flag that was not given; raises a usage error. */
export function readPlace(written: string | undefined, name: string, nowMs: number): LogPlace | undefined {
  if (written === undefined) return undefined;
  if (/^\d{1,15}$/.test(written)) return { entry: Number(written) };
  const duration = parseDuration(written);
  if (duration !== undefined) return { timeMs: nowMs - duration };
  const timeMs = /^\d{4}-\d\d-\d\d/.test(written) ? Date.parse(written) : Number.NaN;
  if (!Number.isNaN(timeMs)) return { timeMs };
  throw usageError(`--${name} must be the number of an entry, ${durationForm}, or a time such as 2026-01-31T00:00:00Z`);
}

/** How entries from one on and before another are named. */
export function entriesFrom(from: number, before: number): string {
  return before === from + 1 ? `entry ${from}` : `entries ${from} to ${before - 1}`;
}
