/**
 * Who can become what, in one graph that is built once from the facts of a source.
 *
 * Nodes are identities, workloads and capabilities ({@link Capability}); a secret that leads nowhere is no node, so that
 * the size of the graph does not depend on how many secrets somebody can read.
 */
import type { Coverage, FactSet } from "../facts/fact-set.ts";
import type { BindingFact, Fact, SecretFact, WorkloadFact } from "../facts/facts.ts";
import { capabilitiesReaching } from "./capability.ts";
import type { EdgeId } from "./edge-rule.ts";
import { edgeNumber } from "./edge-rules.ts";
import { EdgeList } from "./edge-list.ts";
import type { Edges } from "./edge-list.ts";
import { capabilityKey, nodeKey } from "./graph-node.ts";
import type { GraphNode } from "./graph-node.ts";
import type { Grant } from "./rights.ts";

/** What shows that an edge is there: rules that allow it, or objects that make it. */
export interface Proof {
  readonly grants: readonly Grant[];
  readonly facts: readonly Fact[];
}

/** A secret that is asked about; it need not be in the source. */
export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

/** An edge to a secret, from a node. */
export interface LastEdge {
  readonly from: number;
  readonly rule: number;
  readonly proof: Proof;
}

export const noProof: Proof = { grants: [], facts: [] };

/** The graph while it is built. */
export class GraphBuilder {
  readonly facts: FactSet;
  readonly #nodes: GraphNode[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #edges = new EdgeList();
  readonly #proofs: Proof[] = [noProof];
  readonly #unresolved: BindingFact[] = [];

  constructor(facts: FactSet) {
    this.facts = facts;
  }

  /** The number of a node, which is made if it is new. */
  node(node: GraphNode): number {
    const key = nodeKey(node);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#nodes.length;
    this.#nodes.push(node);
    this.#numbers.set(key, number);
    return number;
  }

  /** The number of a node that is there. */
  find(node: GraphNode): number | undefined {
    return this.#numbers.get(nodeKey(node));
  }

  edge(from: number, to: number, id: EdgeId, proof: Proof = noProof): void {
    let number = 0;
    if (proof !== noProof) {
      number = this.#proofs.length;
      this.#proofs.push(proof);
    }
    this.#edges.add({ from, to, rule: edgeNumber(id), proof: number });
  }

  /** A binding whose role is not known: what it gives is unknown too. */
  noteUnresolved(binding: BindingFact): void {
    this.#unresolved.push(binding);
  }

  /** The nodes so far; more may be added while they are read. */
  get nodes(): readonly GraphNode[] {
    return this.#nodes;
  }

  finish(): SecurityGraph {
    return new SecurityGraph({
      facts: this.facts,
      nodes: this.#nodes,
      numbers: this.#numbers,
      edges: this.#edges.freeze(this.#nodes.length),
      proofs: this.#proofs,
      unresolved: this.#unresolved,
    });
  }
}

interface Parts {
  readonly facts: FactSet;
  readonly nodes: readonly GraphNode[];
  readonly numbers: ReadonlyMap<string, number>;
  readonly edges: Edges;
  readonly proofs: readonly Proof[];
  readonly unresolved: readonly BindingFact[];
}

export class SecurityGraph {
  readonly facts: FactSet;
  readonly nodes: readonly GraphNode[];
  readonly edges: Edges;
  /** Bindings whose roles the source does not have. */
  readonly unresolved: readonly BindingFact[];
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #proofs: readonly Proof[];
  readonly #users = new Map<string, WorkloadFact[]>();

  constructor({ facts, nodes, numbers, edges, proofs, unresolved }: Parts) {
    this.facts = facts;
    this.nodes = nodes;
    this.edges = edges;
    this.unresolved = unresolved;
    this.#numbers = numbers;
    this.#proofs = proofs;
    for (const node of nodes) if (node.type === "workload") this.#noteUses(node.workload);
    for (const users of this.#users.values())
      users.sort((a, b) => (`${a.kind} ${a.name}` < `${b.kind} ${b.name}` ? -1 : 1));
  }

  get coverage(): Coverage {
    return this.facts.coverage;
  }

  find(node: GraphNode): number | undefined {
    return this.#numbers.get(nodeKey(node));
  }

  proof(edge: number): Proof {
    return this.#proofs[this.edges.proof[edge] ?? 0] ?? noProof;
  }

  /** The workloads that refer to a secret. */
  usersOf({ namespace, name }: SecretName): readonly WorkloadFact[] {
    return this.#users.get(`${namespace}\n${name}`) ?? [];
  }

  /** The edges that end at a secret: from what reads it by a right, and from what has it already. */
  edgesTo(secret: SecretName): LastEdge[] {
    const found: LastEdge[] = [];
    for (const capability of capabilitiesReaching("read-secret", secret.namespace, secret.name)) {
      const from = this.#numbers.get(capabilityKey(capability));
      if (from !== undefined) found.push({ from, rule: edgeNumber("concerns"), proof: noProof });
    }
    for (const workload of this.usersOf(secret)) this.#edgesFrom(workload, secret, found);
    return found;
  }

  /** What is in the container, and what only its node needs to see. */
  #edgesFrom(workload: WorkloadFact, { name }: SecretName, found: LastEdge[]): void {
    const proof = { grants: [], facts: [workload] };
    const from = this.find({ type: "workload", workload });
    if (from !== undefined && hasInside(workload, name)) {
      found.push({ from, rule: edgeNumber("secret-in-pod"), proof });
    }
    const node = workload.node === "" || workload.mirror ? undefined : this.find({ type: "node", name: workload.node });
    if (node !== undefined) found.push({ from: node, rule: edgeNumber("node-reads-secret"), proof });
  }

  #noteUses(workload: WorkloadFact): void {
    const names = new Set(workload.references.filter(({ kind }) => kind === "secret").map(({ name }) => name));
    for (const name of names) {
      const key = `${workload.namespace}\n${name}`;
      const known = this.#users.get(key);
      if (known === undefined) this.#users.set(key, [workload]);
      else known.push(workload);
    }
  }
}

const inside: ReadonlySet<string> = new Set(["environment", "environment-from", "volume", "projected-volume"]);

/** Whether a secret is in the containers of a workload: credentials for pulling images and for drivers are not. */
export function hasInside(workload: WorkloadFact, secret: string): boolean {
  return workload.references.some(({ kind, name, way }) => kind === "secret" && name === secret && inside.has(way));
}

/** The secrets that are tokens of accounts. */
export function tokenSecrets(facts: FactSet): SecretFact[] {
  return facts.of("Secret").filter(({ tokenOf }) => tokenOf !== "");
}
