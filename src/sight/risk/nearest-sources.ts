/**
 * For every node of a graph the few sources from which it is come to most likely, in one search from all sources at once:
 * Dijkstra on the product of likelihood and eases, in which a node is settled once for each of its best sources.
 *
 * Products, not sums of logarithms: multiplying keeps the order exactly, so that a further edge never makes a value
 * smaller. Equal values are decided by the number of edges and then by names, never by the order of the input.
 */
import { edgeRules } from "../graph/edge-rules.ts";
import { nodeKey } from "../graph/graph-node.ts";
import type { SecurityGraph } from "../graph/security-graph.ts";
import { BestHeap } from "./best-heap.ts";

/** Where an attack may begin. Of sources with one name, each node has the best only. */
export interface Source {
  readonly name: string;
  /** The number of its node. */
  readonly node: number;
  /** From 0 to 1. */
  readonly likelihood: number;
}

/** A source as seen from a node. */
export interface Nearby {
  readonly source: Source;
  /** The likelihood of the source times the eases on the way. */
  readonly value: number;
  /** Numbers of the edges from the source to the node. */
  readonly edges: readonly number[];
}

/** Labels in arrays: a label is a node with a source from which it is come to. */
class Labels {
  node = new Int32Array(4096);
  source = new Int32Array(4096);
  value = new Float64Array(4096);
  edges = new Int32Array(4096);
  /** The label before it, and the edge from there; -1 at a source. */
  previous = new Int32Array(4096);
  edge = new Int32Array(4096);
  length = 0;

  add(label: { node: number; source: number; value: number; edges: number; previous: number; edge: number }): number {
    if (this.length === this.node.length) this.#grow();
    const number = this.length++;
    this.node[number] = label.node;
    this.source[number] = label.source;
    this.value[number] = label.value;
    this.edges[number] = label.edges;
    this.previous[number] = label.previous;
    this.edge[number] = label.edge;
    return number;
  }

  #grow(): void {
    for (const name of ["node", "source", "edges", "previous", "edge"] as const) {
      const larger = new Int32Array(this.length * 2);
      larger.set(this[name]);
      this[name] = larger;
    }
    const values = new Float64Array(this.length * 2);
    values.set(this.value);
    this.value = values;
  }
}

const eases = Float64Array.from(edgeRules, ({ ease }) => ease);

export class NearestSources {
  readonly #sources: readonly Source[];
  readonly #labels = new Labels();
  /** Settled labels of each node, `perNode` places each; -1 for none. */
  readonly #settled: Int32Array;
  readonly #perNode: number;

  /** Costs time in proportion to `perNode` times the edges, and some 40 bytes for each edge that was looked at. */
  constructor(graph: SecurityGraph, sources: readonly Source[], perNode: number) {
    this.#sources = sources.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    this.#perNode = perNode;
    this.#settled = new Int32Array(graph.nodes.length * perNode).fill(-1);
    this.#search(graph);
  }

  /** The sources of a node, the best first. */
  of(node: number): Nearby[] {
    const found: Nearby[] = [];
    for (let place = node * this.#perNode; place < (node + 1) * this.#perNode; place++) {
      const label = this.#settled[place]!; // in range
      if (label < 0) break;
      const { value, source } = this.#labels;
      found.push({ source: this.#sources[source[label]!]!, value: value[label]!, edges: this.#edgesOf(label) });
    }
    return found;
  }

  #edgesOf(label: number): number[] {
    const edges: number[] = [];
    for (let at = label; this.#labels.edge[at]! >= 0; at = this.#labels.previous[at]!) {
      edges.push(this.#labels.edge[at]!);
    }
    return edges.toReversed();
  }

  #search(graph: SecurityGraph): void {
    const labels = this.#labels;
    const { edges } = graph;
    const names = this.#nameNumbers();
    const ranks = ranksOf(graph);
    const heap = new BestHeap((a, b) => {
      if (labels.value[a] !== labels.value[b]) return labels.value[a]! > labels.value[b]!;
      if (labels.edges[a] !== labels.edges[b]) return labels.edges[a]! < labels.edges[b]!;
      return this.#comesFirst({ a, b, ranks, names, graph });
    });
    for (const [source, { node, likelihood }] of this.#sources.entries()) {
      heap.push(labels.add({ node, source, value: likelihood, edges: 0, previous: -1, edge: -1 }));
    }
    const { starts, edges: outgoing } = edges.outgoing;
    for (let label = heap.pop(); label >= 0; label = heap.pop()) {
      const node = labels.node[label]!;
      const source = labels.source[label]!;
      if (!this.#settle(node, label, names)) continue;
      for (let place = starts[node]!; place < starts[node + 1]!; place++) {
        const edge = outgoing[place]!; // of the node
        const to = edges.to[edge]!;
        if (!this.#isOpen(to, names[source]!, names)) continue;
        const value = labels.value[label]! * eases[edges.rule[edge]!]!;
        heap.push(labels.add({ node: to, source, value, edges: labels.edges[label]! + 1, previous: label, edge }));
      }
    }
  }

  /** Equal names are one source. */
  #nameNumbers(): Int32Array {
    const numbers = new Map<string, number>();
    return Int32Array.from(this.#sources, ({ name }) => {
      const number = numbers.get(name) ?? numbers.size;
      numbers.set(name, number);
      return number;
    });
  }

  #settle(node: number, label: number, names: Int32Array): boolean {
    const name = names[this.#labels.source[label]!]!;
    for (let place = node * this.#perNode; place < (node + 1) * this.#perNode; place++) {
      const known = this.#settled[place]!;
      if (known < 0) {
        this.#settled[place] = label;
        return true;
      }
      if (names[this.#labels.source[known]!] === name) return false;
    }
    return false;
  }

  #isOpen(node: number, name: number, names: Int32Array): boolean {
    const first = node * this.#perNode;
    if (this.#settled[first + this.#perNode - 1]! >= 0) return false;
    for (let place = first; this.#settled[place]! >= 0; place++) {
      if (names[this.#labels.source[this.#settled[place]!]!] === name) return false;
    }
    return true;
  }

  #comesFirst(tie: { a: number; b: number; ranks: Int32Array; names: Int32Array; graph: SecurityGraph }): boolean {
    const { a, b, ranks, names, graph } = tie;
    const { source, node, edge } = this.#labels;
    const [left, right] = [names[source[a]!]!, names[source[b]!]!];
    if (left !== right) return left < right;
    if (node[a] !== node[b]) return ranks[node[a]!]! < ranks[node[b]!]!;
    if (edge[a]! < 0 || edge[b]! < 0) return edge[a]! < edge[b]!;
    const [leftRule, rightRule] = [graph.edges.rule[edge[a]!]!, graph.edges.rule[edge[b]!]!];
    if (leftRule !== rightRule) return leftRule < rightRule;
    return ranks[graph.edges.from[edge[a]!]!]! < ranks[graph.edges.from[edge[b]!]!]!;
  }
}

/** The place of each node in the order of their names. */
function ranksOf(graph: SecurityGraph): Int32Array {
  const keys = graph.nodes.map((node) => nodeKey(node));
  const order = Array.from(keys, (_, number) => number).sort((a, b) => (keys[a]! < keys[b]! ? -1 : 1));
  const ranks = new Int32Array(keys.length);
  for (const [rank, number] of order.entries()) ranks[number] = rank;
  return ranks;
}
