/**
 * Mirror pods: what a node shows of the pods it made by itself. They may refer to nothing of the API.
 * Source: k/k pkg/api/pod/util.go (HasAPIObjectReference).
 */
import { podReferences } from "../../../core/references/pod-references.ts";
import type { JsonObject } from "../codec/json.ts";
import { metadataOf, objectField, objectsField, stringField } from "../validation/object-fields.ts";

/** Whether a pod stands for one that a node made by itself. */
export function isMirrorPod(pod: JsonObject): boolean {
  return Object.hasOwn(objectField(metadataOf(pod), "annotations"), "kubernetes.io/config.mirror");
}

/** Volumes that need something of the API besides Secrets and ConfigMaps, and what. */
const volumeReferences: ReadonlyMap<string, string> = new Map([
  ["csi", "csidrivers (via CSI volumes)"],
  ["glusterfs", "endpoints (via glusterFS volumes)"],
  ["persistentVolumeClaim", "persistentvolumeclaims"],
  ["ephemeral", "persistentvolumeclaims (via ephemeral volumes)"],
]);

const sourceReferences: ReadonlyMap<string, string> = new Map([
  ["serviceAccountToken", "serviceaccounts (via projected volumes)"],
  ["clusterTrustBundle", "clustertrustbundles"],
  ["podCertificate", "podcertificates"],
]);

/** What of the API a pod refers to, in upstream's words; undefined when nothing. */
export function apiReferenceOf(pod: JsonObject): string | undefined {
  const spec = objectField(pod, "spec");
  if (stringField(spec, "serviceAccountName") !== "") return "serviceaccounts";
  const references = podReferences(pod);
  if (references.some(({ kind }) => kind === "secret")) return "secrets";
  if (references.some(({ kind }) => kind === "configmap")) return "configmaps";
  if (objectsField(spec, "resourceClaims").length > 0) return "resourceclaims";
  return objectsField(spec, "volumes")
    .map(volumeReference)
    .find((found) => found !== undefined);
}

function volumeReference(volume: JsonObject): string | undefined {
  const sources = objectsField(objectField(volume, "projected"), "sources");
  return (
    Object.keys(volume)
      .map((name) => volumeReferences.get(name))
      .find((found) => found !== undefined) ??
    sources
      .flatMap((source) => Object.keys(source))
      .map((name) => sourceReferences.get(name))
      .find((found) => found !== undefined)
  );
}
