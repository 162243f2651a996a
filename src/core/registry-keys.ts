/**
 * Where records live in the store. Objects of the Kubernetes API are keyed as
 * Kubernetes keys them in etcd, so that data can be exchanged with a real
 * cluster's etcd; everything of our own is under `/strongroom/`.
 *
 * Source of the first form: kubernetes/apiserver pkg/registry/generic/registry.
 */
import { createHash } from "node:crypto";

/** `/registry/<resource>/[<namespace>/]<name>`. */
export function objectKey(resource: string, namespace: string, name: string): string {
  return `${objectPrefix(resource, namespace)}${name}`;
}

/** Prefix of all objects of a resource (namespace "") or of those in one namespace. */
export function objectPrefix(resource: string, namespace: string): string {
  return namespace === "" ? `/registry/${resource}/` : `/registry/${resource}/${namespace}/`;
}

/**
 * Identifies a secret across re-creations: names may be reused, uids never are,
 * so a re-created namespace or secret never inherits another's versions.
 */
export interface SecretIdentity {
  readonly namespaceUid: string;
  readonly uid: string;
}

/** Prefix of the payloads of one secret, or of a whole namespace when `uid` is left out. */
export function payloadPrefix(identity: { readonly namespaceUid: string; readonly uid?: string }): string {
  return `/strongroom/payloads/${identity.namespaceUid}/${identity.uid === undefined ? "" : `${identity.uid}/`}`;
}

/** Key of one payload; its id is random, never derived from the value (key names are readable on disk). */
export function payloadKey(identity: SecretIdentity, payloadId: string): string {
  return `${payloadPrefix(identity)}${payloadId}`;
}

/** Prefix of the promotions of one secret, in the order of their numbers. */
export function promotionPrefix(identity: SecretIdentity): string {
  return `/strongroom/promotions/${identity.namespaceUid}/${identity.uid}/`;
}

/**
 * Key of promotion `number`. It names its payload, so that pruning and the sweep
 * of orphans need to read keys only.
 */
export function promotionKey(identity: SecretIdentity, number: number, payloadId: string): string {
  return `${beforePromotion(identity, number)}.${payloadId}`;
}

/** What sorts directly before promotion `number`, whatever its payload: to continue a range after the one before. */
export function beforePromotion(identity: SecretIdentity, number: number): string {
  return `${promotionPrefix(identity)}${String(number).padStart(10, "0")}`;
}

/** The number inside a promotion's key. */
export function numberOfPromotionKey(key: string): number {
  return Number(key.slice(key.lastIndexOf("/") + 1, key.lastIndexOf(".")));
}

/** The payload id inside a promotion's key. */
export function payloadIdOfPromotionKey(key: string): string {
  return key.slice(key.lastIndexOf(".") + 1);
}

/** Prefix of the trash of one namespace, or of all. */
export function trashPrefix(namespaceUid?: string): string {
  return namespaceUid === undefined ? "/strongroom/trash/" : `/strongroom/trash/${namespaceUid}/`;
}

/** Key of a deleted secret's last state. */
export function trashKey(identity: SecretIdentity): string {
  return `${trashPrefix(identity.namespaceUid)}${identity.uid}`;
}

/** Where records with what is in secrets are, beside `/registry/secrets/`: whatever encrypts secrets encrypts these. */
export const secretContentPlaces = ["/strongroom/payloads/", "/strongroom/promotions/", "/strongroom/trash/"] as const;

/** Prefix of everything the garbage collector follows: who depends on whom, and what it still has to look at. */
export const ownedPrefix = "/strongroom/owned/";

/** Prefix of the index of dependents, of all owners. */
export const dependentsPrefix = `${ownedPrefix}dependents/`;

/** Prefix of the index of one owner's dependents. */
export function dependentsOfPrefix(owner: OwnerSegment): string {
  return `${dependentsPrefix}${owner}/`;
}

/** Key of the index record of one dependent. */
export function dependentKey(
  owner: OwnerSegment,
  object: { readonly group: string; readonly resource: string; readonly namespace: string; readonly name: string },
): string {
  const place = object.namespace === "" ? object.name : `${object.namespace}/${object.name}`;
  return `${dependentsOfPrefix(owner)}${object.resource}.${object.group}/${place}`;
}

/** The owner in the key of an index record. */
export function ownerOfDependentKey(key: string): OwnerSegment {
  const end = key.indexOf("/", dependentsPrefix.length);
  return key.slice(dependentsPrefix.length, end) as OwnerSegment; // written by dependentKey
}

/** Prefix of the owners whose dependents the garbage collector still has to look at. */
export const pendingOwnersPrefix = `${ownedPrefix}pending/`;

/** Key of one of them. */
export function pendingOwnerKey(owner: OwnerSegment): string {
  return `${pendingOwnersPrefix}${owner}`;
}

/**
 * Key of the record that every new reference to an owner rewrites, so that a transaction which deletes the owner
 * can compare it: either the deletion knows of the dependent, or the dependent comes after the deletion.
 */
export function ownerHeadKey(owner: OwnerSegment): string {
  return `/strongroom/owners/${owner}`;
}

/** Key of the revision up to which the garbage collector has looked at every change of the index. */
export const collectorCursorKey = "/strongroom/garbage-collector/cursor";

/** The uid of an owner as part of a key. */
export type OwnerSegment = string & { readonly __ownerSegment: unique symbol };

/** A uid in an owner reference is whatever its author wrote: what is not like a uid becomes its digest. */
export function ownerSegment(uid: string): OwnerSegment {
  const segment = /^[A-Za-z0-9-]{1,64}$/.test(uid) ? uid : `sha256.${createHash("sha256").update(uid).digest("hex")}`;
  return segment as OwnerSegment; // the one constructor
}
