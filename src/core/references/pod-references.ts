/**
 * What a pod refers to by name: its Secrets, its ConfigMaps, its ServiceAccount.
 *
 * The pod is taken as the JSON that is stored, of whatever origin, so nothing is
 * assumed of its shape. ServiceAccounts' own pull secrets are not the pod's: where
 * they are added to pods, they stand in them.
 *
 * Source: k/k pkg/api/v1/pod/util.go (VisitPodSecretNames, VisitPodConfigmapNames) and
 * plugin/pkg/auth/authorizer/node/graph.go (AddPod).
 */
export type ReferredKind = "secret" | "configmap" | "serviceaccount";

/** By which part of the pod it is reached. */
export type ReferenceWay =
  | "environment"
  | "environment-from"
  | "volume"
  | "projected-volume"
  | "image-pull"
  /** Credentials of a volume's driver: CSI, iSCSI, Ceph and the like. */
  | "volume-driver"
  | "account";

export interface PodReference {
  readonly kind: ReferredKind;
  readonly name: string;
  readonly way: ReferenceWay;
}

/** All references of a pod, each kind, name and way once. */
export function podReferences(pod: unknown): PodReference[] {
  const spec = field(pod, "spec");
  const found: PodReference[] = [
    ...named("serviceaccount", field(spec, "serviceAccountName"), "account"),
    ...list(spec, "imagePullSecrets").flatMap((secret) => named("secret", field(secret, "name"), "image-pull")),
    ...["containers", "initContainers", "ephemeralContainers"].flatMap((containers) =>
      list(spec, containers).flatMap(containerReferences),
    ),
    ...list(spec, "volumes").flatMap(volumeReferences),
  ];
  return [...new Map(found.map((reference) => [Object.values(reference).join("/"), reference])).values()];
}

function containerReferences(container: unknown): PodReference[] {
  return [
    ...list(container, "env").flatMap((variable) => {
      const valueFrom = field(variable, "valueFrom");
      return [
        ...named("secret", field(field(valueFrom, "secretKeyRef"), "name"), "environment"),
        ...named("configmap", field(field(valueFrom, "configMapKeyRef"), "name"), "environment"),
      ];
    }),
    ...list(container, "envFrom").flatMap((source) => [
      ...named("secret", field(field(source, "secretRef"), "name"), "environment-from"),
      ...named("configmap", field(field(source, "configMapRef"), "name"), "environment-from"),
    ]),
  ];
}

/** Sources of volumes whose drivers are given a Secret, with the field that names it. */
const driverSecrets: readonly (readonly [source: string, reference: string])[] = [
  ["cephfs", "secretRef"],
  ["cinder", "secretRef"],
  ["csi", "nodePublishSecretRef"],
  ["flexVolume", "secretRef"],
  ["iscsi", "secretRef"],
  ["rbd", "secretRef"],
  ["scaleIO", "secretRef"],
  ["storageos", "secretRef"],
];

function volumeReferences(volume: unknown): PodReference[] {
  return [
    ...named("secret", field(field(volume, "secret"), "secretName"), "volume"),
    ...named("configmap", field(field(volume, "configMap"), "name"), "volume"),
    ...list(field(volume, "projected"), "sources").flatMap((source) => [
      ...named("secret", field(field(source, "secret"), "name"), "projected-volume"),
      ...named("configmap", field(field(source, "configMap"), "name"), "projected-volume"),
    ]),
    ...named("secret", field(field(volume, "azureFile"), "secretName"), "volume-driver"),
    ...driverSecrets.flatMap(([source, reference]) =>
      named("secret", field(field(field(volume, source), reference), "name"), "volume-driver"),
    ),
  ];
}

function named(kind: ReferredKind, name: unknown, way: ReferenceWay): PodReference[] {
  return typeof name === "string" && name !== "" ? [{ kind, name, way }] : [];
}

/** A field of what may or may not be an object; never one of its prototype. */
export function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name]; // hasOwn above
}

function list(value: unknown, name: string): unknown[] {
  const items = field(value, name);
  return Array.isArray(items) ? items : [];
}
