/** What is wrong, or worth a look, with what shows it and what to do. */
import type { Step } from "../questions/path-steps.ts";

export const severities = ["critical", "high", "medium", "low"] as const;
export type Severity = (typeof severities)[number];

export const checks = [
  "missing-secret",
  "missing-role",
  "missing-account",
  "missing-workload-account",
  "grants-everything",
  "reads-every-secret",
  "reaches-every-secret",
] as const;

export interface Finding {
  /** The same for the same fault in another scan: the check and the names of what it is about. */
  readonly id: string;
  readonly check: (typeof checks)[number];
  readonly severity: Severity;
  readonly message: string;
  readonly evidence: readonly { readonly object: string; readonly place: string }[];
  /** For what is a way: its steps. */
  readonly path: readonly Step[];
  readonly fix: string;
}

/** At least as severe. */
export function isAtLeast(severity: Severity, limit: Severity): boolean {
  return severities.indexOf(severity) <= severities.indexOf(limit);
}
