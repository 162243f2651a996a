/** Who can read a secret, each by their easiest way. */
import type { Coverage } from "../facts/fact-set.ts";
import { edgeRules, edgeNumber } from "../graph/edge-rules.ts";
import type { SecretName, SecurityGraph } from "../graph/security-graph.ts";
import { pathsTo } from "../graph/shortest-paths.ts";
import { stepsFrom } from "./path-steps.ts";
import type { Step } from "./path-steps.ts";
import { objectText, principalOfNode } from "./principal.ts";
import type { Principal } from "./principal.ts";
import { likelihoodOf, riskOf, sensitivityOf } from "./risk.ts";
import type { RiskFactors } from "./risk.ts";

export interface WhoCanAnswer {
  readonly secret: SecretName;
  /** Whether the source has the secret; undefined when the source has no secrets at all. */
  readonly known: boolean | undefined;
  readonly coverage: AnswerCoverage;
  readonly readers: readonly Reader[];
  /** Workloads that refer to it, which is what it is for. */
  readonly consumers: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[];
}

export interface AnswerCoverage extends Coverage {
  /** Bindings whose role the source does not have: what they give is unknown. */
  readonly unresolved: readonly { readonly binding: string; readonly role: string }[];
}

export interface Reader {
  readonly principal: Principal;
  /** Whether it reads by the API, at once. */
  readonly direct: boolean;
  /** Steps; being a member of a group is none. */
  readonly hops: number;
  readonly risk: number;
  readonly factors: RiskFactors;
  readonly path: readonly Step[];
}

export interface WhoCanOptions {
  readonly onlyDirect: boolean;
  readonly hopsMax: number;
}

/** Every principal that can come to the secret's values, the worst first. */
export function whoCan(graph: SecurityGraph, secret: SecretName, options: WhoCanOptions): WhoCanAnswer {
  // What bounds the steps is about the shortest way, not about the steps of the easiest.
  const bounded = options.onlyDirect || options.hopsMax !== Infinity;
  const paths = pathsTo(graph, graph.edgesTo(secret), bounded ? "steps" : "ease");
  const target = objectText({ kind: "Secret", ...secret });
  const sensitivity = sensitivityOf(graph.facts, secret);
  const readers: Reader[] = [];
  for (const [number, node] of graph.nodes.entries()) {
    const principal = Number.isFinite(paths.cost[number]) ? principalOfNode(node) : undefined;
    if (principal === undefined) continue;
    const reader = readerOf(principal, stepsFrom(graph, paths, number, target), sensitivity);
    if (reader.hops <= options.hopsMax && (reader.direct || !options.onlyDirect)) readers.push(reader);
  }
  return {
    secret,
    known: graph.facts.knows("Secret")
      ? graph.facts.named("Secret", secret.namespace, secret.name).length > 0
      : undefined,
    coverage: answerCoverage(graph),
    readers: readers.sort(worstFirst),
    consumers: graph.usersOf(secret).map(({ kind, name, namespace }) => ({ kind, name, namespace })),
  };
}

/** What the answer does not know. */
export function answerCoverage(graph: SecurityGraph): AnswerCoverage {
  const unresolved = graph.unresolved.map((binding) => ({
    binding: `${objectText(binding)}`,
    role: `${binding.roleRef.kind} ${binding.roleRef.name}`,
  }));
  return { ...graph.coverage, unresolved };
}

function readerOf(principal: Principal, path: readonly Step[], sensitivity: number): Reader {
  const steps = path.map(({ edge }) => edgeRules[edgeNumber(edge)]!).filter(({ free }) => !free);
  const ease = steps.reduce((product, rule) => product * rule.ease, 1);
  const factors = { likelihood: likelihoodOf(principal), ease: Number(ease.toFixed(4)), sensitivity };
  const direct = steps.length === 1 && steps[0]?.direct === true;
  return { principal, direct, hops: steps.length, risk: riskOf(factors), factors, path };
}

/** Then the shorter way, then by name. */
function worstFirst(a: Reader, b: Reader): number {
  if (a.risk !== b.risk) return b.risk - a.risk;
  if (a.hops !== b.hops) return a.hops - b.hops;
  return objectText(a.principal) < objectText(b.principal) ? -1 : 1;
}
