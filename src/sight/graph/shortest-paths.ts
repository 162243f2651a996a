/**
 * The easiest ways to one place from everywhere at once, or from one to everywhere: Dijkstra over the edges.
 *
 * The ease of a way is the product of its edges' eases, so the cost of an edge is minus the logarithm of its ease. Each
 * step costs a little more, each edge that is no step still less: of equally easy ways the shorter wins, and no circle
 * is free. Equal costs are decided by the table's order and then by names, never by the order of the input.
 */
import { edgeRules } from "./edge-rules.ts";
import { nodeKey } from "./graph-node.ts";
import { isPreferredProof } from "./security-graph.ts";
import type { LastEdge, SecurityGraph } from "./security-graph.ts";

const stepCost = 1e-6;
const freeCost = 1e-9;
const equalCosts = 1e-12;

/** More than all logarithms of a way: the number of steps decides before the ease. */
const stepCostFirst = 1000;

const costsBy = {
  ease: Float64Array.from(edgeRules, ({ ease, free }) => -Math.log(ease) + (free ? freeCost : stepCost)),
  steps: Float64Array.from(edgeRules, ({ ease, free }) => -Math.log(ease) + (free ? freeCost : stepCostFirst)),
};

/** What each edge of the table costs where ease decides. */
export const edgeCosts = costsBy.ease;

/** From each node, how it goes on. */
export interface PathsTo {
  /** Infinity where no way leads to the place. */
  readonly cost: Float64Array;
  /** The edge by which it goes on; -1 where `last` says it. */
  readonly next: Int32Array;
  readonly last: ReadonlyMap<number, LastEdge>;
}

/** The easiest ways, or those of the fewest steps, to what the edges `last` end at. */
export function pathsTo(graph: SecurityGraph, last: readonly LastEdge[], by: "ease" | "steps" = "ease"): PathsTo {
  const costs = costsBy[by];
  const { edges, nodes } = graph;
  const cost = new Float64Array(nodes.length).fill(Infinity);
  const next = new Int32Array(nodes.length).fill(-1);
  const lastOf = new Map<number, LastEdge>();
  const queue = new CostQueue(cost);
  for (const edge of last) {
    const known = lastOf.get(edge.from);
    if (known !== undefined && known.rule <= edge.rule) continue;
    lastOf.set(edge.from, edge);
    cost[edge.from] = costs[edge.rule] ?? Infinity;
    queue.push(edge.from);
  }
  const { starts, edges: incoming } = edges.incoming;
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    for (let place = starts[node]!; place < starts[node + 1]!; place++) {
      const edge = incoming[place]!; // below the end of the node's edges
      const from = edges.from[edge]!;
      const through = cost[node]! + costs[edges.rule[edge]!]!;
      if (through < cost[from]! - equalCosts) {
        cost[from] = through;
        next[from] = edge;
        lastOf.delete(from);
        queue.push(from);
      } else if (
        through <= cost[from]! + equalCosts &&
        !lastOf.has(from) &&
        comesFirst(graph, edge, next[from]!, edges.to)
      ) {
        next[from] = edge;
      }
    }
  }
  return { cost, next, last: lastOf };
}

/** To each node, how it was come to. */
export interface PathsFrom {
  /** Infinity where no way leads. */
  readonly cost: Float64Array;
  /** The edge by which it is come to; -1 at the start. */
  readonly previous: Int32Array;
}

/** The easiest ways from a node. */
export function pathsFrom(graph: SecurityGraph, start: number): PathsFrom {
  const costs = costsBy.ease;
  const { edges, nodes } = graph;
  const cost = new Float64Array(nodes.length).fill(Infinity);
  const previous = new Int32Array(nodes.length).fill(-1);
  const queue = new CostQueue(cost);
  cost[start] = 0;
  queue.push(start);
  const { starts, edges: outgoing } = edges.outgoing;
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    for (let place = starts[node]!; place < starts[node + 1]!; place++) {
      const edge = outgoing[place]!; // below the end of the node's edges
      const to = edges.to[edge]!;
      const through = cost[node]! + costs[edges.rule[edge]!]!;
      if (through < cost[to]! - equalCosts) {
        cost[to] = through;
        previous[to] = edge;
        queue.push(to);
      } else if (through <= cost[to]! + equalCosts && previous[to]! >= 0) {
        if (comesFirst(graph, edge, previous[to]!, edges.from)) previous[to] = edge;
      }
    }
  }
  return { cost, previous };
}

/** Whether one of two equally good edges is to be preferred; of one rule, by the other ends, then by what proves it. */
function comesFirst(graph: SecurityGraph, edge: number, other: number, ends: Int32Array): boolean {
  const { edges, nodes } = graph;
  const [rule, otherRule] = [edges.rule[edge]!, edges.rule[other]!];
  if (rule !== otherRule) return rule < otherRule;
  if (ends[edge] === ends[other]) return isPreferredProof(graph.proof(edge), graph.proof(other));
  const [to, otherTo] = [nodes[ends[edge]!], nodes[ends[other]!]];
  return to !== undefined && otherTo !== undefined && nodeKey(to) < nodeKey(otherTo);
}

/** A heap of nodes by cost. A node may be in it twice; what is outdated is passed over by its place in `done`. */
class CostQueue {
  readonly #cost: Float64Array;
  readonly #done: Uint8Array;
  readonly #nodes: number[] = [];
  readonly #keys: number[] = [];

  constructor(cost: Float64Array) {
    this.#cost = cost;
    this.#done = new Uint8Array(cost.length);
  }

  push(node: number): void {
    const [nodes, keys] = [this.#nodes, this.#keys];
    const key = this.#cost[node]!;
    let place = nodes.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (keys[parent]! <= key) break;
      nodes[place] = nodes[parent]!;
      keys[place] = keys[parent]!;
      place = parent;
    }
    nodes[place] = node;
    keys[place] = key;
  }

  /** The cheapest node that was not yet taken. */
  pop(): number | undefined {
    while (this.#nodes.length > 0) {
      const first = this.#nodes[0]!;
      this.#removeFirst();
      if (this.#done[first] === 1) continue;
      this.#done[first] = 1;
      return first;
    }
    return undefined;
  }

  #removeFirst(): void {
    const [nodes, keys] = [this.#nodes, this.#keys];
    const node = nodes.pop()!; // there is one
    const key = keys.pop()!;
    const length = nodes.length;
    if (length === 0) return;
    let place = 0;
    for (let child = 1; child < length; child = 2 * place + 1) {
      if (child + 1 < length && keys[child + 1]! < keys[child]!) child++;
      if (keys[child]! >= key) break;
      nodes[place] = nodes[child]!;
      keys[place] = keys[child]!;
      place = child;
    }
    nodes[place] = node;
    keys[place] = key;
  }
}
