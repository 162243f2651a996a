/** What is asked of the audit log, from the texts of a request. */
import type { EntryFilter } from "../../../audit/index/entry-filter.ts";
import { badRequest } from "../api-error.ts";

const known: ReadonlySet<string> = new Set(["secret", "user", "verb", "door", "decision", "since", "until"]);
const decisions: ReadonlySet<string> = new Set(["allow", "forbid"]);

/** Raises 400 with what must hold. */
export function entryFilterOf(asked: Readonly<Record<string, string>>): EntryFilter {
  const { secret, user, verb, door, decision, since, until } = asked;
  for (const field of Object.keys(asked)) if (!known.has(field)) throw badRequest(`${field} must be given alone`);
  if (decision !== undefined && !decisions.has(decision)) throw badRequest("decision must be allow or forbid");
  return {
    ...(secret !== undefined && { secret: secretOf(secret) }),
    ...(user !== undefined && { user }),
    ...(verb !== undefined && { verb }),
    ...(door !== undefined && { door }),
    ...(decision !== undefined && { decision }),
    ...(since !== undefined && { sinceMs: timeOf("since", since) }),
    ...(until !== undefined && { untilMs: timeOf("until", until) }),
  };
}

function secretOf(text: string): { namespace: string; name: string } {
  const [namespace = "", name = "", ...more] = text.split("/");
  if (namespace === "" || name === "" || more.length > 0) throw badRequest("secret must be NAMESPACE/NAME");
  return { namespace, name };
}

const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

function timeOf(field: string, text: string): number {
  const timeMs = timePattern.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs)) throw badRequest(`${field} must be a time such as 2026-01-31T00:00:00Z`);
  return timeMs;
}
