/**
 * A rule of a role, and what it allows. Rules only ever add: there is no rule that forbids.
 *
 * Source: kubernetes/api rbac/v1/types.go; k/k pkg/apis/rbac/v1/evaluation_helpers.go.
 */
import type { Attributes } from "../authorizer.ts";

/** Everything of something: verbs, groups, resources, paths. */
export const everything = "*";

export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  /** `pods`, `pods/status`, `*` (with all subresources) or `*` + `/status`; `pods/*` has no meaning. */
  readonly resources: readonly string[];
  /** None means all. A request without a name has none of them. */
  readonly resourceNames: readonly string[];
  /** Paths, or the beginnings of paths before a trailing `*`. */
  readonly nonResourceURLs: readonly string[];
}

/** Everything on all resources and all paths. */
export const fullAuthority: readonly PolicyRule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"], resourceNames: [], nonResourceURLs: [] },
  { verbs: ["*"], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ["*"] },
];

/** What a rule is asked: attributes without the user. */
export type Action = Pick<Attributes, "verb" | "resource" | "path">;

/** Whether one rule allows an action. */
export function ruleAllows(rule: PolicyRule, { verb, resource, path }: Action): boolean {
  if (!hasOrAll(rule.verbs, verb)) return false;
  if (resource === undefined) return rule.nonResourceURLs.some((url) => urlCovers(url, path ?? ""));
  return (
    hasOrAll(rule.apiGroups, resource.apiGroup) &&
    resourceForms(resource).some((form) => rule.resources.includes(form)) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(resource.name))
  );
}

/** The names on which a rule allows an action on a resource, whatever name the action has. */
export function namesAllowed(rule: PolicyRule, { verb, resource }: Action): "all" | readonly string[] {
  if (resource === undefined || !hasOrAll(rule.verbs, verb) || !hasOrAll(rule.apiGroups, resource.apiGroup)) return [];
  if (!resourceForms(resource).some((form) => rule.resources.includes(form))) return [];
  return rule.resourceNames.length === 0 ? "all" : rule.resourceNames;
}

/** The words under which rules can name a resource: all, itself, any resource's subresource of the name. */
export function resourceForms({ resource, subresource }: { resource: string; subresource: string }): string[] {
  if (subresource === "") return [everything, resource];
  return [everything, `${resource}/${subresource}`, `*/${subresource}`];
}

/** What a path must begin with for the URL of a rule, or undefined when it must be equal. */
export function urlPrefix(url: string): string | undefined {
  return url.endsWith("*") ? url.replace(/\*+$/, "") : undefined;
}

/** Whether the URL of a rule stands for a path, which may itself end with `*`. */
export function urlCovers(url: string, path: string): boolean {
  if (url === path) return true;
  const prefix = urlPrefix(url);
  return prefix !== undefined && path.startsWith(prefix);
}

function hasOrAll(list: readonly string[], word: string): boolean {
  return list.includes(everything) || list.includes(word);
}
