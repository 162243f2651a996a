/**
 * Which moment of the past a command is about: a revision of the store, or a time.
 *
 * The two reach back differently. Revisions are kept for `history.retain` and say exactly what was there; versions are kept by
 * `versions.perSecret` and `versions.keepAtLeast`, often for much longer, and say which values a secret had.
 */
import { CommandFailure, usageError } from "./command-failure.ts";
import { durationForm, parseDuration } from "./duration.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import type { FlagValues } from "./flags.ts";
import { printable } from "./printable.ts";
import { ApiFailure } from "../sight/sources/cluster/api-failure.ts";
import type { DeletedObject, SecretPlace, VersionObject } from "./secret-source.ts";

export const atFlag = valueFlag(
  "at",
  "TIME",
  "As it was then, by its versions: a time such as 2026-01-31T00:00:00Z, or how long ago, such as 2h.",
);
export const revisionFlag = valueFlag("revision", "N", "As it was at this resourceVersion.");

export type Moment =
  | { readonly type: "now" }
  | { readonly type: "time"; readonly timeMs: number }
  | { readonly type: "revision"; readonly revision: string };

/** Raises a usage error for both, and for what is neither. */
export function momentOf(flags: FlagValues, nowMs: number): Moment {
  const [at, revision] = [flags.one(atFlag), flags.one(revisionFlag)];
  if (at !== undefined && revision !== undefined) throw usageError("one of --at and --revision must be given");
  if (revision !== undefined) {
    if (!/^[1-9][0-9]{0,15}$/.test(revision)) throw usageError("--revision must be a resourceVersion, such as 1234");
    return { type: "revision", revision };
  }
  if (at === undefined) return { type: "now" };
  const ago = parseDuration(at);
  const timeMs = ago === undefined ? (/^\d{4}-\d\d-\d\d/.test(at) ? Date.parse(at) : Number.NaN) : nowMs - ago;
  if (Number.isNaN(timeMs)) throw usageError(`--at must be ${durationForm}, or a time such as 2026-01-31T00:00:00Z`);
  if (timeMs > nowMs) throw usageError("--at must not be in the future");
  return { type: "time", timeMs };
}

/** The version of a secret that was current at a time; a text says why there is none. */
export function versionAt(
  versions: readonly VersionObject[],
  timeMs: number,
): VersionObject | "not there yet" | "not kept" {
  const found = versions.findLast(({ time }) => Date.parse(time) <= timeMs);
  if (found !== undefined) return found;
  return versions[0]?.version === 1 || versions.length === 0 ? "not there yet" : "not kept";
}

/** Why a secret is not shown as it was at a time. */
export function nothingAt(
  { namespace, name }: SecretPlace,
  {
    versions,
    deleted,
    timeMs,
  }: { versions: readonly VersionObject[]; deleted: readonly DeletedObject[]; timeMs: number },
): CommandFailure {
  const at = new Date(timeMs).toISOString();
  const what = `${namespace}/${name}`;
  const since = deleted.find((one) => Date.parse(one.deleted) >= timeMs);
  if (versionAt(versions, timeMs) === "not kept") {
    const [oldest] = versions;
    const kept = `the oldest that is kept is v${oldest?.version} of ${oldest?.time}`;
    const advice =
      "How many and how long is set by versions.perSecret, versions.keepAtLeast and versions.bytesPerSecret.";
    return failure(`the version of ${what} at ${at} is past the retention of versions: ${kept}`, advice);
  }
  if (since === undefined) return failure(`${what} must have been there at ${at}`);
  const advice = `Its versions are in the trash: strongroom secret undelete ${what}`;
  return failure(`what was ${what} at ${at} was deleted at ${since.deleted}`, advice);
}

/** What a revision that is no longer kept means. */
export function explainRevision(error: unknown, revision: string): unknown {
  if (!(error instanceof ApiFailure) || error.kind !== "gone") return error;
  const advice = "It is set by history.retain and history.retainBytes. Versions reach back further: --at TIME.";
  return failure(`revision ${revision} is past the retention of revisions`, advice);
}

function failure(message: string, advice?: string): CommandFailure {
  const exitCode = exitCodes.failure;
  return new CommandFailure(printable(message), {
    exitCode,
    ...(advice !== undefined && { advice: printable(advice) }),
  });
}
