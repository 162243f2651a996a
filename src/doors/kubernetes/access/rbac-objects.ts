/** From the trees of Roles and bindings to what decisions need of them. */
import type { PolicyRule } from "../../../access/rbac/policy-rule.ts";
import type { Role, RoleBinding, RoleRef } from "../../../access/rbac/role-binding.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { metadataOf, objectField, objectsField, stringField, stringsField } from "../validation/object-fields.ts";

/** Of a Role or ClusterRole, whose namespace is "". */
export function roleOf(tree: Readonly<JsonObject>): Role {
  return { ...placeOf(tree), rules: rulesOf(tree) };
}

/** The rules of a Role or ClusterRole. */
export function rulesOf(tree: Readonly<JsonObject>): PolicyRule[] {
  return objectsField(tree, "rules").map((rule) => ({
    verbs: stringsField(rule, "verbs"),
    apiGroups: stringsField(rule, "apiGroups"),
    resources: stringsField(rule, "resources"),
    resourceNames: stringsField(rule, "resourceNames"),
    nonResourceURLs: stringsField(rule, "nonResourceURLs"),
  }));
}

/** The tree of a rule, without its empty lists. */
export function ruleTree(rule: PolicyRule): JsonObject {
  const tree = jsonObject([["verbs", [...rule.verbs]]]);
  for (const field of ["apiGroups", "resources", "resourceNames", "nonResourceURLs"] as const) {
    if (rule[field].length > 0) tree[field] = [...rule[field]];
  }
  return tree;
}

/** Of a RoleBinding or ClusterRoleBinding, whose namespace is "". */
export function bindingOf(tree: Readonly<JsonObject>): RoleBinding {
  const subjects = objectsField(tree, "subjects").map((subject) => ({
    kind: stringField(subject, "kind"),
    name: stringField(subject, "name"),
    namespace: stringField(subject, "namespace"),
  }));
  return { ...placeOf(tree), roleRef: roleRefOf(tree), subjects };
}

/** The role that a binding refers to. */
export function roleRefOf(tree: Readonly<JsonObject>): RoleRef {
  const roleRef = objectField(tree, "roleRef");
  return { kind: stringField(roleRef, "kind"), name: stringField(roleRef, "name") };
}

function placeOf(tree: Readonly<JsonObject>) {
  const metadata = metadataOf(tree);
  return { namespace: stringField(metadata, "namespace"), name: stringField(metadata, "name") };
}
