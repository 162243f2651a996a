/**
 * What a write of an object adds to its transaction so that the garbage
 * collector finds the object's owners and dependents without looking at all
 * objects, also after a crash.
 *
 * Invariants:
 * - for every stored object and every distinct owner uid in its references there
 *   is one index record, and no other;
 * - whoever deletes an object that has dependents leaves a pending record, in the
 *   same transaction (the compare of the owner's head makes that certain);
 * - an object that waits for the collector has a pending record;
 * - an object without owners and such finalizers costs no record.
 */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { Compare, Operation, Store, TransactionResult } from "../../store/store.ts";
import { dependentKey, ownerHeadKey, ownerSegment, pendingOwnerKey } from "../registry-keys.ts";
import type { ObjectLinks, OwnerReference } from "./object-links.ts";

/** Names one object of one kind. */
export interface ObjectIdentity {
  /** API group, "" for core. */
  readonly group: string;
  readonly resource: string;
  /** "" for what is outside of namespaces. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Events refer to what they tell of; the garbage collector ignores them, as upstream's does. */
const ignoredResource = "events";

/** Most owners of one object: with more, its transactions would be larger than an engine takes. */
const ownersMax = 1000;

const none: readonly Operation[] = [];

/** The operations that go with the creation of an object. Raises `too-large` for more than 1,000 owners. */
export function creationOperations(object: ObjectIdentity, links: ObjectLinks): readonly Operation[] {
  return links.owners.length === 0 ? none : referenceOperations(object, [], links.owners);
}

/** The operations that go with a change of an object. Raises `too-large` for more than 1,000 owners. */
export function replacementOperations(
  object: ObjectIdentity,
  previous: ObjectLinks,
  next: ObjectLinks,
): readonly Operation[] {
  if (previous === next) return none;
  const references = referenceOperations(object, previous.owners, next.owners);
  const begins = next.waitsForCollector && !previous.waitsForCollector;
  return begins ? [...references, pendingOperation(object)] : references;
}

/** How often a deletion is tried again because a dependent was added meanwhile. */
const deletionTriesMax = 20;

/**
 * Runs the transaction that deletes an object, with what its owners and dependents need. The result is that of the
 * transaction; it has not succeeded when one of its own compares did not hold, or dependents kept being added.
 */
export async function deleteIndexed(
  store: Store,
  object: ObjectIdentity,
  links: ObjectLinks,
  transaction: { readonly compares: readonly Compare[]; readonly thens: readonly Operation[] },
): Promise<TransactionResult> {
  const headKey = ownerHeadKey(ownerSegment(object.uid));
  const references = referenceOperations(object, links.owners, []);
  for (let attempt = 1; ; attempt++) {
    const seen = (await store.get(headKey, { keysOnly: true }))?.modRevision ?? 0;
    const pending = seen > 0 || links.waitsForCollector ? [pendingOperation(object)] : none;
    const result = await store.txn({
      compares: [...transaction.compares, { key: headKey, target: "mod-revision", relation: "=", value: seen }],
      thens: [...transaction.thens, ...references, ...pending],
      elses: [{ type: "get", key: headKey }],
    });
    const unchanged = (result.results[0]?.record?.modRevision ?? 0) === seen;
    if (result.succeeded || unchanged || attempt >= deletionTriesMax) return result;
  }
}

function referenceOperations(
  object: ObjectIdentity,
  previous: readonly OwnerReference[],
  next: readonly OwnerReference[],
): readonly Operation[] {
  if ((previous.length === 0 && next.length === 0) || object.resource === ignoredResource) return none;
  const before = byOwner(previous);
  const after = byOwner(next);
  if (after.size > ownersMax) {
    throw new StrongroomError("too-large", `an object must have at most ${ownersMax} different owners`);
  }
  const operations: Operation[] = [];
  for (const uid of before.keys()) {
    if (!after.has(uid)) operations.push({ type: "delete", key: dependentKey(ownerSegment(uid), object) });
  }
  for (const [uid, references] of after) {
    const stored = before.get(uid);
    if (stored !== undefined && JSON.stringify(stored) === JSON.stringify(references)) continue;
    const owner = ownerSegment(uid);
    const value = Buffer.from(JSON.stringify({ ...identityOf(object), references }), "utf8");
    operations.push({ type: "put", key: dependentKey(owner, object), value });
    if (stored === undefined) operations.push({ type: "put", key: ownerHeadKey(owner), value: headValue() });
  }
  return operations;
}

/** Only the revision of a head is looked at. */
const headValue = () => Buffer.from("1", "utf8");

/** One uid may be named several times, with different kinds or names. */
function byOwner(references: readonly OwnerReference[]): Map<string, OwnerReference[]> {
  const owners = new Map<string, OwnerReference[]>();
  for (const reference of references) {
    const known = owners.get(reference.uid);
    if (known === undefined) owners.set(reference.uid, [reference]);
    else known.push(reference);
  }
  return owners;
}

function pendingOperation(object: ObjectIdentity): Operation {
  const value = Buffer.from(JSON.stringify(identityOf(object)), "utf8");
  return { type: "put", key: pendingOwnerKey(ownerSegment(object.uid)), value };
}

/** The fields of an identity and no others, whatever the object handed in carries. */
function identityOf({ group, resource, namespace, name, uid }: ObjectIdentity): ObjectIdentity {
  return { group, resource, namespace, name, uid };
}
