/** Directed edges between numbered nodes, in typed arrays that can be walked both ways. */

/** Edges that are still being added. */
export class EdgeList {
  #from = new Int32Array(1024);
  #to = new Int32Array(1024);
  #rule = new Uint8Array(1024);
  #proof = new Int32Array(1024);
  #length = 0;

  add(edge: { readonly from: number; readonly to: number; readonly rule: number; readonly proof: number }): void {
    if (this.#length === this.#from.length) this.#grow();
    this.#from[this.#length] = edge.from;
    this.#to[this.#length] = edge.to;
    this.#rule[this.#length] = edge.rule;
    this.#proof[this.#length] = edge.proof;
    this.#length++;
  }

  /** The edges that there are, for `nodes` nodes. */
  freeze(nodes: number): Edges {
    const from = this.#from.slice(0, this.#length);
    const to = this.#to.slice(0, this.#length);
    return {
      from,
      to,
      rule: this.#rule.slice(0, this.#length),
      proof: this.#proof.slice(0, this.#length),
      outgoing: adjacency(from, nodes),
      incoming: adjacency(to, nodes),
    };
  }

  #grow(): void {
    const size = this.#length * 2;
    const larger = (array: Int32Array<ArrayBuffer>) => {
      const copy = new Int32Array(size);
      copy.set(array);
      return copy;
    };
    this.#from = larger(this.#from);
    this.#to = larger(this.#to);
    this.#proof = larger(this.#proof);
    const rules = new Uint8Array(size);
    rules.set(this.#rule);
    this.#rule = rules;
  }
}

export interface Edges {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly rule: Uint8Array;
  /** The number of what proves the edge. */
  readonly proof: Int32Array;
  readonly outgoing: Adjacency;
  readonly incoming: Adjacency;
}

/** For node n, the numbers of its edges are `edges[starts[n]]` to before `edges[starts[n + 1]]`. */
export interface Adjacency {
  readonly starts: Int32Array;
  readonly edges: Int32Array;
}

function adjacency(ends: Int32Array, nodes: number): Adjacency {
  const starts = new Int32Array(nodes + 1);
  for (const node of ends) starts[node + 1]!++; // nodes are below the count
  for (let node = 0; node < nodes; node++) starts[node + 1]! += starts[node]!;
  const next = starts.slice();
  const edges = new Int32Array(ends.length);
  for (let edge = 0; edge < ends.length; edge++) edges[next[ends[edge]!]!++] = edge;
  return { starts, edges };
}
