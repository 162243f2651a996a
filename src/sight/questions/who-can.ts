/** Who can read a secret, each by their easiest way. */
import type { Coverage } from "../facts/fact-set.ts";
import type { SecretName, SecurityGraph } from "../graph/security-graph.ts";
import { pathsTo } from "../graph/shortest-paths.ts";
import { PathSteps } from "./path-steps.ts";
import type { Step, Way } from "./path-steps.ts";
import { objectText, principalsOf } from "./principal.ts";
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
  const steps = new PathSteps(graph, paths, target);
  const readers: Reader[] = [];
  for (const { number, principal } of principalsOf(graph)) {
    if (!Number.isFinite(paths.cost[number])) continue;
    const reader = readerOf(principal, steps.from(number), {
      likelihood: likelihoodOf(principal, graph.facts.server.kind),
      sensitivity,
    });
    if (reader.hops <= options.hopsMax && (reader.direct || !options.onlyDirect)) readers.push(reader);
  }
  return {
    secret,
    known: graph.facts.knows("Secret", secret.namespace)
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

function readerOf(
  principal: Principal,
  { steps: path, direct, hops, ease }: Way,
  { likelihood, sensitivity }: Pick<RiskFactors, "likelihood" | "sensitivity">,
): Reader {
  const factors = { likelihood, ease: Number(ease.toFixed(4)), sensitivity };
  return { principal, direct, hops, risk: riskOf(factors), factors, path };
}

/** Then the shorter way; they are in the order of their names, which the sort keeps. */
function worstFirst(a: Reader, b: Reader): number {
  return a.risk === b.risk ? a.hops - b.hops : b.risk - a.risk;
}
