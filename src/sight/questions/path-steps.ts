/** A way through the graph as steps, each with what proves it. */
import { objectText, nodeText } from "./principal.ts";
import { edgeRules } from "../graph/edge-rules.ts";
import type { EdgeId, EdgeRule } from "../graph/edge-rule.ts";
import { isPassed } from "../graph/graph-node.ts";
import type { GraphNode } from "../graph/graph-node.ts";
import type { Grant } from "../graph/rights.ts";
import { noProof } from "../graph/security-graph.ts";
import type { Proof, SecurityGraph } from "../graph/security-graph.ts";
import type { PathsTo } from "../graph/shortest-paths.ts";
import { placeNote, placeText } from "../facts/provenance.ts";
import type { BindingFact, Fact, RoleFact, RuleFact } from "../facts/facts.ts";
import type { Provenance } from "../facts/provenance.ts";

export interface Step {
  readonly edge: EdgeId;
  /** `KIND NAME` or `KIND NAMESPACE/NAME`. */
  readonly from: string;
  readonly to: string;
  /** Why it works, and which objects say so, with their places. */
  readonly because: string;
  readonly proof: readonly StepProof[];
  readonly fix: string;
}

/** An object, or a rule of one, that a step stands on. */
export interface StepProof {
  readonly object: string;
  /** The number of the rule in its role, from 1; undefined for an object without. */
  readonly rule: number | undefined;
  readonly place: string;
  readonly at: Provenance;
}

/** All steps from one node on. */
export interface Way {
  readonly steps: readonly Step[];
  /** How many of them are more than being a member. */
  readonly hops: number;
  /** The product of their eases. */
  readonly ease: number;
  /** Whether the one step reads by the API. */
  readonly direct: boolean;
}

/** An edge as it was walked. */
export interface WalkedEdge {
  readonly from: GraphNode;
  /** Undefined, with the number -1, for what was asked about. */
  readonly to: GraphNode | undefined;
  readonly toNumber: number;
  /** Of the edge; -1 for one to what was asked about. */
  readonly number: number;
  readonly rule: EdgeRule;
  readonly proof: Proof;
}

/** Steps between places of a graph by their first and last edge: the same in every answer. */
const knownSteps = new WeakMap<SecurityGraph, Map<number, Step>>();

/** The ways to one place, as steps. Ways that join share what follows, so each step is put into words once. */
export class PathSteps {
  readonly #graph: SecurityGraph;
  readonly #paths: PathsTo;
  readonly #target: string;
  readonly #known = new Map<number, Way>();
  readonly #steps: Map<number, Step>;

