/** Directed edges between numbered nodes, in typed arrays that can be walked both ways. */

export interface Edges {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly rule: Uint8Array;
  readonly outgoing: Adjacency;
  readonly incoming: Adjacency;
}

/** For node n, the numbers of its edges are `edges[starts[n]]` to before `edges[starts[n + 1]]`. */
export interface Adjacency {
  readonly starts: Int32Array;
  readonly edges: Int32Array;
}

/** The edges, for `nodes` nodes. */
export function freezeEdges(edges: Pick<Edges, "from" | "to" | "rule">, nodes: number): Edges {
  return { ...edges, outgoing: adjacency(edges.from, nodes), incoming: adjacency(edges.to, nodes) };
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
