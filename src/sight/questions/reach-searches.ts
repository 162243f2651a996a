/** Whether a principal comes to secrets in either of two graphs, by searches from whichever side is cheaper. */
import type { LastEdge, SecurityGraph } from "../graph/security-graph.ts";
import { reachedFrom, reachingTo } from "./reach.ts";

/** Each question is about the edges to secrets and the number of a principal, in the graph of its name. */
export interface Reach {
  before(last: readonly LastEdge[], principal: number): boolean;
  after(last: readonly LastEdge[], principal: number): boolean;
}

/** One search for each set of places that the edges begin at; the last one is kept. */
export class SearchesFromTargets implements Reach {
  readonly #before: LastSearch;
  readonly #after: LastSearch;

  constructor(before: SecurityGraph, after: SecurityGraph) {
    this.#before = new LastSearch(before);
    this.#after = new LastSearch(after);
  }

  before(last: readonly LastEdge[], principal: number): boolean {
    return this.#before.to(last)[principal] === 1;
  }

  after(last: readonly LastEdge[], principal: number): boolean {
    return this.#after.to(last)[principal] === 1;
  }
}

class LastSearch {
  readonly #graph: SecurityGraph;
  #edges: readonly LastEdge[] | undefined;
  #key = "";
  #reaching: Uint8Array = new Uint8Array();

  constructor(graph: SecurityGraph) {
    this.#graph = graph;
  }

  to(last: readonly LastEdge[]): Uint8Array {
    if (last === this.#edges) return this.#reaching;
    const key = sourcesKey(last);
    if (this.#edges === undefined || key !== this.#key) {
      this.#reaching = reachingTo(
        this.#graph,
        last.map(({ from }) => from),
      );
    }
    [this.#edges, this.#key] = [last, key];
    return this.#reaching;
  }
}

/** The places that edges begin at, as a text that is the same for the same places. */
export function sourcesKey(edges: readonly LastEdge[]): string {
  return [...new Set(edges.map(({ from }) => from))].sort((a, b) => a - b).join(",");
}

/** One search for each principal that is asked about; all are kept. */
export class SearchesFromPrincipals implements Reach {
  readonly #before: KeptSearches;
  readonly #after: KeptSearches;

  constructor(before: SecurityGraph, after: SecurityGraph) {
    this.#before = new KeptSearches(before);
    this.#after = new KeptSearches(after);
  }

  before(last: readonly LastEdge[], principal: number): boolean {
    return this.#before.reaches(last, principal);
  }

  after(last: readonly LastEdge[], principal: number): boolean {
    return this.#after.reaches(last, principal);
  }
}

class KeptSearches {
  readonly #graph: SecurityGraph;
  readonly #reached = new Map<number, Uint8Array>();

  constructor(graph: SecurityGraph) {
    this.#graph = graph;
  }

  reaches(last: readonly LastEdge[], principal: number): boolean {
    const reached = this.#reached.get(principal) ?? reachedFrom(this.#graph, [principal]);
    this.#reached.set(principal, reached);
    return last.some(({ from }) => reached[from] === 1);
  }
}
