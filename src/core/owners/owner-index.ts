/** The owner index as the garbage collector reads it; owner-index-writes.ts keeps it. */
import type { Revision } from "../../store/revision.ts";
import { toRevision } from "../../store/revision.ts";
import type { Compare, Operation, Store, StoredRecord, StoreEvent, Watcher } from "../../store/store.ts";
import {
  collectorCursorKey,
  dependentsOfPrefix,
  dependentsPrefix,
  ownedPrefix,
  ownerHeadKey,
  ownerOfDependentKey,
  ownerSegment,
  pendingOwnerKey,
  pendingOwnersPrefix,
} from "../registry-keys.ts";
import type { OwnerSegment } from "../registry-keys.ts";
import type { OwnerReference } from "./object-links.ts";
import type { ObjectIdentity } from "./owner-index-writes.ts";

/** An object with the references it has to one owner. */
export interface Dependent extends ObjectIdentity {
  /** All have the same uid. */
  readonly references: readonly OwnerReference[];
}

/** An object that was deleted, or is being deleted, and whose dependents have to be looked at. */
export interface PendingOwner extends ObjectIdentity {
  /** Of the record, for {@link OwnerIndex.settle}. */
  readonly revision: Revision;
}

export type IndexChange =
  | { readonly type: "reference-added"; readonly owner: OwnerSegment; readonly dependent: Dependent }
  | { readonly type: "reference-removed"; readonly owner: OwnerSegment }
  | { readonly type: "owner-pending"; readonly owner: PendingOwner };

export interface IndexBatch {
  readonly changes: readonly IndexChange[];
  /** Every change up to and including this revision has been delivered. */
  readonly revision: Revision;
}

export interface DependentPage {
  readonly dependents: readonly Dependent[];
  /** To continue after; undefined at the end. */
  readonly next: string | undefined;
}

interface Cursor {
  readonly revision: number;
  /** Whatever names the kinds that are known, always in the same way. */
  readonly kinds: string;
}

export class OwnerIndex {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  currentRevision(): Promise<Revision> {
    return this.#store.currentRevision();
  }

  /** A page of the objects that refer to `uid`. */
  dependentsOf(uid: string, after: string | undefined, limit: number): Promise<DependentPage> {
    return this.#dependents(dependentsOfPrefix(ownerSegment(uid)), after, limit);
  }

  /** A page of all dependents, ordered by owner. */
  allDependents(after: string | undefined, limit: number): Promise<DependentPage> {
    return this.#dependents(dependentsPrefix, after, limit);
  }

