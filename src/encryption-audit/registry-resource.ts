/**
 * Of which resource a key of etcd is. Below the prefix, resources of Kubernetes itself have a folder each, most by their own name and without
 * their group; those of custom resources and of the aggregator are in a folder of their group.
 *
 *     /registry/secrets/default/db                      secrets
 *     /registry/services/specs/default/web              services
 *     /registry/deployments/default/web                 deployments.apps
 *     /registry/cert-manager.io/certificates/a/b        certificates.cert-manager.io
 *
 * Source: kubernetes/kubernetes test/integration/etcd/data.go, pkg/kubeapiserver/default_storage_factory_builder.go.
 */

/** Folders that have another name than their resource; the name is as an EncryptionConfiguration has it. */
const otherNames: Readonly<Record<string, string>> = {
  minions: "nodes",
  controllers: "replicationcontrollers",
  "services/specs": "services",
  "services/endpoints": "endpoints",
  ingress: "ingresses.networking.k8s.io",
  podsecuritypolicy: "podsecuritypolicies.policy",
};

/** Groups of the resources of Kubernetes that are not of the core group. */
const groups: Readonly<Record<string, readonly string[]>> = {
  apps: ["controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"],
  autoscaling: ["horizontalpodautoscalers"],
  batch: ["cronjobs", "jobs"],
  policy: ["poddisruptionbudgets"],
  "admissionregistration.k8s.io": [
    "mutatingadmissionpolicies",
    "mutatingadmissionpolicybindings",
    "mutatingwebhookconfigurations",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
    "validatingwebhookconfigurations",
  ],
  "certificates.k8s.io": ["certificatesigningrequests", "clustertrustbundles", "podcertificaterequests"],
  "coordination.k8s.io": ["leasecandidates", "leases"],
  "discovery.k8s.io": ["endpointslices"],
  "flowcontrol.apiserver.k8s.io": ["flowschemas", "prioritylevelconfigurations"],
  "internal.apiserver.k8s.io": ["storageversions"],
  "networking.k8s.io": ["ingressclasses", "ipaddresses", "networkpolicies", "servicecidrs"],
  "node.k8s.io": ["runtimeclasses"],
  "rbac.authorization.k8s.io": ["clusterrolebindings", "clusterroles", "rolebindings", "roles"],
  "resource.k8s.io": ["deviceclasses", "resourceclaims", "resourceclaimtemplates", "resourceslices"],
  "scheduling.k8s.io": ["priorityclasses"],
  "storage.k8s.io": [
    "csidrivers",
    "csinodes",
    "csistoragecapacities",
    "storageclasses",
    "volumeattachments",
    "volumeattributesclasses",
  ],
  "storagemigration.k8s.io": ["storageversionmigrations"],
};

/** Folders of what has no API: no configuration encrypts it, not even one for everything. */
const withoutApi: ReadonlySet<string> = new Set(["masterleases", "peerserverleases", "ranges"]);

const groupOf = new Map(
  Object.entries(groups).flatMap(([group, resources]) => resources.map((resource) => [resource, group] as const)),
);
const nameOf = new Map(Object.entries(otherNames));

/** Whether an API server encrypts what is in a resource's folder, if it is told to. */
export function isEncryptable(resource: string): boolean {
  return !withoutApi.has(resource);
}

/** A key that was taken apart. */
export interface RegistryKey {
  /** `secrets`, `deployments.apps`; a folder that holds no resource by its own name (`masterleases`). */
  readonly resource: string;
  /** `NAMESPACE/NAME`, or `NAME` for what has no namespace. */
  readonly name: string;
}

/** `path` is what follows the prefix and its slash. */
export function parseRegistryKey(path: string): RegistryKey {
  const [folder = "", second = ""] = path.split("/", 2);
  const isOfGroup = folder.includes(".");
  const depth = isOfGroup || folder === "services" ? folder.length + 1 + second.length : folder.length;
  const name = path.slice(depth + 1);
  if (isOfGroup) return { resource: `${second}.${folder}`, name };
  const known = nameOf.get(path.slice(0, depth));
  if (known !== undefined) return { resource: known, name };
  const group = groupOf.get(folder);
  return { resource: group === undefined ? folder : `${folder}.${group}`, name };
}
