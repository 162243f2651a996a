/**
 * What goes out where no policy is given: metadata of everything that touches secrets, tokens and rights, with the bodies of rights,
 * and metadata of whatever changes something. Never values. Reading anything else is left to a policy of one's own.
 */
import type { AuditLevel, AuditPolicy, GroupResources, PolicyRule } from "./audit-policy.ts";

const changes = ["create", "update", "patch", "delete", "deletecollection"];
const everyTime = { users: [], userGroups: [], namespaces: [], nonResourceURLs: [], omitStages: [] };

function rule(level: AuditLevel, resources: readonly GroupResources[], verbs: readonly string[] = []): PolicyRule {
  return { ...everyTime, level, resources, verbs, omitManagedFields: undefined };
}

function group(name: string, ...resources: readonly string[]): GroupResources {
  return { group: name, resources, resourceNames: [] };
}

export const defaultAuditPolicy: AuditPolicy = {
  omitStages: ["RequestReceived"],
  omitManagedFields: true,
  rules: [
    rule("Metadata", [
      group("", "secrets", "secrets/*", "configmaps", "serviceaccounts/token"),
      group("authentication.k8s.io"),
      group("authorization.k8s.io"),
      group("certificates.k8s.io"),
    ]),
    rule("RequestResponse", [group("rbac.authorization.k8s.io"), group("strongroom.dev")], changes),
    rule("Metadata", [group("rbac.authorization.k8s.io"), group("strongroom.dev"), group("", "serviceaccounts")]),
    // What is said about objects, not what they are.
    rule("None", [group("", "events"), group("events.k8s.io", "events"), group("coordination.k8s.io", "leases")]),
    rule("Metadata", [], changes),
    // Whoever asks for what is no resource with another verb than get: the control socket, the start.
    rule("None", [], ["get", "list", "watch", "head", "options"]),
    rule("Metadata", []),
  ],
};