  async #dependents(prefix: string, after: string | undefined, limit: number): Promise<DependentPage> {
    const page = await this.#store.range(prefix, { after, limit });
    return {
      dependents: page.records.map(dependentIn),
      next: page.more ? page.records.at(-1)?.key : undefined,
    };
  }

  /** Whether anything refers to `uid`. */
  async hasDependents(uid: string): Promise<boolean> {
    return this.#isReferred(ownerSegment(uid));
  }

  async #isReferred(owner: OwnerSegment): Promise<boolean> {
    const page = await this.#store.range(dependentsOfPrefix(owner), { limit: 1, keysOnly: true });
    return page.records.length > 0;
  }

  /** A page of all pending owners. */
  async pendingOwners(after: string | undefined, limit: number) {
    const page = await this.#store.range(pendingOwnersPrefix, { after, limit });
    const owners: readonly PendingOwner[] = page.records.map(pendingIn);
    return { owners, next: page.more ? page.records.at(-1)?.key : undefined };
  }

  /** The pending record of `uid`, if there is one. */
  async pendingOwner(uid: string): Promise<PendingOwner | undefined> {
    const record = await this.#store.get(pendingOwnerKey(ownerSegment(uid)));
    return record === undefined ? undefined : pendingIn(record);
  }

  /**
   * Nothing is left to do for a pending owner: its record goes - unless it was written again since it was read - and
   * its head with it when nothing refers to it. Returns whether the record is gone.
   */
  async settle(owner: PendingOwner): Promise<boolean> {
    const segment = ownerSegment(owner.uid);
    const key = pendingOwnerKey(segment);
    for (;;) {
      const record = await this.#store.get(key, { keysOnly: true });
      if (record?.modRevision !== owner.revision) return record === undefined;
      const head = await this.#unreferredHead(segment);
      const settled = head === undefined ? [record] : [record, head];
      const result = await this.#store.txn({ compares: settled.map(unchanged), thens: settled.map(deletion) });
      if (result.succeeded) return true;
      // The head changed, or went with the last reference: then what is to go is looked up again.
    }
  }

  /** Removes the head of an owner that nothing refers to any more. */
  async forgetUnreferred(owner: OwnerSegment): Promise<void> {
    const head = await this.#unreferredHead(owner);
    if (head !== undefined) await this.#store.txn({ compares: [unchanged(head)], thens: [deletion(head)] });
  }

  /** A reference that is added later rewrites the head, so that a compare of it fails. */
  async #unreferredHead(owner: OwnerSegment): Promise<StoredRecord | undefined> {
    const head = await this.#store.get(ownerHeadKey(owner), { keysOnly: true });
    return head === undefined || (await this.#isReferred(owner)) ? undefined : head;
  }

  /** Follows the index from a revision on (inclusive). `next` raises `compacted` as the store's watcher does. */
  watch(from: Revision): OwnerIndexWatcher {
    return new OwnerIndexWatcher(this.#store.watch(ownedPrefix, { from }));
  }

  /**
   * The revision up to which all changes were dealt with, as saved last - by a collector that knew the same kinds: one
   * that knows others may decide otherwise about what was dealt with.
   */
  async cursor(kinds: string): Promise<Revision | undefined> {
    const record = await this.#store.get(collectorCursorKey);
    if (record === undefined) return undefined;
    const saved = JSON.parse(Buffer.from(record.value).toString("utf8")) as Cursor; // written by saveCursor
    return saved.kinds === kinds ? toRevision(saved.revision) : undefined;
  }

  async saveCursor(revision: Revision, kinds: string): Promise<void> {
    const cursor: Cursor = { revision, kinds };
    const value = Buffer.from(JSON.stringify(cursor), "utf8");
    await this.#store.txn({ compares: [], thens: [{ type: "put", key: collectorCursorKey, value }] });
  }
}

/** Turns the store's events into changes of the index. Same contract as the store's Watcher. */
export class OwnerIndexWatcher implements AsyncDisposable {
  readonly #watcher: Watcher;

  constructor(watcher: Watcher) {
    this.#watcher = watcher;
  }

  async next(): Promise<IndexBatch | undefined> {
    const batch = await this.#watcher.next();
    if (batch === undefined) return undefined;
    return { changes: batch.events.flatMap(changesIn), revision: batch.revision };
  }

  requestProgress(): void {
    this.#watcher.requestProgress();
  }

  close(): void {
    this.#watcher.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watcher[Symbol.asyncDispose]();
  }
}

/** A reference that no longer blocks was removed as far as its owner is concerned, and is looked at as an added one. */
function changesIn(event: StoreEvent): IndexChange[] {
  const { key } = event.record;
  if (key.startsWith(pendingOwnersPrefix)) {
    return event.type === "put" ? [{ type: "owner-pending", owner: pendingIn(event.record) }] : [];
  }
  const owner = ownerOfDependentKey(key);
  const removed: IndexChange[] =
    event.type === "delete" || event.previous !== undefined ? [{ type: "reference-removed", owner }] : [];
  if (event.type === "delete") return removed;
  return [...removed, { type: "reference-added", owner, dependent: dependentIn(event.record) }];
}

function unchanged(record: StoredRecord): Compare {
  return { key: record.key, target: "mod-revision", relation: "=", value: record.modRevision };
}

function deletion(record: StoredRecord): Operation {
  return { type: "delete", key: record.key };
}

function dependentIn(record: StoredRecord): Dependent {
  return JSON.parse(Buffer.from(record.value).toString("utf8")) as Dependent; // written by owner-index-writes.ts
}

function pendingIn(record: StoredRecord): PendingOwner {
  const identity = JSON.parse(Buffer.from(record.value).toString("utf8")) as ObjectIdentity; // by owner-index-writes.ts
  return { ...identity, revision: record.modRevision };
}
