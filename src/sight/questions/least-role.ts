/** The rules that what was used would need, as small as RBAC can say them. */
import { namesAllowed, ruleAllows } from "../../access/rbac/policy-rule.ts";
import type { PolicyRule } from "../../access/rbac/policy-rule.ts";
import { missingRules, simpleRuleCount } from "../../access/rbac/rule-cover.ts";
import type { RightUse } from "../audit/usage.ts";

/** Above so many, a rule that names them all is worse to read than one that names none. */
const namesMax = 20;
/** Rules that stand for more are not compared with others; nobody wrote them by hand. */
const simpleRulesMax = 20_000;

/** Whether a rule allows what was asked. Where names were not kept apart, a rule that allows some may have allowed those. */
export function allowsUse(rule: PolicyRule, use: RightUse): boolean {
  const { verb, group: apiGroup, resource, subresource, namespace, name } = use;
  if (resource === "") return ruleAllows(rule, { verb, path: name ?? "", resource: undefined });
  const attributes = { apiGroup, apiVersion: "", resource, subresource, namespace, name: name ?? "" };
  const action = { verb, path: undefined, resource: attributes };
  return name === undefined ? namesAllowed(rule, action).length > 0 : ruleAllows(rule, action);
}

/** One rule for each resource and set of names, with all its verbs; in the order of what they name. */
export function leastRules(uses: readonly RightUse[]): PolicyRule[] {
  const byNames = new Map<string, { rule: PolicyRule; verbs: Set<string> }>();
  for (const [, same] of Map.groupBy(uses, resourceKey)) {
    for (const [verb, ofVerb] of Map.groupBy(same, (use) => use.verb)) {
      const rule = ruleFor(ofVerb);
      const key = JSON.stringify({ ...rule, verbs: [] });
      const known = byNames.get(key) ?? { rule, verbs: new Set<string>() };
      byNames.set(key, known);
      known.verbs.add(verb);
    }
  }
  return [...byNames]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { rule, verbs }]) => ({ ...rule, verbs: [...verbs].sort() }));
}

function resourceKey({ group, resource, subresource, name }: RightUse): string {
  return resource === "" ? `path\n${name ?? ""}` : `${group}\n${resource}\n${subresource}`;
}

/** For one verb on one resource. Requests without a name need a rule without names. */
function ruleFor(uses: readonly RightUse[]): PolicyRule {
  const [first] = uses;
  if (first === undefined) throw new TypeError("a rule must be for some use");
  const { verb, group, resource, subresource } = first;
  const names = new Set(uses.map(({ name }) => name));
  if (resource === "") {
    const paths = [...names].map((name) => name ?? "*");
    return { verbs: [verb], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: paths };
  }
  const areNamed = !names.has("") && !names.has(undefined) && names.size <= namesMax;
  return {
    verbs: [verb],
    apiGroups: [group],
    resources: [subresource === "" ? resource : `${resource}/${subresource}`],
    resourceNames: areNamed ? [...names].map((name) => name ?? "").sort() : [],
    nonResourceURLs: [],
  };
}

/** Whether some rules give more than others do. */
export function givesMore(rules: readonly PolicyRule[], than: readonly PolicyRule[]): boolean {
  if (rules.reduce((sum, rule) => sum + simpleRuleCount(rule), 0) > simpleRulesMax) return true;
  return missingRules(than, rules).length > 0;
}
