/** The form of the rules that say how one gets from one thing to another. */
import type { ServerKind } from "../facts/server-profile.ts";
import type { AttenuatorId } from "./attenuator.ts";
import type { CapabilityKind } from "./capability.ts";

/** One request whose being allowed is asked for. */
export interface Ask {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  /** "" for the resource itself. */
  readonly subresource: string;
  /** Decided without a namespace: only bindings for the whole cluster count. */
  readonly clusterWide: boolean;
  /**
   * Which name the request has: that of the target, or of a version of it; none (as when creating); any that is allowed; one that nobody has
   * taken (to create it); that of the namespace itself; or one of those given.
   */
  readonly named: "target" | "version" | "none" | "any" | "free" | "namespace" | readonly string[];
}

/** Rights of one identity: of each inner list one request must be allowed. */
export interface RightsCondition extends RightsLimits {
  readonly type: "rights";
  readonly gives: CapabilityKind;
  readonly needs: readonly (readonly Ask[])[];
}

export interface RightsLimits {
  /** The one namespace in which it means anything. */
  readonly within?: string;
  /** What it gives is for the whole cluster, wherever the rights are held. */
  readonly reach?: "cluster";
  /** The objects, by `KIND NAMESPACE/NAME`, one of which must be there, or of a kind that is not known. */
  readonly present?: readonly string[];
}

/** Where an edge comes from. */
export type EdgeCondition =
  | RightsCondition
  /** Rights over roles and bindings, which need the roles themselves to be looked at. */
  | { readonly type: "roles" }
  /** What is so without any right: memberships, mounts, tokens. */
  | { readonly type: "structure" };

export interface EdgeRule {
  /** Stable; printed in answers. */
  readonly id: EdgeId;
  /** What it does, after the one who does it: `Jane ... the secret`. */
  readonly name: string;
  readonly condition: EdgeCondition;
  /** How easy it is, from 0 to 1; paths multiply it. */
  readonly ease: number;
  /** What may make it harder; a row with one or more of them at work is a row of its own. */
  readonly attenuators: readonly AttenuatorId[];
  /** Not a step of its own: it only says who somebody is or what a right amounts to. */
  readonly free: boolean;
  /** Tells that two values are equal: to be shown only to who may read both. */
  readonly tellsEquality: boolean;
  /** Reads the secret by the API, without any detour. */
  readonly direct: boolean;
  /** ATT&CK technique. */
  readonly attack: string;
  /** Why it works. */
  readonly explanation: string;
  readonly fix: string;
  /** Where in Kubernetes it stands. */
  readonly source: string;
  /** The servers on which it holds. */
  readonly servers: readonly ServerKind[];
  /** Kubernetes version from which, and before which, it holds. */
  readonly since: string | undefined;
  readonly until: string | undefined;
}

export const edgeIds = [
  "get-secret",
  "list-secrets",
  "watch-secrets",
  "patch-secret",
  "delete-secret",
  "delete-secrets",
  "get-secret-version",
  "create-pod",
  "change-workload",
  "change-pod-template-resource",
  "exec-pod",
  "exec-pod-by-get",
  "debug-pod",
  "change-pod",
  "use-kubelet",
  "connect-pod",
  "connect-pod-by-get",
  "connect-pod-by-service",
  "request-token",
  "mint-token-secret",
  "impersonate-account",
  "impersonate-account-constrained",
  "impersonate-user",
  "impersonate-user-constrained",
  "impersonate-group",
  "mint-bootstrap-token",
  "approve-certificate",
  "approve-node-certificate",
  "have-node-approved",
  "tap-by-webhook",
  "tap-by-policy",
  "inject-by-webhook",
  "inject-by-policy",
  "bind-role",
  "change-binding",
  "escalate-role",
  "map-cloud-identity",
  "relabel-namespace",
  "mount-node-folder",
  "steal-pods",
  "pull-with-secret",
  "copy-secret",
  "leak-by-store",
  "leak-by-cluster-store",
  "push-secret",
  "leak-by-issuer",
  "leak-by-cluster-issuer",
  "leak-by-vault-auth",
  "token-by-store",
  "token-by-vault-auth",
  "sync-item",
  "sync-cluster-item",
  "drive-flux",
  "drive-argo",
  "drive-velero",
  "drive-kyverno",
  "drive-crossplane",
  "drive-olm",
  "drive-external-secrets",
  "read-log",
  "read-node-log",
  "read-node-pods",
  "read-configmap",
  "read-pod",
  "read-deployment",
  "read-statefulset",
  "read-daemonset",
  "read-replicaset",
  "read-replicationcontroller",
  "read-job",
  "read-cronjob",
  "read-controllerrevision",
  "super-user",
  "member-of",
  "secret-in-pod",
  "token-in-pod",
  "escape-privileged",
  "escape-runtime-socket",
  "escape-host-path-write",
  "escape-host-path-read",
  "escape-host-pid",
  "escape-capability",
  "escape-by-volume",
  "escape-by-debugging",
  "sees-processes",
  "node-runs-pod",
  "kubelet-credentials",
  "control-plane-keys",
  "control-plane-pod",
  "node-reads-secret",
  "node-requests-token",
  "token-secret",
  "bootstrap-secret",
  "holds-credential",
  "helm-release",
  "same-value",
  "unseals",
  "synced-with",
  "linked-with",
  "printed-secret",
  "is-sent-secrets",
  "etcd-client",
  "new-pod-mounts",
  "new-pod-runs-as",
  "new-pod-escapes",
  "acts-as",
  "issues-from",
  "grants-itself",
  "certified-as",
  "concerns",
] as const;

export type EdgeId = (typeof edgeIds)[number];
