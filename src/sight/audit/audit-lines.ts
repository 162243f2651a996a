/** Audit logs as sentences. */
import type { AuditCoverage } from "./audit-coverage.ts";

/** What was read of the logs, what of it could not be used, and what they cannot say. */
export function auditLines(audit: AuditCoverage, limits: readonly string[]): string[] {
  const { files, requests, from, to, problems } = audit;
  const span = from === undefined ? "" : `, from ${from} to ${to ?? ""}`;
  const unused = [
    [audit.duplicates, "are there twice"],
    [audit.torn, "are torn"],
    [audit.foreign, "are no audit events"],
    [audit.oversize, "are too long to be read"],
    [audit.truncated, "were cut down by the server"],
    [audit.undated, "have no time"],
    [audit.before, "are from before"],
    [audit.unattributed, "were sent to watches that began outside of these logs"],
    [audit.merged, "had their names not kept apart"],
  ] as const;
  const said = unused.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return [
    `Audit: ${files} file${files === 1 ? "" : "s"}, ${requests} request${requests === 1 ? "" : "s"}${span}.`,
    ...(said.length === 0 ? [] : [`Of lines and events, ${said.join(", ")}.`]),
    ...problems.map(({ file, message }) => `Problem at ${file}: ${message}.`),
    ...limits.map((limit) => `Limit: ${limit}`),
  ];
}
