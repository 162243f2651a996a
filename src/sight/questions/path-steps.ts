/** A way through the graph as steps, each with what proves it. */
import { objectText, nodeText } from "./principal.ts";
import { edgeRules } from "../graph/edge-rules.ts";
import type { EdgeId, EdgeRule } from "../graph/edge-rule.ts";
import type { GraphNode } from "../graph/graph-node.ts";
import type { Grant } from "../graph/rights.ts";
import { noProof } from "../graph/security-graph.ts";
import type { Proof, SecurityGraph } from "../graph/security-graph.ts";
import type { PathsTo } from "../graph/shortest-paths.ts";
import { placeText } from "../facts/provenance.ts";

export interface Step {
  readonly edge: EdgeId;
  /** `KIND NAME` or `KIND NAMESPACE/NAME`. */
  readonly from: string;
  readonly to: string;
  /** Why it works, and which objects say so, with their places. */
  readonly because: string;
  readonly proof: readonly StepProof[];
  readonly fix: string;
}

/** An object, or a rule of one, that a step stands on. */
export interface StepProof {
  readonly object: string;
  /** The number of the rule in its role, from 1; undefined for an object without. */
  readonly rule: number | undefined;
  readonly place: string;
}

/** An edge as it was walked. */
interface WalkedEdge {
  readonly from: GraphNode;
  /** Undefined for what was asked about. */
  readonly to: GraphNode | undefined;
  readonly rule: EdgeRule;
  readonly proof: Proof;
}

/** The steps from a node to the place the paths lead to, whose text is `target`. Empty when there is no way. */
export function stepsFrom(graph: SecurityGraph, paths: PathsTo, start: number, target: string): Step[] {
  const steps: Step[] = [];
  let walked: WalkedEdge[] = [];
  for (const edge of edgesFrom(graph, paths, start)) {
    walked.push(edge);
    if (edge.to?.type === "capability") continue;
    steps.push(stepOf(walked, target));
    walked = [];
  }
  return steps;
}

function* edgesFrom(graph: SecurityGraph, paths: PathsTo, start: number): Generator<WalkedEdge> {
  const { edges, nodes } = graph;
  for (let node = start; Number.isFinite(paths.cost[node]);) {
    const from = nodes[node]!; // numbers in the graph are those of nodes
    const last = paths.last.get(node);
    if (last !== undefined) {
      yield { from, to: undefined, rule: edgeRules[last.rule]!, proof: last.proof };
      return;
    }
    const edge = paths.next[node]!;
    if (edge < 0) return;
    node = edges.to[edge]!;
    yield { from, to: nodes[node], rule: edgeRules[edges.rule[edge]!]!, proof: graph.proof(edge) };
  }
}

function stepOf(walked: readonly WalkedEdge[], target: string): Step {
  const [first] = walked;
  const end = walked.at(-1);
  if (first === undefined || end === undefined) throw new TypeError("a step must have an edge");
  const consequences = walked.slice(1).filter(({ rule }) => rule.id !== "concerns");
  const reasons = [first, ...consequences].map(({ rule }) => rule.explanation);
  const proofs = walked.map(({ proof }) => proof).filter((proof) => proof !== noProof);
  return {
    edge: first.rule.id,
    from: nodeText(first.from),
    to: end.to === undefined ? target : nodeText(end.to),
    because: [...proofs.flatMap((proof) => proofTexts(proof)), ...reasons].join("; "),
    proof: proofs.flatMap(proofsOf),
    fix: first.rule.fix,
  };
}

function proofTexts({ grants, facts }: Proof): string[] {
  return [
    ...grants.map(grantText),
    ...(grants.length > 0 ? [] : facts.map((fact) => `${objectText(fact)} (${placeText(fact.at)})`)),
  ];
}

/** `RoleBinding a/b (FILE:LINE) gives Role a/c, whose rule 1 (FILE:LINE) allows get on secrets`. */
export function grantText({ binding, role, rule }: Grant): string {
  const { verbs, resources, resourceNames } = rule.rule;
  const names = resourceNames.length === 0 ? "" : ` named ${listText(resourceNames)}`;
  const allows = `rule ${rule.number} (${placeText(rule.at)}) allows ${listText(verbs)} on ${listText(resources)}${names}`;
  if (binding === undefined) return `its ${allows}`;
  return `${objectText(binding)} (${placeText(binding.at)}) gives ${objectText(role)}, whose ${allows}`;
}

const shownWords = 8;

function listText(words: readonly string[]): string {
  const more = words.length > shownWords ? ` and ${words.length - shownWords} more` : "";
  return words.slice(0, shownWords).join(", ") + more;
}

function proofsOf({ grants, facts }: Proof): StepProof[] {
  return [
    ...grants.flatMap(({ binding, role, rule }) => [
      ...(binding === undefined
        ? []
        : [{ object: objectText(binding), rule: undefined, place: placeText(binding.at) }]),
      { object: objectText(role), rule: rule.number, place: placeText(rule.at) },
    ]),
    ...facts.map((fact) => ({ object: objectText(fact), rule: undefined, place: placeText(fact.at) })),
  ];
}
