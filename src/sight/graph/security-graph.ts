/**
 * Who can become what, in one graph that follows from the facts of a source.
 *
 * Nodes are identities, workloads and capabilities ({@link Capability}); a secret that leads nowhere is no node, so that
 * the size of the graph does not depend on how many secrets somebody can read.
 */
import { factKey } from "../facts/fact-set.ts";
import type { Coverage, FactSet } from "../facts/fact-set.ts";
import type { BindingFact, Fact, WorkloadFact } from "../facts/facts.ts";
import { capabilitiesReaching } from "./capability.ts";
import { edgeIds } from "./edge-rule.ts";
import { edgeNumber, edgeRules } from "./edge-rules.ts";
import type { Edges } from "./edge-list.ts";
import { capabilityKey, nodeKey, secretKey } from "./graph-node.ts";
import type { GraphNode } from "./graph-node.ts";
import type { Grant } from "./rights.ts";
import { deniableVerbs, denialOf } from "./secret-denials.ts";
import type { Denial } from "./secret-denials.ts";

/** What shows that an edge is there: rules that allow it, or objects that make it. */
export interface Proof {
  readonly grants: readonly Grant[];
  readonly facts: readonly Fact[];
  /** The path of the field that shows it, where it is not the whole object. */
  readonly field?: string;
}

/** Whether a proof is to be given rather than another of the same: by names, so that the order of the input says nothing. */
export function isPreferredProof(proof: Proof, other: Proof): boolean {
  return proofText(proof) < proofText(other);
}

function proofText({ grants, facts, field = "" }: Proof): string {
  const objects = grants.flatMap(({ binding, role, rule }) => [
    ...(binding === undefined ? [] : [factKey(binding)]),
    `${factKey(role)}\n${rule.number}`,
  ]);
  return [...objects, ...facts.map(factKey), field].join("\n");
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

interface Parts {
  readonly facts: FactSet;
  readonly nodes: readonly GraphNode[];
  readonly edges: Edges;
  readonly proofs: readonly Proof[];
  /** The number of a node by its key. Raises when the graph is no longer what the facts say. */
  readonly find: (key: string) => number | undefined;
  readonly usersOf: (secret: SecretName) => readonly WorkloadFact[];
  readonly unresolved: () => readonly BindingFact[];
}

/** One state of the graph. It is good until its facts change, and raises TypeError when it is asked afterwards. */
export class SecurityGraph {
  readonly facts: FactSet;
  readonly nodes: readonly GraphNode[];
  readonly edges: Edges;
  readonly #parts: Parts;
  #unresolved: readonly BindingFact[] | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.facts = parts.facts;
    this.nodes = parts.nodes;
    this.edges = parts.edges;
  }

  get coverage(): Coverage {
    return this.facts.coverage;
  }

  /** Bindings whose roles the source does not have, in the order of their names. */
  get unresolved(): readonly BindingFact[] {
    this.#unresolved ??= this.#parts.unresolved();
    return this.#unresolved;
  }

  find(node: GraphNode): number | undefined {
    return this.#parts.find(nodeKey(node));
  }

  proof(edge: number): Proof {
    return this.#parts.proofs[edge] ?? noProof;
  }

  /** The workloads that refer to a secret, in the order of their kinds and names. */
  usersOf(secret: SecretName): readonly WorkloadFact[] {
    return this.#parts.usersOf(secret);
  }

  /** The edges that end at a secret: from what reads it by a right, and from what has it already. */
  edgesTo(secret: SecretName): LastEdge[] {
    const found: LastEdge[] = [];
    for (const capability of capabilitiesReaching("read-secret", secret.namespace, secret.name)) {
      const from = this.#parts.find(capabilityKey(capability));
      if (from !== undefined) found.push(...this.#edgesThrough(from, secret));
    }
    for (const workload of this.usersOf(secret)) this.#edgesFrom(workload, secret, found);
    found.push(...this.#edgesToNode(secret));
    return found;
  }

  /** By a capability; where policies deny some a part of what it reaches, from each of those whom they do not deny the secret. */
  #edgesThrough(from: number, { namespace, name }: SecretName): LastEdge[] {
    const { starts, edges } = this.edges.incoming;
    const incoming = edges.subarray(starts[from], starts[from + 1]);
    const rules = this.edges.rule;
    if (!incoming.some((edge) => isDeniedInPart(rules[edge]))) {
      return [{ from, rule: edgeNumber("concerns"), proof: noProof }];
    }
    return Array.from(incoming).flatMap((edge): LastEdge[] => {
      const [who, rule] = [this.edges.from[edge]!, rules[edge]!]; // edges have both
      const denial = this.#denialOf(this.nodes[who], rule, { namespace, name });
      if (denial === "all") return [];
      const isPlain = denial === "none" && isDeniedInPart(rule);
      return [{ from: who, rule: isPlain ? plainNumber(rule) : rule, proof: this.proof(edge) }];
    });
  }

  #denialOf(who: GraphNode | undefined, rule: number, secret: SecretName): Denial {
    const verb = isDeniedInPart(rule) ? deniableVerbs.get(edgeRules[rule]!.id) : undefined;
    if (verb === undefined || (who?.type !== "user" && who?.type !== "group" && who?.type !== "node")) return "none";
    return denialOf(this.facts, who, { verb, ...secret });
  }

  /** Copies of it, and what opens it, lead to a node. What is said above is not said again. In the order of names. */
  #edgesToNode({ namespace, name }: SecretName): LastEdge[] {
    const number = this.#parts.find(secretKey(namespace, name));
    if (number === undefined) return [];
    const { starts, edges } = this.edges.incoming;
    const found = Array.from(edges.subarray(starts[number], starts[number + 1]), (edge) => {
      const from = this.edges.from[edge]!; // edges have both ends
      return { from, rule: this.edges.rule[edge]!, proof: this.proof(edge), key: nodeKey(this.nodes[from]!) };
    });
    return found
      .filter(({ from, rule }) => rule !== edgeNumber("secret-in-pod") && !isReading(this.nodes[from]))
      .sort((one, other) => {
        if (one.rule !== other.rule) return one.rule - other.rule;
        if (one.key !== other.key) return one.key < other.key ? -1 : 1;
        return isPreferredProof(one.proof, other.proof) ? -1 : 1;
      });
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
}

const deniedInPart: readonly boolean[] = edgeRules.map(
  ({ attenuators }, number) => number >= edgeIds.length && attenuators.includes("secret-policy"),
);

function isDeniedInPart(rule: number | undefined): boolean {
  return rule !== undefined && deniedInPart[rule] === true;
}

/** Without what a policy does to it. */
function plainNumber(rule: number): number {
  const { id, attenuators } = edgeRules[rule]!; // a number of the table
  const by = attenuators.filter((each) => each !== "secret-policy");
  return edgeNumber(by.length === 0 ? id : { id, by });
}

function isReading(node: GraphNode | undefined): boolean {
  return node?.type === "capability" && node.capability.kind === "read-secret";
}

const inside: ReadonlySet<string> = new Set(["environment", "environment-from", "volume", "projected-volume"]);

/** Whether a secret is in the containers of a workload: credentials for pulling images and for drivers are not. */
export function hasInside(workload: WorkloadFact, secret: string): boolean {
  return workload.references.some(({ kind, name, way }) => kind === "secret" && name === secret && inside.has(way));
}
