/** Fills empty tables from a snapshot: all of it, or nothing. */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { checkKey } from "../key.ts";
import { revisionZero } from "../revision.ts";
import type { TtlLeaseId } from "../store.ts";
import { LiveSetAccumulator } from "./live-set-digest.ts";
import type { IndexAuthenticator } from "./live-set-digest.ts";
import { endOf, subMax } from "./place.ts";
import type { SnapshotHeader, SnapshotItem, SnapshotRecord } from "./snapshot-stream.ts";
import { noChanges } from "./tables.ts";
import type { Changes, Head, StoreState, Tables } from "./tables.ts";

/** What is committed at once, so that memory stays flat whatever the size of the snapshot. */
const pageRecords = 1000;
const pageBytes = 8 * 1024 * 1024;

interface RestoreOptions {
  readonly items: AsyncIterable<SnapshotItem>;
  /** The state of the tables: empty. */
  readonly empty: StoreState;
  readonly nowMs: number;
  readonly authenticator: IndexAuthenticator | undefined;
}

/**
 * Restores, and returns the new state. Pages are committed under a mark that makes
 * an engine throw them away when it is opened before the last one; on failure they
 * are removed at once. Raises `corrupt` for what no store can have, and what `items` raise.
 */
export async function restoreSnapshot(tables: Tables, options: RestoreOptions): Promise<StoreState> {
  const { empty, nowMs, items } = options;
  const marked: StoreState = { ...empty, restoring: true };
  await tables.commit(noChanges(marked));
  const page = new RestorePage(tables, marked, options.authenticator);
  try {
    for await (const item of items) await page.add(item);
    return await page.finish(Math.floor(nowMs / 1000));
  } catch (error) {
    await page.settled();
    await tables.clear(empty);
    throw error;
  }
}

class RestorePage {
  readonly #tables: Tables;
  readonly #marked: StoreState;
  readonly #liveSet: LiveSetAccumulator | undefined;
  readonly #ttlLeases = new Set<TtlLeaseId>();
  #header: SnapshotHeader = { revision: revisionZero, ttlLeaseSequence: 0 };
  #changes: Changes;
  #records = 0;
  #bytes = 0;
  #sub = 0;
  #lastKey = "";
  /** Of the page before, which is written while the next one is gathered. */
  #committing: Promise<void> = Promise.resolve();

  constructor(tables: Tables, marked: StoreState, authenticator: IndexAuthenticator | undefined) {
    this.#tables = tables;
    this.#marked = marked;
    this.#changes = noChanges(marked);
    this.#liveSet = authenticator && marked.liveSet && new LiveSetAccumulator(authenticator, marked.liveSet);
  }

  async add(item: SnapshotItem): Promise<void> {
    if (item.type === "header") this.#header = item.header;
    else if (item.type === "ttl-lease") {
      demand(item.ttlLease.id > 0 && item.ttlLease.id <= this.#header.ttlLeaseSequence);
      this.#ttlLeases.add(item.ttlLease.id);
      this.#changes.ttlLeases.set(item.ttlLease.id, item.ttlLease);
    } else this.#addRecord(item.record);
    if (this.#records < pageRecords && this.#bytes < pageBytes) return;
    await this.#committing;
    this.#committing = this.#tables.commit(this.#changes);
    this.#committing.catch(() => undefined); // raised where it is awaited, which may be later
    this.#changes = noChanges(this.#marked);
    this.#records = 0;
    this.#bytes = 0;
  }

  /** Waits for what is being written, however it ends. */
  async settled(): Promise<void> {
    await this.#committing.catch(() => undefined); // its error is known: nothing is added after it
  }

  async finish(second: number): Promise<StoreState> {
    const { revision, ttlLeaseSequence } = this.#header;
    const state: StoreState = {
      ...this.#marked,
      restoring: false,
      revision,
      compacted: revision,
      scrubbed: endOf(revision),
      ttlLeaseSequence,
      lastTick: second,
      liveSet: this.#liveSet?.result() ?? this.#marked.liveSet,
    };
    // What the store was before this second is not known: 0 says so.
    this.#changes.ticks.set(second, revisionZero);
    this.#changes.state = state;
    await this.#committing;
    await this.#tables.commit(this.#changes);
    return state;
  }

  #addRecord(record: SnapshotRecord): void {
    const { key, value, createRevision, modRevision, version, ttlLease } = record;
    this.#checkRecord(record);
    this.#lastKey = key;
    // Unique across the whole snapshot, so also within a revision.
    const place = { revision: modRevision, sub: this.#sub++ };
    const head: Head = { place, createRevision, version, ttlLease, sizeBytes: value.length };
    this.#changes.heads.set(key, head);
    this.#changes.values.set(place, value);
    this.#changes.log.set(place, {
      type: "put",
      key,
      createRevision,
      version,
      ttlLease,
      sizeBytes: value.length,
      previous: undefined,
      previousSizeBytes: 0,
    });
    if (ttlLease !== undefined) {
      const keys = this.#changes.ttlLeaseKeys.get(ttlLease) ?? new Map<string, boolean>();
      this.#changes.ttlLeaseKeys.set(ttlLease, keys.set(key, true));
    }
    this.#liveSet?.add(key, head);
    this.#records++;
    this.#bytes += value.length;
  }

  #checkRecord({ key, createRevision, modRevision, version, ttlLease }: SnapshotRecord): void {
    try {
      checkKey(key);
    } catch {
      demand(false); // to a reader of the stream it is one kind of damage among others
    }
    demand(key > this.#lastKey);
    demand(createRevision > 0 && createRevision <= modRevision && modRevision <= this.#header.revision);
    demand(version > 0 && this.#sub < subMax);
    demand(ttlLease === undefined || this.#ttlLeases.has(ttlLease));
  }
}

function demand(holds: boolean): void {
  if (!holds) throw new StrongroomError("corrupt", "a snapshot must hold records that a store can have");
}
