/** Where the commands of sight get their audit logs: the same flags for each. */
import { resolve } from "node:path";
import type { AuditCoverage } from "../sight/audit/audit-coverage.ts";
import type { AuditCollector } from "../sight/audit/audit-log.ts";
import { readAudit, readAuditStream } from "../sight/audit/read-audit.ts";
import { usageError } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { durationForm, parseDuration } from "./duration.ts";
import { repeatableFlag, valueFlag } from "./flags.ts";

export const auditFlag = repeatableFlag(
  "audit",
  "PATH",
  "An audit log, packed or not, or a folder of them; - is standard input. Repeatable.",
);
export const sinceFlag = valueFlag("since", "TIME", "Only requests since then: 30d, 12h, or 2026-01-31T00:00:00Z.");

/** Shown in help. */
export const auditNotes: readonly string[] = [
  "An audit log is the file of a Kubernetes API server (audit.k8s.io/v1, as lines or as EventLists; as EKS and AKS export it too) " +
    "or of strongroom serve. What cannot be used of it is counted in the answer.",
];

/** Why a command can be about one cluster only: standard input is read once. */
export function auditIsInput({ flags }: Invocation): string | undefined {
  return flags.many(auditFlag)?.includes("-") === true ? "standard input can be read for one cluster only" : undefined;
}

/** Reads the logs that the flags name. Raises a usage error when they name none. */
export async function readAuditLogs(
  { flags, environment }: Invocation,
  collectors: readonly AuditCollector[],
): Promise<AuditCoverage> {
  const paths = flags.many(auditFlag);
  if (paths === undefined) throw usageError("the audit log must be named, by --audit PATH");
  const since = sinceOf(flags.one(sinceFlag));
  if (paths.includes("-")) {
    if (paths.length > 1) throw usageError("standard input must be the only audit log");
    return await readAuditStream(process.stdin, collectors, since);
  }
  const inputs = paths.map((shown) => ({ shown, path: resolve(environment.workingDirectory, shown) }));
  return await readAudit(inputs, collectors, since);
}

function sinceOf(written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  const duration = parseDuration(written);
  if (duration !== undefined) return Date.now() - duration;
  const time = /^\d{4}-\d\d-\d\d/.test(written) ? Date.parse(written) : Number.NaN;
  if (Number.isNaN(time)) throw usageError(`--since must be ${durationForm}, or a time such as 2026-01-31T00:00:00Z`);
  return time;
}
