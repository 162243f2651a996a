/** The kinds this server serves. Discovery, OpenAPI and the router read this list. */
import { auditEventKind } from "./audit-event.ts";
import { configMapKind } from "./config-map.ts";
import { deletedSecretKind } from "./deleted-secret.ts";
import { eventKind, eventsV1Kind } from "./event.ts";
import type { Kind } from "./kind.ts";
import { leaseKind } from "./lease.ts";
import { namespaceKind } from "./namespace.ts";
import { nodeKind } from "./node.ts";
import { podKind } from "./pod.ts";
import { resourceQuotaKind } from "./resource-quota.ts";
import { clusterRoleBindingKind, roleBindingKind } from "./role-binding.ts";
import { clusterRoleKind, roleKind } from "./role.ts";
import { secretKind } from "./secret.ts";
import { secretLinkKind } from "./secret-link.ts";
import { clusterSecretPolicyKind, secretPolicyKind } from "./secret-policy.ts";
import { secretVersionKind } from "./secret-version.ts";
import { serviceAccountKind } from "./service-account.ts";
import { validatingAdmissionPolicyBindingKind, validatingAdmissionPolicyKind } from "./validating-admission-policy.ts";

/** Every kind that is kept, in the order of discovery: groups as upstream ranks them, resources by name. */
export const kinds: readonly Kind[] = [
  configMapKind,
  eventKind,
  namespaceKind,
  nodeKind,
  podKind,
  resourceQuotaKind,
  secretKind,
  serviceAccountKind,
  eventsV1Kind,
  clusterRoleBindingKind,
  clusterRoleKind,
  roleBindingKind,
  roleKind,
  validatingAdmissionPolicyKind,
  validatingAdmissionPolicyBindingKind,
  leaseKind,
  clusterSecretPolicyKind,
  secretLinkKind,
  secretPolicyKind,
];

/** With those that are made when they are read: what is served, and not what controllers work through. */
export const servedKinds: readonly Kind[] = [...kinds, auditEventKind, deletedSecretKind, secretVersionKind];
