/**
 * The kinds Role and ClusterRole.
 *
 * That nobody grants what they do not hold is checked in admission/rbac-escalation.ts.
 *
 * Source: k/k pkg/registry/rbac/{role,clusterrole}/strategy.go; apiserver
 * pkg/registry/rest/table.go (the default columns).
 */
import { message } from "../schema/messages.ts";
import { nameIsPathSegment } from "../validation/names.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import { validateClusterRole, validateClusterRoleUpdate, validateRole } from "../validation/role.ts";
import { rbacGroup } from "../validation/role-binding.ts";
import { nameColumn } from "./columns.ts";
import type { Column, Kind, Strategy } from "./kind.ts";
import { resourceVerbs } from "./kind.ts";
import { namespacedSelectors, plainStrategy } from "./plain-strategy.ts";

const createdAtColumn: Column = {
  name: "Created At",
  type: "date",
  format: "",
  description: "When the server created the object.",
  priority: 0,
  cell: (role) => stringField(metadataOf(role), "creationTimestamp"),
};

const strategy: Strategy = { ...plainStrategy, allowCreateOnUpdate: true };

/** Roles: what may be done in their namespace. */
export const roleKind: Kind = {
  group: rbacGroup,
  version: "v1",
  kind: "Role",
  listKind: "RoleList",
  resource: "roles",
  singular: "role",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: resourceVerbs,
  subresources: [],
  schema: message("rbac-v1", "Role"),
  listSchema: message("rbac-v1", "RoleList"),
  columns: [nameColumn, createdAtColumn],
  fieldSelectors: namespacedSelectors,
  coreFinalizers: true,
  validateName: nameIsPathSegment,
  strategy: { ...strategy, validate: validateRole, validateUpdate: validateRole },
};

/** ClusterRoles: what may be done in all namespaces and outside of them, or in those a RoleBinding names them in. */
export const clusterRoleKind: Kind = {
  ...roleKind,
  kind: "ClusterRole",
  listKind: "ClusterRoleList",
  resource: "clusterroles",
  singular: "clusterrole",
  namespaced: false,
  schema: message("rbac-v1", "ClusterRole"),
  listSchema: message("rbac-v1", "ClusterRoleList"),
  strategy: { ...strategy, validate: validateClusterRole, validateUpdate: validateClusterRoleUpdate },
};