  /** `target` is the text of the place the paths lead to. */
  constructor(graph: SecurityGraph, paths: PathsTo, target: string) {
    this.#graph = graph;
    this.#paths = paths;
    this.#target = target;
    this.#steps = knownSteps.get(graph) ?? new Map<number, Step>();
    knownSteps.set(graph, this.#steps);
  }

  /** The way from a node that is no capability. No steps when there is none. */
  from(start: number): Way {
    const known = this.#known.get(start);
    if (known !== undefined) return known;
    const walked: WalkedEdge[] = [];
    let end = -1;
    for (const edge of this.#edgesFrom(start)) {
      walked.push(edge);
      end = edge.toNumber;
      if (!isPassed(edge.to)) break;
    }
    const way = this.#join(walked, end);
    this.#known.set(start, way);
    return way;
  }

  #join(walked: readonly WalkedEdge[], end: number): Way {
    const rule = walked[0]?.rule;
    if (rule === undefined) return { steps: [], hops: 0, ease: 1, direct: false };
    const rest = end < 0 ? undefined : this.from(end);
    const hops = (rule.free ? 0 : 1) + (rest?.hops ?? 0);
    return {
      steps: [this.#step(walked), ...(rest?.steps ?? [])],
      hops,
      ease: walked.reduce((ease, edge) => ease * edge.rule.ease, rest?.ease ?? 1),
      direct: hops === 1 && (rule.free ? rest?.direct === true : rule.direct),
    };
  }

  /** Between two edges of a step there is at most one edge from one capability to another. */
  #step(walked: readonly WalkedEdge[]): Step {
    const [first, last] = [walked[0]?.number ?? -1, walked.at(-1)?.number ?? -1];
    if (first >= 0 && walked.length === 2 && walked[1]?.rule.id === "concerns") return this.#lastStep(walked, first);
    if (first < 0 || last < 0) return stepOf(walked, this.#target);
    const key = first * this.#graph.edges.from.length + last;
    const step = this.#steps.get(key) ?? stepOf(walked, this.#target);
    this.#steps.set(key, step);
    return step;
  }

  /** A right to many things leads to each of them in the same words. */
  #lastStep(walked: readonly WalkedEdge[], first: number): Step {
    const key = -1 - first;
    const known = this.#steps.get(key);
    if (known !== undefined) return known.to === this.#target ? known : { ...known, to: this.#target };
    const step = stepOf(walked, this.#target);
    this.#steps.set(key, step);
    return step;
  }

  *#edgesFrom(start: number): Generator<WalkedEdge> {
    const { edges, nodes } = this.#graph;
    const { cost, next, last } = this.#paths;
    for (let node = start; Number.isFinite(cost[node]);) {
      const from = nodes[node]!; // numbers in the graph are those of nodes
      const end = last.get(node);
      if (end !== undefined) {
        yield { from, to: undefined, toNumber: -1, number: -1, rule: edgeRules[end.rule]!, proof: end.proof };
        return;
      }
      const edge = next[node]!;
      if (edge < 0) return;
      node = edges.to[edge]!;
      const rule = edgeRules[edges.rule[edge]!]!;
      yield { from, to: nodes[node], toNumber: node, number: edge, rule, proof: this.#graph.proof(edge) };
    }
  }
}

/** A way that was walked, as steps; `target` is the text of its end where that is no node. */
export function wayOf(walked: readonly WalkedEdge[], target: string): Way {
  const steps: Step[] = [];
  const rules: EdgeRule[] = [];
  let part: WalkedEdge[] = [];
  for (const edge of walked) {
    part.push(edge);
    if (isPassed(edge.to)) continue;
    steps.push(stepOf(part, target));
    rules.push(part[0]!.rule); // it has an edge
    part = [];
  }
  const counted = rules.filter(({ free }) => !free);
  return {
    steps,
    hops: counted.length,
    ease: walked.reduce((product, { rule }) => product * rule.ease, 1),
    direct: counted.length === 1 && counted[0]?.direct === true,
  };
}

function stepOf(walked: readonly WalkedEdge[], target: string): Step {
  const [first] = walked;
  const end = walked.at(-1);
  if (first === undefined || end === undefined) throw new TypeError("a step must have an edge");
  const consequences = walked.slice(1).filter(({ rule }) => rule.id !== "concerns");
  const reasons = new Set([first, ...consequences].map(({ rule }) => rule.explanation));
  const proofs = walked.map(({ proof }) => proof).filter((proof) => proof !== noProof);
  return {
    edge: first.rule.id,
    from: nodeText(first.from),
    to: end.to === undefined ? target : nodeText(end.to),
    because: [...proofs.flatMap((proof) => proofTexts(proof)), ...reasons].join("; "),
    proof: proofs.flatMap(proofsOf),
    fix: first.rule.fix,
  };
}

function proofTexts({ grants, facts, field }: Proof): string[] {
  const within = field === undefined ? "" : `, ${field}`;
  return [...grants.map(grantText), ...(grants.length > 0 ? [] : facts.map((fact) => `${placedText(fact)}${within}`))];
}

/** `RoleBinding a/b (FILE:LINE) gives Role a/c, whose rule 1 (FILE:LINE) allows get on secrets`. */
export function grantText(grant: Grant): string {
  return wordsOf(grant).text;
}

interface GrantWords {
  readonly text: string;
  readonly proofs: readonly StepProof[];
}

/** By role, rule, and binding: facts do not change, and thousands of readers have one binding. */
const knownWords = new WeakMap<RoleFact, WeakMap<RuleFact, WeakMap<RoleFact | BindingFact, GrantWords>>>();

function wordsOf(grant: Grant): GrantWords {
  const { binding, role, rule } = grant;
  const ofRole = entry(knownWords, role, () => new WeakMap<RuleFact, WeakMap<RoleFact | BindingFact, GrantWords>>());
  const ofRule = entry(ofRole, rule, () => new WeakMap<RoleFact | BindingFact, GrantWords>());
  return entry(ofRule, binding ?? role, () => ({ text: writeGrant(grant), proofs: grantProofs(grant) }));
}

function entry<Key extends object, Value>(map: WeakMap<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function writeGrant({ binding, role, rule }: Grant): string {
  const { verbs, resources, resourceNames } = rule.rule;
  const names = resourceNames.length === 0 ? "" : ` named ${listText(resourceNames)}`;
  const allows = `rule ${rule.number}${placeNote(placeText(rule.at), objectText(role))} allows ${listText(verbs)} on ${listText(resources)}${names}`;
  if (binding === undefined) return `its ${allows}`;
  return `${placedText(binding)} gives ${objectText(role)}, whose ${allows}`;
}

function placedText(fact: Fact): string {
  const shown = objectText(fact);
  return `${shown}${placeNote(placeText(fact.at), shown)}`;
}

function grantProofs({ binding, role, rule }: Grant): StepProof[] {
  const proof = { object: objectText(role), rule: rule.number, place: placeText(rule.at), at: rule.at };
  if (binding === undefined) return [proof];
  return [{ object: objectText(binding), rule: undefined, place: placeText(binding.at), at: binding.at }, proof];
}

const shownWords = 8;

function listText(words: readonly string[]): string {
  const more = words.length > shownWords ? ` and ${words.length - shownWords} more` : "";
  return words.slice(0, shownWords).join(", ") + more;
}

function proofsOf({ grants, facts }: Proof): StepProof[] {
  return [
    ...grants.flatMap((grant) => wordsOf(grant).proofs),
    ...facts.map((fact) => ({ object: objectText(fact), rule: undefined, place: placeText(fact.at), at: fact.at })),
  ];
}
