/**
 * The ClusterRoles for people that every cluster has. Trees of manifests bind them without containing them. Only rules
 * that some edge asks for are here; a dump that has the roles themselves is preferred.
 *
 * Source: k/k plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, 1.34.
 */
import type { PolicyRule } from "../../access/rbac/policy-rule.ts";
import type { RoleFact } from "../facts/facts.ts";
import { builtIn } from "../facts/provenance.ts";

const writeVerbs = ["create", "delete", "deletecollection", "patch", "update"];
const readVerbs = ["get", "list", "watch"];

function rule(apiGroup: string, resources: readonly string[], verbs: readonly string[]): PolicyRule {
  return { verbs, apiGroups: [apiGroup], resources, resourceNames: [], nonResourceURLs: [] };
}

const editRules: readonly PolicyRule[] = [
  rule("", ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"], readVerbs),
  rule("", ["serviceaccounts"], ["impersonate"]),
  rule("", ["pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"], writeVerbs),
  rule("", ["configmaps", "replicationcontrollers", "secrets", "serviceaccounts", "services"], writeVerbs),
  rule("", ["serviceaccounts/token", "pods/eviction"], ["create"]),
  rule("apps", ["daemonsets", "deployments", "replicasets", "statefulsets"], writeVerbs),
  rule("batch", ["cronjobs", "jobs"], writeVerbs),
];

const viewRules: readonly PolicyRule[] = [
  rule("", ["configmaps", "pods", "pods/log", "replicationcontrollers"], readVerbs),
  rule("apps", ["controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"], readVerbs),
  rule("batch", ["cronjobs", "jobs"], readVerbs),
];

const everything: PolicyRule = rule("*", ["*"], ["*"]);
const roleRules: readonly PolicyRule[] = [
  rule("rbac.authorization.k8s.io", ["rolebindings", "roles"], [...writeVerbs, ...readVerbs]),
];

const aggregateTo = (role: string) => new Map([[`rbac.authorization.k8s.io/aggregate-to-${role}`, "true"]]);

function role(name: string, rules: readonly PolicyRule[], aggregates: readonly string[]): RoleFact {
  return {
    kind: "ClusterRole",
    namespace: "",
    name,
    at: builtIn,
    labels: new Map(),
    rules: rules.map((each, index) => ({ rule: each, number: index + 1, at: builtIn })),
    aggregates: aggregates.map((to) => ({ labels: aggregateTo(to), expressions: [] })),
  };
}

/** By name. */
export const defaultRoles: ReadonlyMap<string, RoleFact> = new Map(
  [
    role("cluster-admin", [everything], []),
    role("admin", [...editRules, ...viewRules, ...roleRules], ["admin", "edit", "view"]),
    role("edit", [...editRules, ...viewRules], ["edit", "view"]),
    role("view", viewRules, ["view"]),
  ].map((each) => [each.name, each]),
);
