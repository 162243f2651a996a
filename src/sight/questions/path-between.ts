/** The easiest way from one thing to another. */
import { pathsTo } from "../graph/shortest-paths.ts";
import type { LastEdge, SecurityGraph } from "../graph/security-graph.ts";
import { PathSteps } from "./path-steps.ts";
import type { Step } from "./path-steps.ts";
import { nodeText, objectText } from "./principal.ts";
import { findAsked } from "./subject.ts";
import type { Asked } from "./subject.ts";
import { answerCoverage } from "./who-can.ts";
import type { AnswerCoverage } from "./who-can.ts";

export interface PathAnswer {
  readonly from: string;
  readonly to: string;
  readonly coverage: AnswerCoverage;
  readonly hops: number;
  readonly ease: number;
  /** Empty when no way is known. */
  readonly path: readonly Step[];
}

/** Raises `invalid` when one of the texts names nothing that can be asked about. */
export function pathBetween(graph: SecurityGraph, from: string, to: string): PathAnswer {
  const [start, end] = [findAsked(graph, from), findAsked(graph, to)];
  const startNumber = numberOf(graph, start);
  const answer = { from, to, coverage: answerCoverage(graph) };
  if (startNumber === undefined) return { ...answer, hops: 0, ease: 0, path: [] };
  const paths = pathsTo(graph, edgesToAsked(graph, end));
  const { steps: path, hops, ease } = new PathSteps(graph, paths, textOf(graph, end, to)).from(startNumber);
  return { ...answer, hops, ease: path.length === 0 ? 0 : ease, path };
}

/** A secret leads on only as a token. */
function numberOf(graph: SecurityGraph, asked: Asked): number | undefined {
  if (asked.type === "node") return asked.number;
  const [fact] = graph.facts.named("Secret", asked.secret.namespace, asked.secret.name);
  return fact !== undefined && "keys" in fact ? graph.find({ type: "secret", secret: fact }) : undefined;
}

function edgesToAsked(graph: SecurityGraph, asked: Asked): LastEdge[] {
  if (asked.type === "secret") return graph.edgesTo(asked.secret);
  if (asked.number === undefined) return [];
  const { edges } = graph;
  const { starts, edges: incoming } = edges.incoming;
  return Array.from(incoming.slice(starts[asked.number], starts[asked.number + 1]), (edge) => {
    return { from: edges.from[edge]!, rule: edges.rule[edge]!, proof: graph.proof(edge) };
  });
}

function textOf(graph: SecurityGraph, asked: Asked, written: string): string {
  if (asked.type === "secret") return objectText({ kind: "Secret", ...asked.secret });
  const node = asked.number === undefined ? undefined : graph.nodes[asked.number];
  return node === undefined ? written : nodeText(node);
}
