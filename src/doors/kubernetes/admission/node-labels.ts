/**
 * The labels that a node may not give itself, since they decide which pods come to it.
 * Source: k/k plugin/pkg/admission/noderestriction/admission.go, kubelet pkg/apis/well_known_labels.go.
 */
import { sortKeys } from "../codec/canonical-object.ts";
import type { JsonObject } from "../codec/json.ts";

const ownLabels: ReadonlySet<string> = new Set([
  "kubernetes.io/hostname",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
  "beta.kubernetes.io/instance-type",
  "node.kubernetes.io/instance-type",
  "kubernetes.io/os",
  "kubernetes.io/arch",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/arch",
]);
const ownPrefixes = ["kubelet.kubernetes.io", "node.kubernetes.io"];

/** Which of the labels that differ a node may neither add, change nor remove, sorted. */
export function forbiddenNodeLabels(next: Readonly<JsonObject>, previous: Readonly<JsonObject>): string[] {
  const keys = new Set([...Object.keys(next), ...Object.keys(previous)]);
  return sortKeys([...keys].filter((key) => next[key] !== previous[key] && isForbidden(key)));
}

function isForbidden(label: string): boolean {
  const prefix = label.includes("/") ? label.slice(0, label.indexOf("/")) : "";
  if (isWithin(prefix, "node-restriction.kubernetes.io")) return true;
  const isReserved = isWithin(prefix, "kubernetes.io") || isWithin(prefix, "k8s.io");
  return isReserved && !ownLabels.has(label) && !ownPrefixes.some((own) => isWithin(prefix, own));
}

function isWithin(prefix: string, domain: string): boolean {
  return prefix === domain || prefix.endsWith(`.${domain}`);
}
