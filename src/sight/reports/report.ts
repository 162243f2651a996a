/**
 * What `strongroom scan` puts out, in every form: the published shape of `-o json` (schemas/scan-report.schema.json).
 * It is a shape of its own, so that findings may change inside without a pipeline noticing. Nothing in it is the value
 * of a secret; every text in it is of others and must be escaped by whatever writes it.
 */
import type { AuditCoverage } from "../audit/audit-coverage.ts";
import type { AnswerCoverage } from "../questions/who-can.ts";

export const reportVersion = "strongroom.dev/v1";

/** The worst first. */
export const reportSeverities = ["critical", "high", "medium", "low", "info"] as const;
export type ReportSeverity = (typeof reportSeverities)[number];

export interface Report {
  readonly apiVersion: typeof reportVersion;
  readonly kind: "ScanReport";
  readonly tool: { readonly name: "strongroom"; readonly version: string };
  /** RFC 3339, UTC. */
  readonly generatedAt: string;
  readonly coverage: ReportCoverage;
  readonly summary: ReportSummary;
  /** What was looked for, found or not. */
  readonly checks: readonly ReportCheck[];
  /** The worst first. */
  readonly findings: readonly ReportFinding[];
  /** Found, but excepted by somebody, for a reason and for a time. */
  readonly suppressed: readonly SuppressedFinding[];
  readonly exceptions: ExceptionNotes;
  /** What the baseline had and is found no longer; undefined without a baseline. */
  readonly gone?: readonly GoneFinding[];
}

export interface ReportSummary {
  /** Of `findings`, those of each severity; suppressed ones are not among them. */
  readonly bySeverity: Readonly<Record<ReportSeverity, number>>;
  readonly findings: number;
  readonly suppressed: number;
  /** How many findings the baseline has not, and has; undefined without a baseline. */
  readonly new?: number;
  readonly known?: number;
  readonly gone?: number;
}

/** Where the same is asked for. */
export interface ReportFrameworks {
  readonly cis: readonly string[];
  readonly nsa: readonly string[];
  readonly owaspK8s: readonly string[];
  readonly attack: readonly string[];
}

export interface ReportCheck {
  /** Stable, such as `SR-ACC-001`. */
  readonly id: string;
  /** A word for people. */
  readonly name: string;
  readonly title: string;
  readonly explanation: string;
  readonly fix: string;
  readonly frameworks: ReportFrameworks;
}

/** Where something was read; `file` and `line` where it is a file. */
export interface ReportPlace {
  /** For people: `FILE:LINE`, or what stands in its stead. */
  readonly place: string;
  readonly file?: string;
  readonly line?: number;
}

export interface ReportObject extends ReportPlace {
  readonly kind: string;
  /** "" for what is cluster-wide. */
  readonly namespace: string;
  readonly name: string;
}

export interface ReportEvidence extends ReportPlace {
  /** `KIND NAMESPACE/NAME`, with the number of a rule. */
  readonly object: string;
  /** The path of the field; "" for the object as a whole. */
  readonly field: string;
  /** What is seen there; never the value. */
  readonly text: string;
}

/** One step of a way: `from`, what it does (`verb`), `to`, and why. */
export interface ReportStep {
  readonly edge: string;
  readonly verb: string;
  readonly from: string;
  readonly to: string;
  readonly because: string;
  readonly proof: readonly ({ readonly object: string; readonly rule?: number } & ReportPlace)[];
  readonly fix: string;
}

export interface ReportFinding {
  readonly id: string;
  /** The same in every scan that finds the same; what baselines and exceptions go by. */
  readonly fingerprint: string;
  readonly check: string;
  readonly title: string;
  readonly severity: ReportSeverity;
  readonly score: {
    readonly value: number;
    readonly formula: string;
    readonly factors: readonly { readonly name: string; readonly value: number; readonly because: string }[];
  };
  readonly frameworks: ReportFrameworks;
  readonly message: string;
  readonly object: ReportObject;
  readonly evidence: readonly ReportEvidence[];
  readonly explanation: string;
  readonly fix: string;
  readonly patch?: {
    readonly format: string;
    readonly target?: string;
    readonly text: string;
    readonly command?: string;
  };
  readonly verify: { readonly command: string; readonly expect: string };
  readonly path: readonly ReportStep[];
  /** How many secrets the way leads to; the path is to the worst of them. */
  readonly secrets?: number;
  readonly unknown: readonly string[];
  /** Against the baseline; undefined without one. */
  readonly state?: "new" | "known";
}

export interface SuppressedFinding extends ReportFinding {
  readonly exception: AppliedException;
}

export interface AppliedException {
  readonly reason: string;
  /** The last day it holds, `YYYY-MM-DD`, in UTC. */
  readonly expires: string;
  readonly owner?: string;
  readonly place: string;
}

export interface ExceptionNotes {
  /** Past their day: what they were for is found again. */
  readonly expired: readonly AppliedException[];
  /** Concern nothing that was found: mended, or misspelt. */
  readonly unmatched: readonly AppliedException[];
}

export interface GoneFinding {
  readonly fingerprint: string;
  readonly check: string;
  readonly id: string;
}

/** As in every answer of sight, and for each thing that is unknown the right that reading it takes. */
export interface ReportCoverage extends AnswerCoverage {
  readonly needs: readonly ReportNeed[];
  /** What was read of audit logs; undefined without any. */
  readonly audit?: ReportAudit;
}

export interface ReportAudit extends AuditCoverage {
  /** What they cannot say: sentences. */
  readonly limits: readonly string[];
}

export interface ReportNeed {
  readonly kind: string;
  /** "" for everywhere. */
  readonly namespace: string;
  /** `absent` from the source, or as a gap has it: `level`, `forbidden`, `failed`, or `partial`. */
  readonly reason: string;
  /** Why it is unknown. */
  readonly because: string;
  /** `list on pods`: what it takes to know it. */
  readonly right: string;
}

/** How many of each severity. */
export function severityCounts(
  findings: readonly { readonly severity: ReportSeverity }[],
): Record<ReportSeverity, number> {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, info: 0 };
  for (const { severity } of findings) counts[severity]++;
  return counts;
}

/** `KIND NAMESPACE/NAME`, as it is: for whatever escapes it. */
export function reportObjectText({ kind, namespace, name }: Pick<ReportObject, "kind" | "namespace" | "name">): string {
  return `${kind} ${namespace === "" ? name : `${namespace}/${name}`}`;
}
