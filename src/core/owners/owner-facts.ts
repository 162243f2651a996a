/**
 * What the garbage collector needs to know of the owners that objects name. It
 * reads these facts through this interface: our store is one implementation, a
 * remote cluster, in which the owners of objects that are stored here live, can be
 * another.
 */
import type { OwnerReference } from "./object-links.ts";

/** What a reference leads to. */
export type OwnerFact =
  | {
      readonly type: "present";
      readonly uid: string;
      /** Being deleted, and waiting for its dependents to go first. */
      readonly waitsForDependents: boolean;
    }
  /** There is no object of that kind and name. */
  | { readonly type: "absent" }
  /** Nothing is known of that kind: the owner may exist or not. */
  | { readonly type: "unknown-kind" }
  /** The kind lives in namespaces and the dependent does not: the reference names no object at all. */
  | { readonly type: "no-namespace" };

export interface OwnerFacts {
  /**
   * The object that a reference in an object of `namespace` ("" outside of namespaces) leads to, read now: a decision
   * to delete rests on it. The uid may be another than the reference's.
   */
  owner(reference: OwnerReference, namespace: string): Promise<OwnerFact>;
}
