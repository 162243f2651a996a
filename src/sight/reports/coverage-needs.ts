/** What it takes to know what is unknown. */
import type { CoverageGap, MissingRight } from "../facts/coverage-gap.ts";
import { groupsOfKind, resourceOf } from "../facts/fact-kind.ts";
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
    ...unsaid.map((kind) => ({
      kind,
      namespace: "",
      reason: "absent",
      because: hasNone[source],
      right: rightToRead(kind),
    })),
    ...gaps.map(needOf),
  ];
}

function needOf({ kind, namespace, reason, message, missing, knownUntil }: CoverageGap): ReportNeed {
  const aged = knownUntil === undefined ? "" : `; what is said of it is of ${knownUntil}`;
  const right = missing === undefined ? rightToRead(kind) : rightText(missing);
  return { kind, namespace, reason, because: `${message}${aged}`, right };
}

function rightText({ verbs, group, resource, namespace }: Omit<MissingRight, "rule">): string {
  const where = namespace === "" ? "" : ` in ${namespace}`;
  return `${verbs.join(", ")} on ${group === "" ? resource : `${resource}.${group}`}${where}`;
}

function rightToRead(kind: FactKind): string {
  const group = groupsOfKind(kind).find((name) => name !== "extensions") ?? ""; // where some kinds once were
  return rightText({ verbs: ["list"], group, resource: resourceOf(kind), namespace: "" });
}
