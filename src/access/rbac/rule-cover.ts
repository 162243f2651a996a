/**
 * Whether rules allow at least what other rules allow, and what is missing.
 *
 * The other rules are broken down into simple ones, of one verb, one group, one resource and at most one name. A
 * simple rule is covered as a whole by one rule or not at all.
 *
 * Source: component-helpers auth/rbac/validation/policy_comparator.go; k/k
 * pkg/registry/rbac/validation/policy_compact.go.
 */
import { everything, urlCovers } from "./policy-rule.ts";
import type { PolicyRule } from "./policy-rule.ts";
import type { Quote } from "./role-binding.ts";

const none: readonly string[] = [];

/** How many simple rules a rule stands for: a product, which a small rule can make huge. */
export function simpleRuleCount(rule: PolicyRule): number {
  const names = Math.max(1, rule.resourceNames.length);
  const ofResources = rule.apiGroups.length * rule.resources.length * names;
  return rule.verbs.length * (ofResources + rule.nonResourceURLs.length);
}

/** The simple rules that a rule stands for. The caller bounds them by {@link simpleRuleCount}. */
export function* breakDown(rule: PolicyRule): Generator<PolicyRule> {
  for (const group of rule.apiGroups) {
    for (const resource of rule.resources) {
      for (const verb of rule.verbs) yield* simpleRules(rule, { verb, group, resource });
    }
  }
  for (const url of rule.nonResourceURLs) {
    for (const verb of rule.verbs) {
      yield { verbs: [verb], apiGroups: none, resources: none, resourceNames: none, nonResourceURLs: [url] };
    }
  }
}

function* simpleRules(
  { resourceNames }: PolicyRule,
  { verb, group, resource }: { readonly verb: string; readonly group: string; readonly resource: string },
): Generator<PolicyRule> {
  const simple = { verbs: [verb], apiGroups: [group], resources: [resource], nonResourceURLs: none };
  if (resourceNames.length === 0) yield { ...simple, resourceNames: none };
  for (const name of resourceNames) yield { ...simple, resourceNames: [name] };
}

/** The simple rules of `asked` that no rule of `held` covers; empty when everything is covered. */
export function missingRules(held: readonly PolicyRule[], asked: readonly PolicyRule[]): PolicyRule[] {
  const owners = held.map((rule) => new HeldRule(rule));
  const missing: PolicyRule[] = [];
  for (const rule of asked) {
    for (const simple of breakDown(rule)) {
      if (!owners.some((owner) => owner.covers(simple))) missing.push(simple);
    }
  }
  return missing;
}

/** A rule that is asked often. */
class HeldRule {
  readonly #verbs: ReadonlySet<string>;
  readonly #groups: ReadonlySet<string>;
  readonly #resources: ReadonlySet<string>;
  readonly #names: ReadonlySet<string>;
  readonly #urls: readonly string[];

  constructor(rule: PolicyRule) {
    this.#verbs = new Set(rule.verbs);
    this.#groups = new Set(rule.apiGroups);
    this.#resources = new Set(rule.resources);
    this.#names = new Set(rule.resourceNames);
    this.#urls = rule.nonResourceURLs;
  }

  covers(simple: PolicyRule): boolean {
    return (
      hasOrAll(this.#verbs, simple.verbs[0]) &&
      hasOrAll(this.#groups, simple.apiGroups[0]) &&
      this.#coversResource(simple.resources[0]) &&
      this.#coversName(simple.resourceNames[0]) &&
      this.#coversUrl(simple.nonResourceURLs[0])
    );
  }

  #coversResource(resource: string | undefined): boolean {
    if (hasOrAll(this.#resources, resource)) return true;
    const slash = resource?.indexOf("/") ?? -1;
    return slash >= 0 && this.#resources.has(`*${resource?.slice(slash)}`);
  }

  /** All names are covered only by all names. */
  #coversName(name: string | undefined): boolean {
    return this.#names.size === 0 || (name !== undefined && this.#names.has(name));
  }

  #coversUrl(url: string | undefined): boolean {
    return url === undefined || this.#urls.some((held) => urlCovers(held, url));
  }
}

/** A simple rule that says nothing of a dimension is covered in it. */
function hasOrAll(held: ReadonlySet<string>, word: string | undefined): boolean {
  return word === undefined || held.has(everything) || held.has(word);
}

/** Simple rules about one resource, and one name at most, as one rule with all their verbs. */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const others: PolicyRule[] = [];
  const byResource = new Map<string, PolicyRule>();
  for (const rule of rules) {
    if (rule.resources.length === 0) {
      others.push(rule);
      continue;
    }
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames]);
    const known = byResource.get(key);
    byResource.set(key, known === undefined ? rule : { ...known, verbs: [...known.verbs, ...rule.verbs] });
  }
  return [...others, ...byResource.values()];
}

/** A rule in the form of upstream's messages, e.g. `{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}`. */
export function compactText(rule: PolicyRule, quote: Quote): string {
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ["APIGroups", rule.apiGroups],
    ["Resources", rule.resources],
    ["NonResourceURLs", rule.nonResourceURLs],
    ["ResourceNames", rule.resourceNames],
    ["Verbs", rule.verbs],
  ];
  const written = parts
    .filter(([, words]) => words.length > 0)
    .map(([name, words]) => `${name}:${quotedList(words, quote)}`);
  return `{${written.join(", ")}}`;
}

/** A list as Go prints one of strings with %q. */
export function quotedList(words: readonly string[], quote: Quote): string {
  return `[${words.map(quote).join(" ")}]`;
}
