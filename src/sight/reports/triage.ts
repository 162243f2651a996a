/** Findings against the decisions of people: exceptions and a baseline. Whatever is set apart is counted and listed. */
import type { Baseline } from "./baseline.ts";
import { isExpired, matcherOf } from "./exceptions.ts";
import type { FindingException } from "./exceptions.ts";
import { severityCounts } from "./report.ts";
import type {
  AppliedException,
  ExceptionNotes,
  GoneFinding,
  ReportFinding,
  ReportSummary,
  SuppressedFinding,
} from "./report.ts";

export interface Decisions {
  readonly exceptions: readonly FindingException[];
  readonly baseline: Baseline | undefined;
  /** For the last days of exceptions. */
  readonly now: Date;
}

export interface Triage {
  readonly summary: ReportSummary;
  readonly findings: readonly ReportFinding[];
  readonly suppressed: readonly SuppressedFinding[];
  readonly exceptions: ExceptionNotes;
  readonly gone?: readonly GoneFinding[];
}

/** The first exception of the file that fits a finding suppresses it; an expired one suppresses nothing. */
export function triage(all: readonly ReportFinding[], { exceptions, baseline, now }: Decisions): Triage {
  const valid = exceptions
    .filter((exception) => !isExpired(exception, now))
    .map((exception) => ({ exception, matches: matcherOf(exception) }));
  const used = new Set<FindingException>();
  const findings: ReportFinding[] = [];
  const suppressed: SuppressedFinding[] = [];
  for (const finding of all) {
    const fitting = valid.filter(({ matches }) => matches(finding));
    for (const { exception } of fitting) used.add(exception);
    const [first] = fitting;
    const seen = withState(finding, baseline);
    if (first === undefined) findings.push(seen);
    else suppressed.push({ ...seen, exception: applied(first.exception) });
  }
  const fingerprints = new Set(all.map(({ fingerprint }) => fingerprint));
  const gone =
    baseline && Array.from(baseline.byFingerprint.values()).filter((each) => !fingerprints.has(each.fingerprint));
  return {
    summary: summaryOf(findings, suppressed, gone),
    findings,
    suppressed,
    exceptions: {
      expired: exceptions.filter((exception) => isExpired(exception, now)).map(applied),
      unmatched: valid.flatMap(({ exception }) => (used.has(exception) ? [] : [applied(exception)])),
    },
    ...(gone === undefined ? {} : { gone }),
  };
}

function withState(finding: ReportFinding, baseline: Baseline | undefined): ReportFinding {
  if (baseline === undefined) return finding;
  return { ...finding, state: baseline.byFingerprint.has(finding.fingerprint) ? "known" : "new" };
}

function applied({ reason, expires, owner, place }: FindingException): AppliedException {
  return { reason, expires, ...(owner === undefined ? {} : { owner }), place };
}

function summaryOf(
  findings: readonly ReportFinding[],
  suppressed: readonly SuppressedFinding[],
  gone: readonly GoneFinding[] | undefined,
): ReportSummary {
  const known = findings.filter(({ state }) => state === "known").length;
  return {
    bySeverity: severityCounts(findings),
    findings: findings.length,
    suppressed: suppressed.length,
    ...(gone === undefined ? {} : { new: findings.length - known, known, gone: gone.length }),
  };
}
