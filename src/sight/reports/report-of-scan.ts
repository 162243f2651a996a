/** From what a scan found to what leaves. */
import type { AuditCoverage } from "../audit/audit-coverage.ts";
import { auditLimits } from "../questions/who-did.ts";
import { placeText } from "../facts/provenance.ts";
import type { Provenance } from "../facts/provenance.ts";
import { checkIds, checkOf } from "../findings/check-registry.ts";
import type { Finding, FixPatch, FoundObject } from "../findings/finding.ts";
import type { ScanAnswer } from "../findings/scan.ts";
import { edgeNumber, edgeRules } from "../graph/edge-rules.ts";
import type { Step } from "../questions/path-steps.ts";
import { needsOf } from "./coverage-needs.ts";
import { reportVersion } from "./report.ts";
import type { Report, ReportFinding, ReportObject, ReportPlace, ReportStep } from "./report.ts";
import { triage } from "./triage.ts";
import type { Decisions } from "./triage.ts";

/** The report of a scan, with the decisions of people applied. `version` is that of this program, `audit` says which logs were read. */
export function reportOfScan(
  { coverage, findings }: ScanAnswer,
  decisions: Decisions,
  version: string,
  audit?: AuditCoverage,
): Report {
  const judged = triage(
    findings.map((finding) => findingOf(finding, coverage.source !== "cluster")),
    decisions,
  );
  return {
    apiVersion: reportVersion,
    kind: "ScanReport",
    tool: { name: "strongroom", version },
    generatedAt: decisions.now.toISOString(),
    coverage: {
      ...coverage,
      needs: needsOf(coverage),
      ...(audit === undefined ? {} : { audit: { ...audit, limits: auditLimits(audit) } }),
    },
    summary: judged.summary,
    checks: checkIds.map((id) => {
      const { name, title, explanation, fix, frameworks } = checkOf(id);
      return { id, name, title, explanation, fix, frameworks };
    }),
    findings: judged.findings,
    suppressed: judged.suppressed,
    exceptions: judged.exceptions,
    ...(judged.gone === undefined ? {} : { gone: judged.gone }),
  };
}

/** `fromFiles`: whether what was read has files, which a running cluster has not. */
function findingOf(finding: Finding, fromFiles: boolean): ReportFinding {
  const { evidence, object, patch, path, ...same } = finding;
  return {
    id: same.id,
    fingerprint: same.fingerprint,
    check: same.check,
    title: same.title,
    severity: same.severity,
    score: same.score,
    frameworks: same.frameworks,
    message: same.message,
    object: objectOf(object, fromFiles),
    evidence: evidence.map(({ object: shown, at, field, text }) => {
      return { object: shown, ...placeOf(at, fromFiles), field, text };
    }),
    explanation: same.explanation,
    fix: same.fix,
    ...(patch === undefined ? {} : { patch: patchOf(patch) }),
    verify: same.verify,
    path: path.map(stepOf),
    ...(same.secrets === undefined ? {} : { secrets: same.secrets }),
    unknown: same.unknown,
  };
}

function objectOf({ kind, namespace, name, at }: FoundObject, fromFiles: boolean): ReportObject {
  return { kind, namespace, name, ...placeOf(at, fromFiles) };
}

function patchOf({ format, target, text, command }: FixPatch): NonNullable<ReportFinding["patch"]> {
  return {
    format,
    ...(target === undefined ? {} : { target }),
    text,
    ...(command === undefined ? {} : { command }),
  };
}

/** What Kubernetes has by itself (document 0) and standard input are no files. */
function placeOf(at: Provenance, fromFiles: boolean): ReportPlace {
  const { file, document, line } = at;
  const isFile = fromFiles && document > 0 && file !== "-";
  return {
    place: placeText(at),
    ...(isFile ? { file } : {}),
    ...(isFile && line !== undefined ? { line } : {}),
  };
}

function stepOf({ edge, from, to, because, proof, fix }: Step): ReportStep {
  return {
    edge,
    verb: edgeRules[edgeNumber(edge)]?.name ?? edge,
    from,
    to,
    because,
    proof: proof.map(({ object, rule, place }) => ({ object, ...(rule === undefined ? {} : { rule }), place })),
    fix,
  };
}
