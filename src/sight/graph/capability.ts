/**
 * What rights amount to, without the list of what they concern: a capability stands for one thing, for all of a
 * namespace, or for all of the cluster. So a role that reads every secret is one node, however many secrets there are.
 */
export type CapabilityKind =
  | "read-secret"
  /** Runs a pod of their own: with any secret and any account of the namespace. */
  | "run-pod"
  /** Runs a command in a pod that is there. */
  | "enter-pod"
  | "become-account"
  /** Cluster-wide; not for accounts. */
  | "become-user"
  /** Cluster-wide. */
  | "become-group"
  /** A client certificate of any name, and of any group but system:masters. Cluster-wide. */
  | "certify"
  /** Is a node. Cluster-wide. */
  | "become-node"
  /** Talks to the kubelet of a node. Cluster-wide. */
  | "use-kubelet"
  /** Can give itself every right. */
  | "any-right"
  /** Is root on a node. Cluster-wide. */
  | "own-machine"
  /** Adds a container to a pod, with whatever the namespace admits. */
  | "debug-pod"
  /** Makes pods that Pod Security does not hold back. */
  | "run-any-pod"
  /** Talks to the ports of pods; of the pods behind a service. */
  | "connect-pod"
  | "connect-service"
  | "read-log"
  /** Cluster-wide, by the node. */
  | "read-node-log"
  | "read-node-pods"
  /** Is given what asks for copies in its namespace. */
  | "copy-secret"
  | "pull-with-secret"
  /** Has an item of a store copied into a secret of its own; of a store of the whole cluster. */
  | "sync-item"
  | "sync-cluster-item"
  /** Writes issuers for the whole cluster. */
  | "issue-for-cluster"
  /** Is a group of bootstrap tokens. Cluster-wide. */
  | "become-bootstrapper"
  | DriveKind
  | ReadObjectKind;

/** Controllers that do with their own rights what an object tells them to. */
export const drivenControllers = [
  "flux",
  "argo",
  "velero",
  "kyverno",
  "crossplane",
  "olm",
  "external-secrets",
] as const;
export type DrivenController = (typeof drivenControllers)[number];
export type DriveKind = `drive-${DrivenController}`;

/** Kinds of objects beside Secrets that may hold what belongs into one, by their resources. */
export const readableKinds = {
  configmap: "ConfigMap",
  pod: "Pod",
  deployment: "Deployment",
  statefulset: "StatefulSet",
  daemonset: "DaemonSet",
  replicaset: "ReplicaSet",
  replicationcontroller: "ReplicationController",
  job: "Job",
  cronjob: "CronJob",
  controllerrevision: "ControllerRevision",
} as const;
export type ReadObjectKind = `read-${keyof typeof readableKinds}`;

export interface Capability {
  readonly kind: CapabilityKind;
  /** "" for all namespaces, and for what is cluster-wide. */
  readonly namespace: string;
  /** "" for all names. */
  readonly name: string;
}

const clusterKinds: ReadonlySet<CapabilityKind> = new Set([
  "become-user",
  "become-group",
  "become-node",
  "certify",
  "use-kubelet",
  "own-machine",
  "read-node-log",
  "read-node-pods",
  "become-bootstrapper",
]);

/** The capability over a target, when the rights to it are held in `scope` ("" for everywhere). */
export function capabilityOver(kind: CapabilityKind, scope: string, name: string): Capability {
  return { kind, namespace: clusterKinds.has(kind) ? "" : scope, name };
}

/** The capabilities that reach one target: over it, over its name everywhere, over its namespace, over all. */
export function capabilitiesReaching(kind: CapabilityKind, namespace: string, name: string): Capability[] {
  const namespaces = namespace === "" ? [""] : [namespace, ""];
  return namespaces.flatMap((place) => [name, ""].map((word) => ({ kind, namespace: place, name: word })));
}
