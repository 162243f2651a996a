/** Which kinds of objects are read as which kinds of facts. */
import { allKinds } from "./facts.ts";
import type { FactKind } from "./facts.ts";
import { routeKinds } from "./network-facts.ts";
import { secretPolicyKinds } from "./secret-policy-facts.ts";
import { webhookKinds } from "./webhook-facts.ts";

/** The API groups of the kinds; versions do not matter for the fields that are read. */
const groups: Readonly<Record<string, readonly string[]>> = {
  "rbac.authorization.k8s.io": ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"],
  apps: ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ControllerRevision"],
  extensions: ["Deployment", "DaemonSet", "ReplicaSet", "Ingress", "NetworkPolicy"],
  batch: ["Job", "CronJob"],
  "networking.k8s.io": ["Ingress", "NetworkPolicy"],
  "gateway.networking.k8s.io": [...routeKinds, "Gateway"],
  "admissionregistration.k8s.io": ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", ...webhookKinds],
  "certificates.k8s.io": ["CertificateSigningRequest"],
  "kyverno.io": ["ClusterPolicy", "Policy"],
  "policies.kyverno.io": ["ValidatingPolicy"],
  "apiextensions.k8s.io": ["CustomResourceDefinition"],
  "external-secrets.io": ["ExternalSecret", "SecretStore", "ClusterSecretStore", "PushSecret"],
  "secrets.hashicorp.com": ["VaultStaticSecret", "VaultAuth", "VaultConnection"],
  "cert-manager.io": ["Certificate", "Issuer", "ClusterIssuer"],
  "secrets-store.csi.x-k8s.io": ["SecretProviderClass"],
  "bitnami.com": ["SealedSecret"],
  "strongroom.dev": [...secretPolicyKinds, "SecretLink"],
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
  ...webhookKinds,
  "CertificateSigningRequest",
  "ClusterSecretStore",
  "ClusterIssuer",
  "ClusterSecretPolicy",
]);

/** The kind of fact an object is; undefined for a kind that is not looked at. */
export function factKindOf(apiVersion: string, kind: string): FactKind | undefined {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  if (group === constraintGroup) return "Constraint";
  if (!Object.hasOwn(groups, group) || groups[group]?.includes(kind) !== true) return undefined;
  return allKinds.find((known) => known === kind);
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

/** The name of a kind in paths and rules. Source: apimachinery pkg/api/meta/restmapper.go (UnsafeGuessKindToResource). */
export function resourceOf(kind: FactKind): string {
  if (kind === "Constraint") return "*";
  const name = kind.toLowerCase();
  if (/(?:s|x|ch|sh)$/.test(name)) return `${name}es`;
  return /[^aeiou]y$/.test(name) ? `${name.slice(0, -1)}ies` : `${name}s`;
}

/** Groups of Kubernetes itself; kinds of others a cluster has by a CustomResourceDefinition. */
const ownGroups: ReadonlySet<string> = new Set([
  "",
  "apps",
  "extensions",
  "batch",
  "networking.k8s.io",
  "rbac.authorization.k8s.io",
  "admissionregistration.k8s.io",
  "certificates.k8s.io",
  "apiextensions.k8s.io",
]);

/** Whether a definition of this name, `RESOURCE.GROUP`, is what makes a cluster have the kind; never for kinds of Kubernetes itself. */
export function isDefinedBy(kind: FactKind, definition: string): boolean {
  if (kind === "Constraint") return definition.endsWith(`.${constraintGroup}`);
  return groupsOfKind(kind).some((group) => !ownGroups.has(group) && definition === `${resourceOf(kind)}.${group}`);
}

/** Whether a cluster has the kind by itself. */
export function isBuiltIn(kind: FactKind): boolean {
  return groupsOfKind(kind).some((group) => ownGroups.has(group));
}
