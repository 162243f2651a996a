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
  | "any-right";

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
