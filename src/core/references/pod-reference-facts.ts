/**
 * Which pods reach an object by naming it, and from which node. What decides or
 * explains who reaches a secret reads these facts through this interface; our store
 * is one implementation, a remote cluster can be another.
 */
import type { PodReference, ReferredKind } from "./pod-references.ts";

export interface ReferringPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The node it is bound to; "" for none. */
  readonly node: string;
  /** Stands for a pod that a node made by itself: it gives its node no right to anything. */
  readonly mirror: boolean;
  readonly references: readonly PodReference[];
}

/** A namespaced object that pods may refer to. */
export interface ReferredObject {
  readonly kind: ReferredKind;
  readonly namespace: string;
  readonly name: string;
}

export interface PodReferenceFacts {
  /** The pods that refer to an object, as of now or a moment ago. Raises `unavailable` until the facts are complete. */
  referringPods(object: ReferredObject): readonly ReferringPod[];
  /** The pods bound to a node, as of now or a moment ago. Raises `unavailable` until the facts are complete. */
  podsOnNode(node: string): readonly ReferringPod[];
  /**
   * Resolves when everything written before the call is in the facts, so that "no"
   * is not "not yet". Raises `unavailable` when they cannot be brought up to date.
   */
  upToDate(): Promise<void>;
  /** Grows with every change of what pods refer to and where they are, and when the facts cease to be known. */
  generation(): number;
}

/**
 * Whether a pod on the node gives it the object. A first "no" is looked at again with
 * up-to-date facts: a kubelet asks as soon as a pod is bound to it.
 */
export async function nodeReaches(facts: PodReferenceFacts, node: string, object: ReferredObject): Promise<boolean> {
  if (node === "") return false;
  const reaches = () => facts.referringPods(object).some((pod) => pod.node === node && !pod.mirror);
  if (reaches()) return true;
  await facts.upToDate();
  return reaches();
}

/** Whether a pod is bound to the node, with up-to-date facts before "no". */
export async function nodeRuns(
  facts: PodReferenceFacts,
  node: string,
  pod: { readonly namespace: string; readonly name: string },
): Promise<boolean> {
  if (node === "") return false;
  const runs = () =>
    facts.podsOnNode(node).some(({ namespace, name }) => namespace === pod.namespace && name === pod.name);
  if (runs()) return true;
  await facts.upToDate();
  return runs();
}

/** Whether a pod is there, with this uid, and refers to the object, with up-to-date facts before "no". */
export async function podRefers(
  facts: PodReferenceFacts,
  pod: { readonly namespace: string; readonly name: string; readonly uid: string },
  object: Pick<ReferredObject, "kind" | "name">,
): Promise<boolean> {
  const refers = () =>
    facts
      .referringPods({ ...object, namespace: pod.namespace })
      .some(({ name, uid }) => name === pod.name && uid === pod.uid);
  if (refers()) return true;
  await facts.upToDate();
  return refers();
}
