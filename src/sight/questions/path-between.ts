/** The easiest way from one thing to another. */
import { pathsTo } from "../graph/shortest-paths.ts";
import type { LastEdge, SecurityGraph } from "../graph/security-graph.ts";
import { easiestWays } from "../graph/k-paths.ts";
import type { WayEnd } from "../graph/k-paths.ts";
import { edgeRules } from "../graph/edge-rules.ts";
import { PathSteps, wayOf } from "./path-steps.ts";
import type { Step, WalkedEdge } from "./path-steps.ts";
import { nodeText, objectText } from "./principal.ts";
import { findAsked, findBeginning } from "./subject.ts";
import type { Asked, Beginning } from "./subject.ts";
import { answerCoverage } from "./who-can.ts";
import type { AnswerCoverage } from "./who-can.ts";

/** One of several ways. */
export interface OnePath {
  readonly hops: number;
  readonly ease: number;
  readonly path: readonly Step[];
}

export interface PathsAnswer {
  readonly from: string;
  readonly to: string;
  /** `Group NAME` when nothing in the source names who it is from: the answer is of that group. */
  readonly asMemberOf?: string;
  readonly coverage: AnswerCoverage;
  /** The easiest first; none twice, and none that visits anything twice. */
  readonly paths: readonly OnePath[];
  /** False when there are more than were asked for, or than could be looked for. */
  readonly complete: boolean;
}

export interface PathAnswer {
  readonly from: string;
  readonly to: string;
  /** `Group NAME` when nothing in the source names who it is from: the answer is of that group. */
  readonly asMemberOf?: string;
  readonly coverage: AnswerCoverage;
  readonly hops: number;
  readonly ease: number;
  /** Empty when no way is known. */
  readonly path: readonly Step[];
}

/** Raises `invalid` when one of the texts names nothing that can be asked about. */
export function pathBetween(graph: SecurityGraph, from: string, to: string): PathAnswer {
  const [start, end] = [findBeginning(graph, from), findAsked(graph, to)];
  const startNumber = start.number;
  const answer = { from, to, ...memberOf(start), coverage: answerCoverage(graph) };
  if (startNumber === undefined) return { ...answer, hops: 0, ease: 0, path: [] };
  const paths = pathsTo(graph, edgesToAsked(graph, end));
  const { steps: path, hops, ease } = new PathSteps(graph, paths, textOf(graph, end, to)).from(startNumber);
  return { ...answer, hops, ease: path.length === 0 ? 0 : ease, path };
}

/** At most `count` ways from one thing to another. Raises `invalid` as {@link pathBetween} does. */
export function pathsBetween(graph: SecurityGraph, from: string, to: string, count: number): PathsAnswer {
  const [begin, end] = [findBeginning(graph, from), findAsked(graph, to)];
  const start = begin.number;
  const answer = { from, to, ...memberOf(begin), coverage: answerCoverage(graph) };
  if (start === undefined) return { ...answer, paths: [], complete: true };
  const last = edgesToAsked(graph, end);
  const { ways, complete } = easiestWays(graph, { start, last, paths: pathsTo(graph, last), count });
  const target = textOf(graph, end, to);
  const paths = ways.map((way): OnePath => {
    const { steps: path, hops, ease } = wayOf(walkedOf(graph, way), target);
    return { hops, ease, path };
  });
  return { ...answer, paths, complete };
}

function walkedOf(graph: SecurityGraph, end: WayEnd): WalkedEdge[] {
  const walked: WalkedEdge[] = [];
  const { edges, nodes } = graph;
  for (let way: WayEnd | undefined = end; way !== undefined; way = way.before) {
    const { edge, last } = way;
    if (last === undefined) {
      const [from, to] = [nodes[edges.from[edge]!]!, nodes[edges.to[edge]!]]; // edges are between nodes
      const rule = edgeRules[edges.rule[edge]!]!;
      walked.push({ from, to, toNumber: edges.to[edge]!, number: edge, rule, proof: graph.proof(edge) });
    } else {
      const rule = edgeRules[last.rule]!;
      walked.push({
        from: nodes[last.from]!,
        to: undefined,
        toNumber: -1,
        number: -1,
        rule,
        proof: last.proof,
      });
    }
  }
  return walked.toReversed();
}

function memberOf({ asMemberOf }: Beginning): Pick<PathAnswer, "asMemberOf"> {
  return asMemberOf === undefined ? {} : { asMemberOf };
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
