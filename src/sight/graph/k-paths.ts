/**
 * The easiest ways between two places in order, each visiting nothing twice: beginnings of ways are taken up in the order of
 * what the whole way costs at least, which the distances to the end say exactly but for circles.
 *
 * What goes on from a place is sorted once and taken up one by one, so that a capability that concerns every pod costs a
 * sort, not an entry per pod and way.
 */
import { nodeKey } from "./graph-node.ts";
import { isPreferredProof } from "./security-graph.ts";
import type { LastEdge, SecurityGraph } from "./security-graph.ts";
import { edgeCosts } from "./shortest-paths.ts";
import type { PathsTo } from "./shortest-paths.ts";

/** One step of a way, with those before it. */
export interface WayEnd {
  readonly before: WayEnd | undefined;
  /** The number of the edge; -1 where `last` is the edge to the end itself. */
  readonly edge: number;
  readonly last: LastEdge | undefined;
}

export interface FoundWays {
  /** Each as its last step, the easiest first. */
  readonly ways: readonly WayEnd[];
  /** False when there are more, or when the search was given up after {@link beginningsMax} beginnings. */
  readonly complete: boolean;
}

/** Beginnings looked at before the search gives up: in dense graphs there are more circles than ways. */
export const beginningsMax = 200_000;

interface Onward {
  readonly edge: number;
  readonly last: LastEdge | undefined;
  /** -1 for the end. */
  readonly to: number;
  /** Of the edge alone. */
  readonly cost: number;
  /** With what follows at least. */
  readonly total: number;
  readonly rule: number;
}

interface Beginning {
  readonly node: number;
  readonly way: WayEnd | undefined;
  readonly nodes: Visited;
  readonly cost: number;
  /** Which of the ways on from the node is next. */
  readonly rank: number;
  /** Of the easiest way that begins so, in quanta. */
  readonly total: number;
}

interface Visited {
  readonly node: number;
  readonly before: Visited | undefined;
}

/** At most `count` ways from `start` by the edges `last`; `paths` are the easiest to the same end. */
export function easiestWays(
  graph: SecurityGraph,
  { start, last, paths, count }: { start: number; last: readonly LastEdge[]; paths: PathsTo; count: number },
): FoundWays {
  const onward = new OnwardEdges(graph, last, paths);
  const queue = new BeginningQueue();
  const enter = (beginning: Omit<Beginning, "total">) => {
    const next = onward.of(beginning.node)[beginning.rank];
    if (next !== undefined) queue.push({ ...beginning, total: inQuanta(beginning.cost + next.total) });
  };
  enter({ node: start, way: undefined, nodes: { node: start, before: undefined }, cost: 0, rank: 0 });
  const ways: WayEnd[] = [];
  for (let seen = 0; seen < beginningsMax; seen++) {
    const beginning = queue.pop();
    if (beginning === undefined) return { ways, complete: true };
    const step = onward.of(beginning.node)[beginning.rank]!; // what was entered has one
    enter({ ...beginning, rank: beginning.rank + 1 });
    const way = { before: beginning.way, edge: step.edge, last: step.last };
    if (step.to < 0) {
      if (ways.length === count) return { ways, complete: false };
      ways.push(way);
    } else if (!visits(beginning.nodes, step.to)) {
      const nodes = { node: step.to, before: beginning.nodes };
      enter({ node: step.to, way, nodes, cost: beginning.cost + step.cost, rank: 0 });
    }
  }
  return { ways, complete: false };
}

const quantum = 1e-10;

function inQuanta(cost: number): number {
  return Math.round(cost / quantum);
}

function visits(nodes: Visited, node: number): boolean {
  for (let each: Visited | undefined = nodes; each !== undefined; each = each.before) {
    if (each.node === node) return true;
  }
  return false;
}

/** The ways on from each place that reach the end, the easiest first; ties by the table, then by the order of the graph. */
class OnwardEdges {
  readonly #graph: SecurityGraph;
  readonly #paths: PathsTo;
  readonly #last = new Map<number, LastEdge[]>();
  readonly #known = new Map<number, readonly Onward[]>();
  readonly #keys = new Map<number, string>();

  constructor(graph: SecurityGraph, last: readonly LastEdge[], paths: PathsTo) {
    this.#graph = graph;
    this.#paths = paths;
    for (const edge of last) {
      const known = this.#last.get(edge.from) ?? [];
      // Several things of one sort at one place (pods of a node that refer to the secret) are one way.
      if (!known.some(({ rule }) => rule === edge.rule)) this.#last.set(edge.from, [...known, edge]);
    }
  }

  of(node: number): readonly Onward[] {
    let found = this.#known.get(node);
    if (found === undefined) {
      found = [...this.#edges(node)].sort((a, b) => this.#compare(a, b));
      this.#known.set(node, found);
    }
    return found;
  }

  /** Costs that differ by less than any edge costs are equal: then the table decides, then names. */
  #compare(a: Onward, b: Onward): number {
    const difference = inQuanta(a.total) - inQuanta(b.total);
    if (difference !== 0) return difference;
    if (a.rule !== b.rule) return a.rule - b.rule;
    if (a.to === b.to)
      return a.edge >= 0 && isPreferredProof(this.#graph.proof(a.edge), this.#graph.proof(b.edge)) ? -1 : 1;
    return this.#keyOf(a.to) < this.#keyOf(b.to) ? -1 : 1;
  }

  #keyOf(node: number): string {
    const known = this.#keys.get(node);
    if (known !== undefined) return known;
    const found = this.#graph.nodes[node];
    const key = found === undefined ? "" : nodeKey(found);
    this.#keys.set(node, key);
    return key;
  }

  *#edges(node: number): Generator<Onward> {
    for (const last of this.#last.get(node) ?? []) {
      const cost = edgeCosts[last.rule] ?? Infinity;
      yield { edge: -1, last, to: -1, cost, total: cost, rule: last.rule };
    }
    const { edges } = this.#graph;
    const { starts, edges: outgoing } = edges.outgoing;
    for (let place = starts[node]!; place < starts[node + 1]!; place++) {
      const edge = outgoing[place]!; // below the end of the node's edges
      const to = edges.to[edge]!;
      const rest = this.#paths.cost[to]!;
      const rule = edges.rule[edge]!;
      const cost = edgeCosts[rule]!;
      if (rest < Infinity) yield { edge, last: undefined, to, cost, total: cost + rest, rule };
    }
  }
}

/** A heap by the least total; equal ones in the order they came. */
class BeginningQueue {
  readonly #items: (Beginning & { readonly order: number })[] = [];
  #order = 0;

  push(beginning: Beginning): void {
    const items = this.#items;
    const item = { ...beginning, order: this.#order++ };
    let place = items.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(item, items[parent]!)) break;
      items[place] = items[parent]!;
      place = parent;
    }
    items[place] = item;
  }

  pop(): Beginning | undefined {
    const items = this.#items;
    const [first, moved] = [items[0], items.pop()];
    if (first === undefined || moved === undefined || items.length === 0) return first;
    let place = 0;
    for (let child = 1; child < items.length; child = 2 * place + 1) {
      if (child + 1 < items.length && isBefore(items[child + 1]!, items[child]!)) child++;
      if (!isBefore(items[child]!, moved)) break;
      items[place] = items[child]!;
      place = child;
    }
    items[place] = moved;
    return first;
  }
}

function isBefore(
  a: { readonly total: number; readonly order: number },
  b: { readonly total: number; readonly order: number },
): boolean {
  return a.total === b.total ? a.order < b.order : a.total < b.total;
}
