/** Answers of sight for people. */
import { edgeNumber, edgeRules } from "../sight/graph/edge-rules.ts";
import type { ClusterOrigin, Verification } from "../sight/facts/fact-set.ts";
import { placeText } from "../sight/facts/provenance.ts";
import type { CoverageGap, MissingRight } from "../sight/facts/coverage-gap.ts";
import { factKinds } from "../sight/facts/facts.ts";
import type { FactKind } from "../sight/facts/facts.ts";
import type { Step } from "../sight/questions/path-steps.ts";
import type { AnswerCoverage } from "../sight/questions/who-can.ts";

/** A step as a sentence, and what shows that it is so. */
export function stepLines(step: Step, number: number): string[] {
  const verb = edgeRules[edgeNumber(step.edge)]?.name ?? step.edge;
  const lines = [`  ${number}. ${step.from} ${verb} ${step.to}`, `     since ${step.because}`];
  return step.fix === "" ? lines : [...lines, `     fix: ${step.fix}`];
}

/** What an answer says of whom nothing in the source names; nothing where it has them. */
export function beginningLines(subject: string, asMemberOf: string | undefined): string[] {
  return asMemberOf === undefined
    ? []
    : [`Nothing in the source names ${subject}: this is of ${asMemberOf}, which it is in.`, ""];
}

/** The word for a risk, as CVSS has them. */
export function riskWord(risk: number): string {
  if (risk >= 9) return "critical";
  if (risk >= 7) return "high";
  return risk >= 4 ? "medium" : "low";
}

const shownMax = 20;
const furtherShown = 3;

const hasNone = {
  cluster: "the cluster was not asked for them",
  dump: "the dump has none",
  manifests: "the manifests have none",
} as const satisfies Record<AnswerCoverage["source"], string>;

function gapLine({ kind, namespace, reason, message, missing, knownUntil }: CoverageGap): string {
  const what = namespace === "" ? kind : `${kind} in ${namespace}`;
  if (reason === "partial") return `Known in part: ${what}, since ${message}.`;
  const aged = knownUntil === undefined ? "" : `; what is said of it is of ${knownUntil}`;
  return `Unknown: ${what}, since ${message}${aged}.${missing === undefined ? "" : ` It takes ${rightText(missing)}.`}`;
}

const refusalsMin = 4;

/** Many refusals of one cluster are alike: they are told together, in the words of the first. */
function gapLines(gaps: readonly CoverageGap[]): string[] {
  const refused = gaps.filter(({ reason, namespace }) => reason === "forbidden" && namespace === "");
  const [first] = refused;
  if (first === undefined || refused.length < refusalsMin) return limited(gaps, gapLine);
  const kinds = refused.map(({ kind }) => kind).join(", ");
  return [
    `Unknown, since the cluster refused it: ${kinds}.`,
    `As in: ${first.message}. strongroom sight role prints a role that has the rights; -o json has each.`,
    ...limited(
      gaps.filter((gap) => !refused.includes(gap)),
      gapLine,
    ),
  ];
}

function rightText({ namespace, rule }: MissingRight): string {
  return `the rule ${rule} ${namespace === "" ? "in a ClusterRole" : `in a Role of ${namespace}`}`;
}

function verifiedLines({ asked, agreed, disagreements, reason }: Verification): string[] {
  if (asked === 0) return [`Not verified: ${reason}.`];
  const lines = [`Verified: ${agreed} of ${asked} agree with what the cluster decides.`];
  const told = limited(disagreements, ({ question, graph, cluster, reason: why }) => {
    return `Disagreement: ${question}: by its roles the cluster ${graph} it, itself it ${cluster} it${why === "" ? "" : ` (${why})`}.`;
  });
  return [...lines, ...told];
}

function originText({ id, version, level }: ClusterOrigin): string {
  return `the cluster ${id}${version === "" ? "" : ` (${version})`}, secrets at the level ${level}`;
}

/** What the answer does not know, and what could not be used of the source. */
export function coverageLines({
  source,
  origin,
  objects,
  unknown,
  gaps,
  verified,
  unresolved,
  problems,
  files,
}: AnswerCoverage): string[] {
  const lines: string[] = [];
  const count = Object.values(objects).reduce((sum, each) => sum + each, 0);
  const place = origin === undefined ? "" : ` of ${originText(origin)}`;
  if (source === "cluster") lines.push(`Read: ${count} objects${place}.`);
  else lines.push(`Read: ${files} file${files === 1 ? "" : "s"}${place}.`);
  if (source === "manifests") lines.push("A cluster may hold more than its manifests: this says what they declare.");
  const unsaid = unknown.filter((kind) => gaps.every((gap) => gap.kind !== kind));
  if (unsaid.length > 0) lines.push(`Unknown, since ${hasNone[source]}: ${kindsText(unsaid)}.`);
  lines.push(...gapLines(gaps));
  if (verified !== undefined) lines.push(...verifiedLines(verified));
  lines.push(
    ...limited(unresolved, ({ binding, role }) => `Unknown: what ${binding} gives, since ${role} is not there.`),
  );
  lines.push(...limited(problems, ({ message, at }) => `Problem at ${placeText(at)}: ${message}.`));
  return lines;
}

/** What leads to secrets beside rights and workloads is counted: small dumps have none of it. */
function kindsText(unknown: readonly FactKind[]): string {
  const isFirst = (kind: FactKind) => factKinds.some((each) => each === kind);
  const [first, further] = [unknown.filter(isFirst), unknown.filter((kind) => !isFirst(kind))];
  if (further.length <= furtherShown) return unknown.join(", ");
  const others = `${further.length} kinds beside rights and workloads (${further.slice(0, furtherShown).join(", ")} ...; -o json has all)`;
  return first.length === 0 ? others : `${first.join(", ")}, and ${others}`;
}

function limited<Item>(items: readonly Item[], line: (item: Item) => string): string[] {
  const lines = items.slice(0, shownMax).map(line);
  return items.length > shownMax ? [...lines, `... and ${items.length - shownMax} more; -o json has all.`] : lines;
}
