/** Rules of RBAC in short, and any of them, for tests of what decides by them. */
import { constant, constantFrom, oneof, record, subarray } from "fast-check";
import type { Arbitrary } from "fast-check";
import type { Action, PolicyRule } from "../../src/access/rbac/policy-rule.ts";

/** `verbs group/resources names`, comma lists, `-` for the core group; or `verbs urls`, which begin with / or are `*`. */
export function rule(text: string): PolicyRule {
  const [verbs = "", groups = "", resources = "", names = ""] = text.split(" ");
  const list = (words: string) => (words === "" ? [] : words.split(",").map((word) => (word === "-" ? "" : word)));
  const empty = { apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
  if (resources === "") return { ...empty, verbs: list(verbs), nonResourceURLs: list(groups) };
  return {
    ...empty,
    verbs: list(verbs),
    apiGroups: list(groups),
    resources: list(resources),
    resourceNames: list(names),
  };
}

const anyOf = (...words: string[]) => subarray(words, { minLength: 1 });
const resourceRule = record({
  verbs: anyOf("*", "get", "list", "update"),
  apiGroups: anyOf("*", "", "apps"),
  resources: anyOf("*", "pods", "pods/log", "*/log", "secrets", "pods/*"),
  resourceNames: subarray(["a", "b", ""]),
  nonResourceURLs: constant([]),
});
const pathRule = record({
  verbs: anyOf("*", "get", "post"),
  apiGroups: constant([]),
  resources: constant([]),
  resourceNames: constant([]),
  nonResourceURLs: anyOf("*", "/a", "/a/*", "/a*", "/a/b", "/a**"),
});
export const anyRule: Arbitrary<PolicyRule> = oneof(resourceRule, pathRule);

export const anyAction: Arbitrary<Action> = oneof(
  record({
    verb: constantFrom("get", "list", "update", "delete"),
    resource: record({
      apiGroup: constantFrom("", "apps", "batch"),
      apiVersion: constant("v1"),
      resource: constantFrom("pods", "secrets", "nodes"),
      subresource: constantFrom("", "log", "exec"),
      namespace: constantFrom("", "one", "two"),
      name: constantFrom("", "a", "b", "c"),
    }),
    path: constant(undefined),
  }),
  record({
    verb: constantFrom("get", "post", "put"),
    resource: constant(undefined),
    path: constantFrom("/", "/a", "/a/", "/a/b", "/ab", "/b"),
  }),
);
