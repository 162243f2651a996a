/** Which places of a graph lead to others, without how easily: one search over the edges. */
import type { Adjacency } from "../graph/edge-list.ts";
import type { SecurityGraph } from "../graph/security-graph.ts";

/** 1 for each of the nodes and whatever leads to one of them. */
export function reachingTo(graph: SecurityGraph, ends: readonly number[]): Uint8Array {
  return search(graph, ends, graph.edges.incoming, graph.edges.from);
}

/** 1 for each of the nodes and whatever they lead to. */
export function reachedFrom(graph: SecurityGraph, starts: readonly number[]): Uint8Array {
  return search(graph, starts, graph.edges.outgoing, graph.edges.to);
}

function search(
  graph: SecurityGraph,
  from: readonly number[],
  { starts, edges }: Adjacency,
  ends: Int32Array,
): Uint8Array {
  const reached = new Uint8Array(graph.nodes.length);
  const waiting: number[] = [];
  const reach = (node: number) => {
    if (reached[node] === 1) return;
    reached[node] = 1;
    waiting.push(node);
  };
  for (const node of from) reach(node);
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (let place = starts[node]!; place < starts[node + 1]!; place++) reach(ends[edges[place]!]!); // as in Edges
  }
  return reached;
}

/** For each node of `graph` the number of the same place in `other`, or -1. */
export function numbersIn(other: SecurityGraph, graph: SecurityGraph): Int32Array {
  return Int32Array.from(graph.nodes, (node) => other.find(node) ?? -1);
}

/** Where edges begin and end, each place once. */
export interface EdgePlaces {
  readonly tails: readonly number[];
  readonly heads: readonly number[];
}

/**
 * The edges of `after`, in its numbers, that `before` has not between the same places by the same rule; `numbers` are those
 * of `after`'s nodes in `before`.
 */
export function newEdges(before: SecurityGraph, after: SecurityGraph, numbers: Int32Array): EdgePlaces {
  const known = edgeEnds(before);
  const [tails, heads] = [new Set<number>(), new Set<number>()];
  for (let edge = 0; edge < after.edges.from.length; edge++) {
    const [tail, head] = [after.edges.from[edge]!, after.edges.to[edge]!];
    const [from, to] = [numbers[tail]!, numbers[head]!];
    const isKnown = from >= 0 && to >= 0 && known.get(from)?.has(to * rulesMax + after.edges.rule[edge]!) === true;
    if (isKnown) continue;
    tails.add(tail);
    heads.add(head);
  }
  return { tails: [...tails], heads: [...heads] };
}

/** For each place the ends and rules of its edges. */
function edgeEnds({ edges }: SecurityGraph): Map<number, Set<number>> {
  const found = new Map<number, Set<number>>();
  for (let edge = 0; edge < edges.from.length; edge++) {
    const from = edges.from[edge]!;
    const ends = found.get(from) ?? new Set();
    found.set(from, ends);
    ends.add(edges.to[edge]! * rulesMax + edges.rule[edge]!);
  }
  return found;
}

/** Rules are numbered in a byte. */
const rulesMax = 256;
