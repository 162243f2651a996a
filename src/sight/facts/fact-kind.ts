/** Which kinds of objects are read as which kinds of facts. */
import { factKinds, furtherKinds } from "./facts.ts";
import type { FactKind } from "./facts.ts";
import { routeKinds } from "./network-facts.ts";

/** The API groups of the kinds; versions do not matter for the fields that are read. */
const groups: Readonly<Record<string, readonly string[]>> = {
  "rbac.authorization.k8s.io": ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"],
  apps: ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ControllerRevision"],
  extensions: ["Deployment", "DaemonSet", "ReplicaSet", "Ingress", "NetworkPolicy"],
  batch: ["Job", "CronJob"],
  "networking.k8s.io": ["Ingress", "NetworkPolicy"],
  "gateway.networking.k8s.io": routeKinds,
  "admissionregistration.k8s.io": ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
  "kyverno.io": ["ClusterPolicy", "Policy"],
  "policies.kyverno.io": ["ValidatingPolicy"],
  "apiextensions.k8s.io": ["CustomResourceDefinition"],
  "external-secrets.io": ["ExternalSecret"],
  "secrets.hashicorp.com": ["VaultStaticSecret"],
  "secrets-store.csi.x-k8s.io": ["SecretProviderClass"],
  "bitnami.com": ["SealedSecret"],
  "": [
    "ServiceAccount",
    "Pod",
    "ReplicationController",
    "Node",
    "Namespace",
    "Secret",
    "ConfigMap",
    "Service",
    "PersistentVolume",
    "PersistentVolumeClaim",
  ],
};

/** Every kind of this group is a constraint. */
const constraintGroup = "constraints.gatekeeper.sh";

const clusterKinds: ReadonlySet<string> = new Set([
  "ClusterRole",
  "ClusterRoleBinding",
  "Node",
  "Namespace",
  "PersistentVolume",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "ClusterPolicy",
  "ValidatingPolicy",
  "Constraint",
  "CustomResourceDefinition",
]);

/** The kind of fact an object is; undefined for a kind that is not looked at. */
export function factKindOf(apiVersion: string, kind: string): FactKind | undefined {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  if (group === constraintGroup) return "Constraint";
  if (!Object.hasOwn(groups, group) || groups[group]?.includes(kind) !== true) return undefined;
  return [...factKinds, ...furtherKinds].find((known) => known === kind);
}

/** The namespace of a fact: an object without one is taken to be in `default`, as kubectl takes it. */
export function factNamespace(kind: FactKind, written: string): string {
  return clusterKinds.has(kind) ? "" : written || "default";
}

/** The API groups in which a kind is looked for. */
export function groupsOfKind(kind: FactKind): readonly string[] {
  if (kind === "Constraint") return [constraintGroup];
  return Object.keys(groups).filter((group) => groups[group]?.includes(kind) === true);
}
