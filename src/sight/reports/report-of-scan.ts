/** From what a scan found to what leaves. */
import type { CoverageGap, MissingRight } from "../facts/coverage-gap.ts";
import type { FactKind } from "../facts/facts.ts";
import { placeText } from "../facts/provenance.ts";
import type { Provenance } from "../facts/provenance.ts";
import { checkIds, checkOf } from "../findings/check-registry.ts";
import type { Finding, FixPatch, FoundObject } from "../findings/finding.ts";
import type { ScanAnswer } from "../findings/scan.ts";
import { edgeNumber, edgeRules } from "../graph/edge-rules.ts";
import type { Step } from "../questions/path-steps.ts";
import type { AnswerCoverage } from "../questions/who-can.ts";
import { reportVersion } from "./report.ts";
import type {
  Report,
  ReportCoverage,
  ReportFinding,
  ReportGap,
  ReportObject,
  ReportPlace,
  ReportStep,
} from "./report.ts";
import { triage } from "./triage.ts";
import type { Decisions } from "./triage.ts";

/** The report of a scan, with the decisions of people applied. `version` is that of this program. */
export function reportOfScan({ coverage, findings }: ScanAnswer, decisions: Decisions, version: string): Report {
  const judged = triage(findings.map(findingOf), decisions);
  return {
    apiVersion: reportVersion,
    kind: "ScanReport",
    tool: { name: "strongroom", version },
    generatedAt: decisions.now.toISOString(),
    coverage: coverageOf(coverage),
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

function findingOf(finding: Finding): ReportFinding {
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
    object: objectOf(object),
    evidence: evidence.map(({ object: shown, at, field, text }) => ({ object: shown, ...placeOf(at), field, text })),
    explanation: same.explanation,
    fix: same.fix,
    ...(patch === undefined ? {} : { patch: patchOf(patch) }),
    verify: same.verify,
    path: path.map(stepOf),
    unknown: same.unknown,
  };
}

function objectOf({ kind, namespace, name, at }: FoundObject): ReportObject {
  return { kind, namespace, name, ...placeOf(at) };
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
function placeOf(at: Provenance): ReportPlace {
  const { file, document, line } = at;
  const isFile = document > 0 && file !== "-";
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

/** Why a kind is unknown that no gap speaks of. */
const hasNone = {
  cluster: "the cluster was not asked for it",
  dump: "the dump has none",
  manifests: "the manifests have none",
} as const satisfies Record<AnswerCoverage["source"], string>;

function coverageOf(coverage: AnswerCoverage): ReportCoverage {
  const { source, files, objects, unknown, gaps, unresolved, problems, otherObjects } = coverage;
  const unsaid = unknown.filter((kind) => gaps.every((gap) => gap.kind !== kind));
  return {
    source,
    files,
    objects,
    unknown: [
      ...unsaid.map((kind) => {
        return { kind, namespace: "", reason: "absent", message: hasNone[source], needs: rightToRead(kind) };
      }),
      ...gaps.map(gapOf),
    ],
    unresolved,
    problems: problems.map(({ message, at }) => ({ message, ...placeOf(at) })),
    otherObjects,
  };
}

function gapOf({ kind, namespace, reason, message, missing, knownUntil }: CoverageGap): ReportGap {
  return {
    kind,
    namespace,
    reason,
    message,
    needs: missing === undefined ? rightToRead(kind) : rightText(missing),
    ...(knownUntil === undefined ? {} : { knownUntil }),
  };
}

function rightText({ verbs, group, resource, namespace }: MissingRight): string {
  const where = namespace === "" ? "" : ` in ${namespace}`;
  return `${verbs.join(", ")} on ${group === "" ? resource : `${resource}.${group}`}${where}`;
}

function rightToRead(kind: FactKind): string {
  const group = groups[kind];
  return `list on ${kind.toLowerCase()}s${group === undefined ? "" : `.${group}`}`;
}

/** Of the kinds that are not in the core group; each plural is regular. */
const groups: Partial<Record<FactKind, string>> = {
  Role: "rbac.authorization.k8s.io",
  ClusterRole: "rbac.authorization.k8s.io",
  RoleBinding: "rbac.authorization.k8s.io",
  ClusterRoleBinding: "rbac.authorization.k8s.io",
  Deployment: "apps",
  StatefulSet: "apps",
  DaemonSet: "apps",
  ReplicaSet: "apps",
  Job: "batch",
  CronJob: "batch",
};
