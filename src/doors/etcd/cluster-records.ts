/**
 * What API servers keep of their own beside the secrets: one small record, by which several agree on who compacts, and
 * up to which revision they have said that they need history no more.
 *
 * History itself is kept as the instance's configuration says, for all doors: a compaction through this door drops nothing, it only
 * makes this door refuse what is below, as etcd would.
 */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { toRevision } from "../../store/revision.ts";
import type { Revision } from "../../store/revision.ts";
import type { Store, StoredRecord } from "../../store/store.ts";
import type { RecordPlace } from "./cluster-keys.ts";
import type { KeyState } from "./key-state.ts";

export type RecordStore = Pick<Store, "get" | "txn" | "currentRevision" | "compactedRevision">;

/** These records hold numbers. */
const recordBytesMax = 1024;

export class ClusterRecords {
  readonly #store: RecordStore;
  readonly #prefix: string;

  constructor(store: RecordStore, cluster: string) {
    this.#store = store;
    this.#prefix = `/strongroom/etcd/${cluster}/`;
  }

  async get(place: RecordPlace, revision?: Revision): Promise<KeyState | undefined> {
    const record = await this.#store.get(this.#keyOf(place), { revision });
    return record === undefined ? undefined : keyState(place, record);
  }

  /** Writes over the state of `revision` (0: none). Raises `conflict`, `too-large`. */
  async put(place: RecordPlace, value: Uint8Array, revision: number): Promise<Revision> {
    if (value.length > recordBytesMax) throw new StrongroomError("too-large", "a record must be at most 1 KiB");
    return this.#change(place, revision, { type: "put", key: this.#keyOf(place), value });
  }

  async delete(place: RecordPlace, revision: number): Promise<Revision> {
    return this.#change(place, revision, { type: "delete", key: this.#keyOf(place) });
  }

  async #change(
    place: RecordPlace,
    revision: number,
    operation: { readonly type: "put"; key: string; value: Uint8Array } | { readonly type: "delete"; key: string },
  ): Promise<Revision> {
    const result = await this.#store.txn({
      compares: [{ key: this.#keyOf(place), target: "mod-revision", relation: "=", value: revision }],
      thens: [operation],
    });
    if (!result.succeeded) throw new StrongroomError("conflict", "the record must not have changed since it was read");
    return result.revision;
  }

  /** Below this revision nothing is answered any more. */
  async compactedRevision(): Promise<number> {
    const record = await this.#store.get(this.#compactedKey);
    const own = record === undefined ? 0 : Number(Buffer.from(record.value).toString("latin1"));
    return Math.max(own, await this.#store.compactedRevision());
  }

  /** Raises `compacted` for a revision that was compacted. */
  async requireKept(revision: number): Promise<void> {
    if (revision < (await this.compactedRevision())) {
      throw new StrongroomError("compacted", "the revision must not have been compacted");
    }
  }

  /** As etcd: raises `compacted` when it is so already, `future-revision` above the current one. Of several at a time the furthest stays. */
  async compact(revision: number): Promise<void> {
    const wanted = toRevision(Math.max(0, revision));
    const key = this.#compactedKey;
    for (let isDone = false; !isDone;) {
      const record = await this.#store.get(key, { keysOnly: true });
      if (wanted <= (await this.compactedRevision())) {
        throw new StrongroomError("compacted", "the revision must not have been compacted");
      }
      if (wanted > (await this.#store.currentRevision())) {
        throw new StrongroomError("future-revision", "the revision must have been reached");
      }
      const { succeeded } = await this.#store.txn({
        compares: [{ key, target: "mod-revision", relation: "=", value: record?.modRevision ?? 0 }],
        thens: [{ type: "put", key, value: Buffer.from(String(wanted), "latin1") }],
      });
      isDone = succeeded;
    }
  }

  /** Everything that is written from now on has a revision above this one, which the cluster's own etcd has come to. */
  async goOnAbove(revision: number): Promise<Revision> {
    if (revision < (await this.#store.currentRevision())) return this.#store.currentRevision();
    const value = Buffer.from(String(revision), "latin1");
    const result = await this.#store.txn({
      compares: [],
      thens: [{ type: "put", key: `${this.#prefix}adopted`, value }],
      revisionAtLeast: toRevision(revision + 1),
    });
    return result.revision;
  }

  get #compactedKey(): string {
    return `${this.#prefix}compacted`;
  }

  #keyOf({ key }: RecordPlace): string {
    return `${this.#prefix}records/${key}`;
  }
}

function keyState({ key }: RecordPlace, record: StoredRecord): KeyState {
  const { createRevision, modRevision, version, value } = record;
  return { key: Buffer.from(key, "latin1"), createRevision, modRevision, version, value, lease: 0 };
}
