/**
 * Nodes and edges under numbers that stay, of a graph that changes.
 *
 * A node is there when something claims it, or when it is led to from a node that is there by an edge that brings its
 * end with it. An edge counts when both of its ends are there: so what capabilities would reach can be said before
 * anybody has them.
 */
import { freezeEdges } from "./edge-list.ts";
import type { Edges } from "./edge-list.ts";
import { nodeKey } from "./graph-node.ts";
import type { GraphNode } from "./graph-node.ts";
import { noProof } from "./security-graph.ts";
import type { Proof } from "./security-graph.ts";

/** The part of a table that is there, numbered without gaps. */
export interface FrozenTable {
  readonly nodes: readonly GraphNode[];
  readonly edges: Edges;
  readonly proofs: readonly Proof[];
  /** The number, by the number in the table; -1 for what is not there. */
  readonly places: Int32Array;
}

const absent = -1;

export class GraphTable {
  readonly #nodes: (GraphNode | undefined)[] = [];
  readonly #numbers = new Map<string, number>();
  /** When a node was last said to be what it is. */
  readonly #seen: number[] = [];
  #now = 0;
  readonly #claims: number[] = [];
  /** Edges and claims of a node. */
  readonly #uses: number[] = [];
  readonly #freeNodes: number[] = [];
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #rule: number[] = [];
  readonly #proof: Proof[] = [];
  readonly #freeEdges: number[] = [];

  /** One more than the highest number of a node. */
  get size(): number {
    return this.#nodes.length;
  }

  get counts(): { readonly nodes: number; readonly edges: number } {
    return { nodes: this.#numbers.size, edges: this.#from.length - this.#freeEdges.length };
  }

  /** From now on nodes may be of another content than before. */
  nextState(): void {
    this.#now++;
  }

  /** The number of a node, which is noted if it is new; that does not make it be there. Of one state the first is kept. */
  intern(node: GraphNode): number {
    const key = nodeKey(node);
    const known = this.#numbers.get(key);
    if (known !== undefined) {
      if (this.#seen[known] !== this.#now) this.#nodes[known] = node;
      this.#seen[known] = this.#now;
      return known;
    }
    const number = this.#freeNodes.pop() ?? this.#nodes.length;
    this.#nodes[number] = node;
    this.#seen[number] = this.#now;
    this.#claims[number] = 0;
    this.#uses[number] = 0;
    this.#numbers.set(key, number);
    return number;
  }

  find(key: string): number | undefined {
    return this.#numbers.get(key);
  }

  node(number: number): GraphNode | undefined {
    return this.#nodes[number];
  }

  claim(node: number): void {
    this.#claims[node]!++; // numbers are those of nodes, here and below
    this.#uses[node]!++;
  }

  release(node: number): void {
    this.#claims[node]!--;
    this.#uses[node]!--;
  }

  isClaimed(node: number): boolean {
    return this.#claims[node]! > 0;
  }

  addEdge(edge: { readonly from: number; readonly to: number; readonly rule: number; readonly proof: Proof }): number {
    const number = this.#freeEdges.pop() ?? this.#from.length;
    this.#from[number] = edge.from;
    this.#to[number] = edge.to;
    this.#rule[number] = edge.rule;
    this.#proof[number] = edge.proof;
    this.#uses[edge.from]!++;
    this.#uses[edge.to]!++;
    return number;
  }

  removeEdge(edge: number): void {
    this.#uses[this.#from[edge]!]!--;
    this.#uses[this.#to[edge]!]!--;
    this.#from[edge] = absent;
    this.#proof[edge] = noProof;
    this.#freeEdges.push(edge);
  }

  /** Forgets the nodes that nothing speaks of. */
  sweep(): void {
    for (let number = 0; number < this.#nodes.length; number++) {
      const node = this.#nodes[number];
      if (node === undefined || this.#uses[number]! > 0) continue;
      this.#numbers.delete(nodeKey(node));
      this.#nodes[number] = undefined;
      this.#freeNodes.push(number);
    }
  }

  /** What is there, when those nodes are for which `isThere` has true. */
  freeze(isThere: readonly (boolean | undefined)[]): FrozenTable {
    const places = new Int32Array(this.#nodes.length).fill(absent);
    const nodes: GraphNode[] = [];
    for (let number = 0; number < this.#nodes.length; number++) {
      const node = this.#nodes[number];
      if (node === undefined || isThere[number] !== true) continue;
      places[number] = nodes.length;
      nodes.push(node);
    }
    return { nodes, places, ...this.#freezeEdges(places, nodes.length) };
  }

  #freezeEdges(places: Int32Array, nodes: number): Pick<FrozenTable, "edges" | "proofs"> {
    const most = this.#from.length;
    const [from, to, rule] = [new Int32Array(most), new Int32Array(most), new Uint8Array(most)];
    const proofs: Proof[] = [];
    let length = 0;
    for (let edge = 0; edge < most; edge++) {
      if (this.#from[edge] === absent) continue;
      const [start, end] = [places[this.#from[edge]!]!, places[this.#to[edge]!]!];
      if (start === absent || end === absent) continue;
      from[length] = start;
      to[length] = end;
      rule[length++] = this.#rule[edge]!;
      proofs.push(this.#proof[edge]!);
    }
    const cut = { from: from.slice(0, length), to: to.slice(0, length), rule: rule.slice(0, length) };
    return { edges: freezeEdges(cut, nodes), proofs };
  }
}
