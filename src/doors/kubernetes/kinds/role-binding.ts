/**
 * The kinds RoleBinding and ClusterRoleBinding.
 *
 * Source: k/k pkg/registry/rbac/{rolebinding,clusterrolebinding}/strategy.go,
 * pkg/apis/rbac/v1/defaults.go and pkg/printers/internalversion/printers.go.
 */
import type { JsonObject } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import { message } from "../schema/messages.ts";
import { nameIsPathSegment } from "../validation/names.ts";
import { objectField, objectsField, stringField } from "../validation/object-fields.ts";
import {
  rbacGroup,
  roleRefChangeErrors,
  validateClusterRoleBinding,
  validateRoleBinding,
} from "../validation/role-binding.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import type { Column, Kind, Strategy } from "./kind.ts";
import { resourceVerbs } from "./kind.ts";
import { namespacedSelectors, plainStrategy } from "./plain-strategy.ts";

const roleColumn: Column = {
  name: "Role",
  type: "string",
  format: "",
  description: "The role that is bound, by kind and name. It can not be changed.",
  priority: 0,
  cell: (binding) => {
    const roleRef = objectField(binding, "roleRef");
    return `${stringField(roleRef, "kind")}/${stringField(roleRef, "name")}`;
  },
};

function subjectsColumn(name: string, kind: string, write: (subject: JsonObject) => string): Column {
  return {
    name,
    type: "string",
    format: "",
    description: `${name} that have the role.`,
    priority: 1,
    cell: (binding) =>
      objectsField(binding, "subjects")
        .filter((subject) => stringField(subject, "kind") === kind)
        .map(write)
        .join(", "),
  };
}

const nameOf = (subject: JsonObject) => stringField(subject, "name");
const columns: readonly Column[] = [
  nameColumn,
  roleColumn,
  ageColumn,
  subjectsColumn("Users", "User", nameOf),
  subjectsColumn("Groups", "Group", nameOf),
  subjectsColumn(
    "ServiceAccounts",
    "ServiceAccount",
    (subject) => `${stringField(subject, "namespace")}/${nameOf(subject)}`,
  ),
];

/** The kind RoleBinding: who has a role in the binding's namespace. */
export const roleBindingKind: Kind = {
  group: rbacGroup,
  version: "v1",
  kind: "RoleBinding",
  listKind: "RoleBindingList",
  resource: "rolebindings",
  singular: "rolebinding",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: resourceVerbs,
  subresources: [],
  schema: message("rbac-v1", "RoleBinding"),
  listSchema: message("rbac-v1", "RoleBindingList"),
  columns,
  fieldSelectors: namespacedSelectors,
  coreFinalizers: true,
  internalize: setGroups,
  validateName: nameIsPathSegment,
  strategy: strategyWith(validateRoleBinding),
};

/** The kind ClusterRoleBinding: who has a ClusterRole everywhere. */
export const clusterRoleBindingKind: Kind = {
  ...roleBindingKind,
  kind: "ClusterRoleBinding",
  listKind: "ClusterRoleBindingList",
  resource: "clusterrolebindings",
  singular: "clusterrolebinding",
  namespaced: false,
  schema: message("rbac-v1", "ClusterRoleBinding"),
  listSchema: message("rbac-v1", "ClusterRoleBindingList"),
  strategy: strategyWith(validateClusterRoleBinding),
};

function strategyWith(validate: Strategy["validate"]): Strategy {
  return {
    ...plainStrategy,
    validate,
    validateUpdate: (next, previous) => [...validate(next), ...roleRefChangeErrors(next, previous)],
    allowCreateOnUpdate: true,
  };
}

/** Defaults: the API group of the role, and of users and groups. */
function setGroups(binding: JsonObject): void {
  const roleRef = binding["roleRef"];
  if (isJsonObject(roleRef)) roleRef["apiGroup"] = stringField(roleRef, "apiGroup") || rbacGroup;
  for (const subject of objectsField(binding, "subjects")) {
    const ofRbac = ["User", "Group"].includes(stringField(subject, "kind"));
    if (ofRbac && stringField(subject, "apiGroup") === "") subject["apiGroup"] = rbacGroup;
  }
}
