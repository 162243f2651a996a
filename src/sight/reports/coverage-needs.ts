/** What it takes to know what is unknown. */
import type { CoverageGap, MissingRight } from "../facts/coverage-gap.ts";
import type { FactKind } from "../facts/facts.ts";
import type { AnswerCoverage } from "../questions/who-can.ts";
import type { ReportNeed } from "./report.ts";

/** Why a kind is unknown that no gap speaks of. */
const hasNone = {
  cluster: "the cluster was not asked for it",
  dump: "the dump has none",
  manifests: "the manifests have none",
} as const satisfies Record<AnswerCoverage["source"], string>;

/** One for each kind that is unknown, and for each gap. */
export function needsOf({ source, unknown, gaps }: AnswerCoverage): ReportNeed[] {
  const unsaid = unknown.filter((kind) => gaps.every((gap) => gap.kind !== kind));
  return [
    ...unsaid.map((kind) => ({ kind, namespace: "", because: hasNone[source], right: rightToRead(kind) })),
    ...gaps.map(needOf),
  ];
}

function needOf({ kind, namespace, message, missing, knownUntil }: CoverageGap): ReportNeed {
  const aged = knownUntil === undefined ? "" : `; what is said of it is of ${knownUntil}`;
  const right = missing === undefined ? rightToRead(kind) : rightText(missing);
  return { kind, namespace, because: `${message}${aged}`, right };
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
