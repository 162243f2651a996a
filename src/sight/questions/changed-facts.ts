/** The facts of a source as they would be after manifests are applied, or what they name is deleted. */
import { allKinds } from "../facts/facts.ts";
import type { Fact, RoleFact } from "../facts/facts.ts";
import type { FactSet } from "../facts/fact-set.ts";
import { objectText } from "./principal.ts";

export type ChangeAction = "create" | "change" | "delete" | "none";

/** What happens to one object of the manifests. */
export interface ObjectChange {
  readonly object: string;
  readonly action: ChangeAction;
}

export interface ChangedFacts {
  /** What the change is compared with: the source, but for roles that a controller would write anew after the change. */
  readonly before: FactSet;
  readonly after: FactSet;
  readonly changes: readonly ObjectChange[];
}

/** As after `kubectl apply`: an object of the same kind, namespace and name is replaced. Of several of a name, the last counts. */
export function applied(facts: FactSet, manifests: FactSet): ChangedFacts {
  const put = lastOfEach(manifests);
  const before = withGatheredRules(facts, put.values());
  const changes = [...put].map(([, fact]): ObjectChange => {
    const known = before.named(fact.kind, fact.namespace, fact.name);
    const same = known.length === 1 && contentOf(asApplied(fact, before)) === contentOf(known[0]);
    return { object: objectText(fact), action: known.length === 0 ? "create" : same ? "none" : "change" };
  });
  const kept = new Set(changes.filter(({ action }) => action === "none").map(({ object }) => object));
  const added = [...put.values()].filter((fact) => !kept.has(objectText(fact))).map((fact) => asApplied(fact, before));
  const replaced = new Set(added.map(keyOf));
  const after = before.changed((fact) => (replaced.has(keyOf(fact)) ? undefined : fact), added);
  return { before, after, changes };
}

/** As after `kubectl delete -f`; with a namespace goes what is in it. What is not there is left out of nothing. */
export function deleted(facts: FactSet, manifests: FactSet): ChangedFacts {
  const named = lastOfEach(manifests);
  const before = withGatheredRules(facts, named.values());
  const namespaces = new Set([...named.values()].filter(({ kind }) => kind === "Namespace").map(({ name }) => name));
  const isGone = (fact: Fact) => named.has(keyOf(fact)) || (fact.namespace !== "" && namespaces.has(fact.namespace));
  const changes = [...named.values()].map((fact): ObjectChange => {
    const there = before.named(fact.kind, fact.namespace, fact.name).length > 0;
    return { object: objectText(fact), action: there ? "delete" : "none" };
  });
  return { before, after: before.changed((fact) => (isGone(fact) ? undefined : fact)), changes };
}

function lastOfEach(manifests: FactSet): Map<string, Fact> {
  const found = new Map<string, Fact>();
  for (const kind of allKinds) for (const fact of manifests.of(kind)) found.set(keyOf(fact), fact);
  return found;
}

function keyOf({ kind, namespace, name }: Fact): string {
  return `${kind}\n${namespace}\n${name}`;
}

function contentOf(fact: Fact | undefined): string {
  return JSON.stringify(fact, (name, value: unknown) => {
    if (name === "at") return undefined;
    return value instanceof Map ? [...value].sort() : value;
  });
}

/**
 * A cluster writes the rules of an aggregated role from the roles it selects, so what is in the source is what they were.
 * When a ClusterRole changes and all are known, they are gathered anew, on both sides of the comparison.
 */
function withGatheredRules(facts: FactSet, changing: Iterable<Fact>): FactSet {
  return [...changing].some(({ kind }) => kind === "ClusterRole") ? gathered(facts) : facts;
}

/** The facts with aggregated roles that have no rules of their own, where all roles are known. */
export function gathered(facts: FactSet): FactSet {
  if (facts.source === "manifests" || !facts.knows("ClusterRole")) return facts;
  return facts.changed((fact) => (isAggregated(fact) ? { ...fact, rules: [] } : fact));
}

/** Rules in the manifest of an aggregated role are overwritten by the cluster. */
function asApplied(fact: Fact, facts: FactSet): Fact {
  return isAggregated(fact) && facts.source !== "manifests" ? { ...fact, rules: [] } : fact;
}

function isAggregated(fact: Fact): fact is RoleFact {
  return fact.kind === "ClusterRole" && "aggregates" in fact && fact.aggregates.length > 0;
}
