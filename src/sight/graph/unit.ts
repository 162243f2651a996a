/** The pieces a graph is made of: each is derived from some facts by itself, and made anew when they change. */
import type { FactReader } from "../facts/fact-set.ts";
import type { Dependencies, Derivation } from "./dependencies.ts";
import type { EdgeId } from "./edge-rule.ts";
import { edgeNumber } from "./edge-rules.ts";
import type { AttenuatedEdge } from "./edge-rules.ts";
import type { GraphNode } from "./graph-node.ts";
import type { GraphTable } from "./graph-table.ts";
import { noProof } from "./security-graph.ts";
import type { Proof } from "./security-graph.ts";

/** What whoever derives edges is given: facts to read, and where to say what follows from them. */
export interface GraphBuilder {
  /** What is read here is noted: the edges are made anew when it changes. */
  readonly facts: FactReader;
  /** The number of a node. It is in the graph when something brings it. */
  node(node: GraphNode): number;
  /** The node is there, whatever leads to it. */
  claim(node: number): void;
  /** An edge that brings its ends with it. */
  edge(from: number, to: number, id: EdgeId | AttenuatedEdge, proof?: Proof): void;
  /** An edge that is there when both of its ends are, whatever brings them. */
  link(from: number, to: number, id: EdgeId | AttenuatedEdge, proof?: Proof): void;
}

/** One piece. */
export class Unit implements Derivation {
  reads: readonly string[] = [];
  readonly edges: number[] = [];
  /** The nodes it brings. */
  readonly nodes: number[] = [];
  isCurrent = false;
  readonly derive: (builder: GraphBuilder) => void;
  readonly #onInvalid: (unit: Unit) => void;

  constructor(derive: (builder: GraphBuilder) => void, onInvalid: (unit: Unit) => void) {
    this.derive = derive;
    this.#onInvalid = onInvalid;
  }

  invalidate(): void {
    if (!this.isCurrent) return;
    this.isCurrent = false;
    this.#onInvalid(this);
  }
}

/** Puts what units say into a table. */
export class UnitWriter {
  readonly #table: GraphTable;
  readonly #facts: FactReader;
  readonly #dependencies: Dependencies;

  constructor(table: GraphTable, facts: FactReader, dependencies: Dependencies) {
    this.#table = table;
    this.#facts = facts;
    this.#dependencies = dependencies;
  }

  /** Makes a unit anew. With `claims`, what it brings is there; else it is there while somebody follows `nodes`. */
  write(unit: Unit, { claims }: { readonly claims: boolean }): void {
    this.#takeBack(unit, claims);
    unit.isCurrent = true;
    const builder = this.#builderFor(unit, claims);
    this.#dependencies.run(unit, () => unit.derive(builder));
  }

  erase(unit: Unit, { claims }: { readonly claims: boolean }): void {
    this.#dependencies.forget(unit);
    unit.isCurrent = false;
    this.#takeBack(unit, claims);
  }

  #takeBack(unit: Unit, claims: boolean): void {
    for (const edge of unit.edges) this.#table.removeEdge(edge);
    if (claims) for (const node of unit.nodes) this.#table.release(node);
    unit.edges.length = 0;
    unit.nodes.length = 0;
  }

  #builderFor({ edges, nodes }: Unit, claims: boolean): GraphBuilder {
    const table = this.#table;
    const bring = (node: number) => {
      nodes.push(node);
      if (claims) table.claim(node);
    };
    const link = (from: number, to: number, id: EdgeId | AttenuatedEdge, proof: Proof = noProof) =>
      void edges.push(table.addEdge({ from, to, rule: edgeNumber(id), proof }));
    return {
      facts: this.#facts,
      node: (node) => table.intern(node),
      claim: bring,
      link,
      edge: (from, to, id, proof) => {
        link(from, to, id, proof);
        if (claims) bring(from);
        bring(to);
      },
    };
  }
}
