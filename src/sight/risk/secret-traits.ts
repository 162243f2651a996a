/** Which of the facts that combinations are made of are so of a secret, each with its reason. */
import { wordsOf } from "../credentials/names-of-credentials.ts";
import { likelihoodOfClass } from "../exposure/source-class.ts";
import type { SecurityGraph } from "../graph/security-graph.ts";
import type { RankedSecret, RankedSource } from "./rank-secrets.ts";
import type { SecretTrait, SourceTrait } from "./toxic-combinations.ts";

export interface TraitOptions {
  /** Milliseconds since 1970; without it, nothing is known to be old. */
  readonly now: number | undefined;
}

const yearMilliseconds = 365 * 24 * 3600 * 1000;
const widelyHeld = 10;

/** The worst of the sources that a trait is of. */
export function sourceOf({ sources }: RankedSecret, trait: SourceTrait): RankedSource | undefined {
  switch (trait) {
    case "exposed-source":
      return sources.find((source) => source.class === "exposed");
    case "open-source":
      return sources.find((source) => source.class === "anonymous" || source.class === "authenticated");
    case "workload-source":
      return sources.find(({ likelihood }) => likelihood >= likelihoodOfClass.workload);
    default:
      return trait satisfies never;
  }
}

/** `by` is whose way is looked at for whether it is easy. */
export function traitsOf(
  graph: SecurityGraph,
  ranked: RankedSecret,
  by: SourceTrait,
  { now }: TraitOptions,
): Map<SecretTrait, string> {
  const traits = new Map<SecretTrait, string>();
  const { secret, risk } = ranked;
  const exposed = sourceOf(ranked, "exposed-source");
  if (exposed !== undefined) traits.set("exposed-source", `${exposed.name} is reached from outside`);
  const open = sourceOf(ranked, "open-source");
  if (open !== undefined) traits.set("open-source", `${open.name} comes to it`);
  const inside = sourceOf(ranked, "workload-source");
  if (inside !== undefined) traits.set("workload-source", `${inside.name} comes to it`);
  if ((sourceOf(ranked, by)?.reach ?? 0) >= 0.8) traits.set("easy-way", "by a way that is as good as one step");
  const sensitivity = risk.score.factors.find(({ name }) => name === "sensitivity");
  if (sensitivity !== undefined && sensitivity.value >= 0.8) traits.set("precious", `it is ${sensitivity.because}`);
  if (wordsOf(`${secret.namespace} ${secret.name}`).some((word) => /^(?:prod|prd|production|live)$/.test(word))) {
    traits.set("production", "it is of production, by its name");
  }
  const users = graph.usersOf(secret).length;
  if (users > widelyHeld) traits.set("widely-held", `${users} workloads have it`);
  const changed = changedAt(graph, ranked);
  if (now !== undefined && changed !== undefined && now - changed > yearMilliseconds) {
    traits.set("old", `it was not changed since ${new Date(changed).toISOString().slice(0, 10)}`);
  }
  if (sensitivity?.because.includes("the same value is in") === true) traits.set("copied", sensitivity.because);
  return traits;
}

/** When it was made: what is known of later changes is no reason to think that it is older. */
function changedAt(graph: SecurityGraph, { secret: { namespace, name } }: RankedSecret): number | undefined {
  const times = graph.facts.named("Secret", namespace, name).flatMap((fact) => {
    const time = fact.kind === "Secret" && fact.createdAt !== undefined ? Date.parse(fact.createdAt) : Number.NaN;
    return Number.isNaN(time) ? [] : [time];
  });
  return times.length === 0 ? undefined : Math.max(...times);
}
