/** Names of Secrets in what refers to them: all that is known of Secrets where nothing may be read of them. */
import { factKey } from "../facts/fact-set.ts";
import type { FactSet } from "../facts/fact-set.ts";
import type { Fact, SecretFact } from "../facts/facts.ts";
import type { FactChange } from "./source.ts";

/** A Secret that something refers to, as far as it is known. */
function nameOnly(namespace: string, name: string, by: Fact): SecretFact {
  return { kind: "Secret", namespace, name, at: by.at, type: "", keys: [], tokenOf: "", seen: "name" };
}

/** The Secrets that a fact names, each once. */
export function secretsNamedBy(fact: Fact): SecretFact[] {
  if ("secrets" in fact && fact.kind !== "ServiceAccount")
    return fact.secrets.map(({ namespace, name }) => nameOnly(namespace, name, fact));
  return [...new Set(namesIn(fact))].map((name) => nameOnly(fact.namespace, name, fact));
}

/** What workloads, accounts and ingresses refer to, what operators make, what rules of Roles name. */
function namesIn(fact: Fact): readonly string[] {
  if ("references" in fact) return fact.references.filter(({ kind }) => kind === "secret").map(({ name }) => name);
  if ("targets" in fact) return fact.targets;
  if (fact.kind === "ServiceAccount") return fact.secrets ?? [];
  if (fact.kind === "Ingress") return fact.tlsSecrets ?? [];
  // The names in a ClusterRole are of any namespace, or of none.
  if (fact.kind !== "Role") return [];
  const rules = fact.rules.filter(
    ({ rule }) => rule.resources.includes("secrets") && (rule.apiGroups.includes("") || rule.apiGroups.includes("*")),
  );
  return rules.flatMap(({ rule }) => rule.resourceNames).filter((name) => name !== "");
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

/** Which Secrets are referred to, while what refers to them changes. */
export class ReferredSecrets {
  /** By the key of what names them. */
  readonly #namedBy = new Map<string, readonly SecretFact[]>();
  readonly #counts = new Map<string, number>();

  /** Begins with facts to which their Secrets were added already. */
  constructor(facts: Iterable<Fact>) {
    for (const fact of facts) this.put(fact);
  }

  /** What changes of Secrets when a fact is there, or is another. */
  put(fact: Fact): FactChange[] {
    const secrets = secretsNamedBy(fact);
    const key = factKey(fact);
    if (secrets.length === 0 && !this.#namedBy.has(key)) return [];
    const added = secrets.flatMap((secret): FactChange[] => {
      const count = (this.#counts.get(factKey(secret)) ?? 0) + 1;
      this.#counts.set(factKey(secret), count);
      return count === 1 ? [{ type: "put", fact: secret }] : [];
    });
    // Those that are named before and after are counted before they are taken off, and so stay.
    const removed = this.delete(key);
    if (secrets.length > 0) this.#namedBy.set(key, secrets);
    return [...added, ...removed];
  }

  /** What changes of Secrets when the fact of a key is gone. */
  delete(key: string): FactChange[] {
    const secrets = this.#namedBy.get(key) ?? [];
    this.#namedBy.delete(key);
    return secrets.flatMap((secret): FactChange[] => {
      const count = (this.#counts.get(factKey(secret)) ?? 1) - 1;
      if (count > 0) this.#counts.set(factKey(secret), count);
      else this.#counts.delete(factKey(secret));
      const { kind, namespace, name } = secret;
      return count > 0 ? [] : [{ type: "delete", kind, namespace, name }];
    });
  }

  /** The end of all of them. */
  all(): Extract<FactChange, { type: "delete" }>[] {
    const secrets = [...this.#namedBy.values()].flat();
    const unique = new Map(secrets.map((secret) => [factKey(secret), secret]));
    return Array.from(unique.values(), ({ kind, namespace, name }) => ({ type: "delete", kind, namespace, name }));
  }
}
