/** Names of Secrets in what refers to them: all that is known of Secrets where nothing may be read of them. */
import type { FactSet } from "../facts/fact-set.ts";
import type { Fact, SecretFact } from "../facts/facts.ts";

/** A Secret that something refers to, as far as it is known. */
function nameOnly(namespace: string, name: string, by: Fact): SecretFact {
  return { kind: "Secret", namespace, name, at: by.at, type: "", keys: [], tokenOf: "", seen: "name" };
}

/** The Secrets that a fact names: what a workload refers to, what a rule of a Role names. Others name none. */
export function secretsNamedBy(fact: Fact): SecretFact[] {
  if ("references" in fact) {
    const names = new Set(fact.references.filter(({ kind }) => kind === "secret").map(({ name }) => name));
    return [...names].map((name) => nameOnly(fact.namespace, name, fact));
  }
  // The names in a ClusterRole are of any namespace, or of none.
  if (fact.kind !== "Role") return [];
  const rules = fact.rules.filter(
    ({ rule }) => rule.resources.includes("secrets") && (rule.apiGroups.includes("") || rule.apiGroups.includes("*")),
  );
  const names = new Set(rules.flatMap(({ rule }) => rule.resourceNames));
  return [...names].filter((name) => name !== "").map((name) => nameOnly(fact.namespace, name, fact));
}

/** Adds the Secrets that facts name, where Secrets themselves are not known. Which others there are stays unknown. */
export function addReferredSecrets(facts: FactSet): void {
  const found = new Map<string, SecretFact>();
  for (const fact of facts.all()) {
    for (const secret of secretsNamedBy(fact)) {
      const { namespace, name } = secret;
      const isNew = !facts.knows("Secret", namespace) && facts.named("Secret", namespace, name).length === 0;
      if (isNew) found.set(`${namespace}\n${name}`, secret);
    }
  }
  for (const secret of found.values()) facts.add(secret);
}
