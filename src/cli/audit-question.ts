/** What the commands about entries of the audit log ask: the same filters for each, as the API takes them. */
import { usageError } from "./command-failure.ts";
import { durationForm, parseDuration } from "./duration.ts";
import { valueFlag } from "./flags.ts";
import type { Flag, FlagValues } from "./flags.ts";

export const sinceFlag = valueFlag("since", "TIME", "Not before: 7d, 12h, or a time such as 2026-01-31T00:00:00Z.");
export const untilFlag = valueFlag("until", "TIME", "Before: the same.");
export const verbFlag = valueFlag("verb", "VERB", "Only this verb: get, list, watch, update, ...");
export const doorFlag = valueFlag(
  "door",
  "DOOR",
  "Only by this door: kubernetes, etcd, control-socket, cluster:NAME for what a cluster says, ...",
);
export const decisionFlag = valueFlag("decision", "WORD", "Only what was decided so: allow or forbid.");
export const userFlag = valueFlag("user", "USER", "Only what this user did or received, or somebody did as them.");
export const secretFlag = valueFlag(
  "secret",
  "NAMESPACE/NAME",
  "Only what is about this secret, or what it left with.",
);

/** What each of them takes. */
export const filterFlags: readonly Flag[] = [sinceFlag, untilFlag, verbFlag, doorFlag, decisionFlag];
export const filterUsage = "[--since TIME] [--until TIME] [--verb VERB] [--door DOOR] [--decision WORD]";

/** Where the rights are written that these commands take. */
export const rightsPage = "docs/audit.md";

/** The filters that are given, by their names in the API; times are RFC 3339. Raises a usage error. */
export function filtersOf(flags: FlagValues, nowMs: number): Readonly<Record<string, string>> {
  const given = new Map<string, string>();
  for (const flag of [sinceFlag, untilFlag]) {
    const text = flags.one(flag);
    if (text !== undefined) given.set(flag.name, timeOf(flag, text, nowMs));
  }
  for (const flag of [verbFlag, doorFlag, decisionFlag, userFlag, secretFlag]) {
    const text = flags.one(flag);
    if (text !== undefined) given.set(flag.name, text);
  }
  requireForms(given);
  return Object.fromEntries(given);
}

function requireForms(given: ReadonlyMap<string, string>): void {
  const decision = given.get("decision") ?? "allow";
  if (decision !== "allow" && decision !== "forbid") throw usageError("--decision must be allow or forbid");
  const secret = given.get("secret");
  if (secret !== undefined && !/^[^/]+\/[^/]+$/.test(secret)) throw usageError("--secret must be NAMESPACE/NAME");
}

function timeOf(flag: Flag, text: string, nowMs: number): string {
  const duration = parseDuration(text);
  if (duration !== undefined) return new Date(nowMs - duration).toISOString();
  const timeMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(timeMs)) return new Date(timeMs).toISOString();
  throw usageError(`--${flag.name} must be ${durationForm}, or a time such as 2026-01-31T00:00:00Z`);
}

/** The query of a list or watch of auditevents that are asked for. */
export function entryQuery(filters: Readonly<Record<string, string>>): URLSearchParams {
  const query = new URLSearchParams();
  const terms: string[] = [];
  for (const [name, value] of Object.entries(filters)) {
    if (name === "since" || name === "until") query.set(name, value);
    else terms.push(`${name}=${value.replaceAll(/[\\,=]/g, (special) => `\\${special}`)}`);
  }
  if (terms.length > 0) query.set("fieldSelector", terms.join(","));
  return query;
}
