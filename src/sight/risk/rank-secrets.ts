/** Every secret of a graph by its risk, the worst first, with the ways to those that are asked about. */
import { edgeRules } from "../graph/edge-rules.ts";
import type { EdgeId } from "../graph/edge-rule.ts";
import type { LastEdge, SecretName, SecurityGraph } from "../graph/security-graph.ts";
import { wayOf } from "../questions/path-steps.ts";
import type { Step, WalkedEdge } from "../questions/path-steps.ts";
import { objectText } from "../questions/principal.ts";
import { NearestSources } from "./nearest-sources.ts";
import type { Nearby } from "./nearest-sources.ts";
import { riskOfSecret, sourcesMax } from "./risk-model.ts";
import type { Risk, SourceReach } from "./risk-model.ts";
import { sensitivityOfSecret, withFanOut } from "./sensitivity.ts";
import type { SensitivityRule } from "./sensitivity.ts";
import { sourcesOf } from "./sources-of.ts";
import type { ClassedSource } from "./sources-of.ts";

/** A source that counts for a secret, and by which edge its way begins. */
export interface RankedSource extends SourceReach {
  readonly firstEdge: EdgeId;
}

export interface RankedSecret {
  readonly secret: SecretName;
  readonly risk: Risk;
  /** The sources that count, the worst first. */
  readonly sources: readonly RankedSource[];
}

/** What logs show of secrets. */
export interface RefusalsInFact {
  /** In words; "" for none. */
  refusalsOf(secret: SecretName): string;
}

/** A source's best way to a secret. */
export interface RiskPath {
  readonly secret: SecretName;
  readonly source: RankedSource;
  readonly steps: readonly Step[];
}

/** A source and how it comes to a secret, before it is put into words. */
interface Candidate {
  readonly source: ClassedSource;
  readonly value: number;
  readonly nearby: Nearby;
  readonly last: LastEdge;
}

export class SecretRanking {
  /** The worst first; of equal risk by their names. Also secrets that are only referred to. */
  readonly secrets: readonly RankedSecret[];
  readonly #graph: SecurityGraph;
  readonly #nearest: NearestSources;
  readonly #classes: ReadonlyMap<number, ClassedSource>;

  /** One search through the graph, then a few look-ups for each secret. */
  constructor(graph: SecurityGraph, rules: readonly SensitivityRule[] = [], signs?: RefusalsInFact) {
    this.#graph = graph;
    const { sources, unknown } = sourcesOf(graph);
    this.#classes = new Map(sources.map((source) => [source.node, source]));
    this.#nearest = new NearestSources(graph, sources, sourcesMax);
    const copies = placesOfValues(graph);
    this.secrets = secretsOf(graph)
      .map((secret): RankedSecret => {
        const reaching = this.#candidates(secret).map((candidate) => this.#reachOf(candidate));
        const places = copies.get(`${secret.namespace}\n${secret.name}`) ?? 1;
        const sensitivity = withFanOut(sensitivityOfSecret(graph.facts, secret, rules), places);
        const refusals = signs?.refusalsOf(secret) ?? "";
        const risk = riskOfSecret({
          sources: reaching,
          sensitivity,
          ...(refusals === "" ? { evidence: "none" } : { evidence: "denied-probing", sign: refusals }),
          unknown,
        });
        return { secret, risk, sources: reaching };
      })
      .sort((a, b) => b.risk.score.value - a.risk.score.value || compareNames(a.secret, b.secret));
  }

  /** The ways by which the sources that count come to a secret, the worst first. */
  pathsTo(secret: SecretName): RiskPath[] {
    return this.#candidates(secret).map((candidate) => {
      const { steps } = wayOf(this.#walked(candidate), objectText({ kind: "Secret", ...secret }));
      return { secret, source: this.#reachOf(candidate), steps };
    });
  }

  #candidates(secret: SecretName): Candidate[] {
    const best = new Map<string, Candidate>();
    for (const last of this.#graph.edgesTo(secret)) {
      const ease = edgeRules[last.rule]?.ease ?? 1;
      for (const nearby of this.#nearest.of(last.from)) {
        const source = this.#classes.get(nearby.source.node)!; // every source has a class
        const candidate = { source, value: nearby.value * ease, nearby, last };
        const known = best.get(source.name);
        if (known === undefined || comesBefore(candidate, known)) best.set(source.name, candidate);
      }
    }
    return [...best.values()].sort((a, b) => (comesBefore(a, b) ? -1 : 1)).slice(0, sourcesMax);
  }

  #reachOf({ source, value, nearby, last }: Candidate): RankedSource {
    const [first] = nearby.edges;
    const rule = first === undefined ? last.rule : this.#graph.edges.rule[first]!; // edges of the graph
    const firstEdge = edgeRules[rule]?.id ?? "concerns";
    return {
      name: source.name,
      class: source.class,
      likelihood: source.likelihood,
      reach: value / source.likelihood,
      firstEdge,
    };
  }

  #walked({ nearby, last }: Candidate): WalkedEdge[] {
    const { edges, nodes } = this.#graph;
    const walked = nearby.edges.map((edge): WalkedEdge => {
      const [from, to] = [nodes[edges.from[edge]!]!, nodes[edges.to[edge]!]!]; // edges are between nodes
      const rule = edgeRules[edges.rule[edge]!]!;
      return { from, to, toNumber: edges.to[edge]!, number: edge, rule, proof: this.#graph.proof(edge) };
    });
    const from = nodes[last.from]!;
    return [
      ...walked,
      { from, to: undefined, toNumber: -1, number: -1, rule: edgeRules[last.rule]!, proof: last.proof },
    ];
  }
}

/** Then the shorter way, then names. */
function comesBefore(a: Candidate, b: Candidate): boolean {
  if (a.value !== b.value) return a.value > b.value;
  if (a.source.name !== b.source.name) return a.source.name < b.source.name;
  if (a.nearby.edges.length !== b.nearby.edges.length) return a.nearby.edges.length < b.nearby.edges.length;
  return a.last.rule < b.last.rule;
}

/** Those of the source, and those that something refers to. */
function secretsOf(graph: SecurityGraph): SecretName[] {
  const found = new Map<string, SecretName>();
  const add = ({ namespace, name }: SecretName) => void found.set(`${namespace}\n${name}`, { namespace, name });
  for (const fact of graph.facts.of("Secret")) add(fact);
  for (const node of graph.nodes) {
    if (node.type !== "workload") continue;
    for (const { kind, name } of node.workload.references) {
      if (kind === "secret") add({ namespace: node.workload.namespace, name });
    }
  }
  return [...found.values()];
}

/** In how many secrets the most spread value of each secret is, where values were looked at. */
function placesOfValues(graph: SecurityGraph): Map<string, number> {
  const holders = new Map<string, Set<string>>();
  for (const { namespace, name, values = [] } of graph.facts.of("Secret")) {
    for (const { fingerprint, sizeBytes } of values) {
      if (fingerprint === "" || sizeBytes < 8) continue;
      const known = holders.get(fingerprint);
      if (known === undefined) holders.set(fingerprint, new Set([`${namespace}\n${name}`]));
      else known.add(`${namespace}\n${name}`);
    }
  }
  const places = new Map<string, number>();
  for (const names of holders.values()) {
    if (names.size < 2) continue;
    for (const name of names) places.set(name, Math.max(places.get(name) ?? 1, names.size));
  }
  return places;
}

function compareNames(a: SecretName, b: SecretName): number {
  const [left, right] = [`${a.namespace}\n${a.name}`, `${b.namespace}\n${b.name}`];
  return left < right ? -1 : left > right ? 1 : 0;
}
