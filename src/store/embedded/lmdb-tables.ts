/**
 * The tables in LMDB.
 *
 * - Writes go through one asynchronous batch per commit: LMDB's write transaction,
 *   its sync of the data and then of the meta page run in another thread, and the
 *   promise resolves after them (`overlappingSync: false`; with lmdb-js's default it
 *   would resolve before the data are synced).
 * - Reads are synchronous on the library's shared read transaction, which it renews
 *   after every commit and drops at the end of the turn: none is alive across an await.
 */
import { join } from "node:path";

import type { RootDatabase } from "lmdb";

import { StrongroomError } from "../../errors/strongroom-error.ts";
import { prefixEnd } from "../key.ts";
import { toRevision } from "../revision.ts";
import type { Revision } from "../revision.ts";
import type { TtlLease, TtlLeaseId } from "../store.ts";
import type { IndexAuthenticator } from "../mvcc/live-set-digest.ts";
import { noChanges } from "../mvcc/tables.ts";
import type { Changes, Head, LiveSetSum, LogEntry, Place, StoreState, Tables, Tick } from "../mvcc/tables.ts";
import { commitError, openError } from "./lmdb-error.ts";
import { SpaceReserve, spaceOf } from "./space-reserve.ts";
import type { CommitSpace } from "./space-reserve.ts";
import { decodeState, encodeState, openLiveSet } from "./state-codec.ts";
import {
  attachedKeyCodec,
  countKeyCodec,
  entryCodec,
  headCodec,
  placeCodec,
  placeKeyCodec,
  readCount,
  recordKeyCodec,
  revisionCodec,
  ttlLeaseCodec,
} from "./table-codec.ts";
import type { AttachedKey, TtlLeaseTerm } from "./table-codec.ts";
import { openBytesTable, openTable } from "./lmdb-table.ts";
import type { LmdbTable, TableInterval } from "./lmdb-table.ts";
import { openRoot, statsOf, usedBytes } from "./lmdb-root.ts";

/** The file that holds the tables. */
export const dataFile = "data.mdb";

export const stateKey = "state";
/** Where the table `meta` has what defragment.ts says of the file. */
export const fileNoteKey = "file-note";
/** The byte before which no key of a record begins. */
const firstKey = " ";
const attached = Buffer.of(1);

export interface LmdbTablesOptions {
  readonly directory: string;
  readonly authenticator: IndexAuthenticator | undefined;
  /** The state of a new store. */
  readonly empty: StoreState;
}

/** Opens, or creates, the tables of a directory that the caller has locked. Raises `corrupt`, `invalid`, `unavailable`. */
export async function openLmdbTables(options: LmdbTablesOptions): Promise<LmdbTables> {
  const root = openRoot(options.directory, dataFile);
  const reserve = new SpaceReserve(join(options.directory, dataFile));
  try {
    // The first thing written is the list of tables.
    await reserve.ensure(spaceOf(noChanges(options.empty)), usedBytes(root), () => 0);
    const tables = new LmdbTables(root, reserve, options);
    await tables.start();
    return tables;
  } catch (error) {
    reserve[Symbol.dispose]();
    await root.close();
    throw error instanceof StrongroomError ? error : openError(options.directory, error);
  }
}

export class LmdbTables implements Tables {
  readonly #directory: string;
  readonly #authenticator: IndexAuthenticator | undefined;
  readonly #empty: StoreState;
  readonly #root: RootDatabase<Buffer, string>;
  readonly #heads: LmdbTable<string, Head>;
  readonly #graves: LmdbTable<string, Place>;
  readonly #log: LmdbTable<Place, LogEntry>;
  readonly #values: LmdbTable<Place, Uint8Array>;
  readonly #ticks: LmdbTable<number, Revision>;
  readonly #ttlLeases: LmdbTable<number, TtlLeaseTerm>;
  readonly #ttlLeaseKeys: LmdbTable<AttachedKey, Uint8Array>;
  readonly #meta: LmdbTable<string, Uint8Array>;
  readonly #reserve: SpaceReserve;
  #liveSet: LiveSetSum | undefined;
  #failure: StrongroomError | undefined;

  /** Takes over `root` and `reserve`; {@link start} must be awaited before anything else. */
  constructor(
    root: RootDatabase<Buffer, string>,
    reserve: SpaceReserve,
    { directory, authenticator, empty }: LmdbTablesOptions,
  ) {
    this.#directory = directory;
    this.#authenticator = authenticator;
    this.#empty = empty;
    this.#root = root;
    this.#reserve = reserve;
    this.#heads = openTable(root, "heads", recordKeyCodec, headCodec);
    this.#graves = openTable(root, "graves", recordKeyCodec, placeCodec);
    this.#log = openTable(root, "log", placeKeyCodec, entryCodec);
    this.#values = openBytesTable(root, "values", placeKeyCodec);
    this.#ticks = openTable(root, "ticks", countKeyCodec, revisionCodec);
    this.#ttlLeases = openTable(root, "ttl-leases", countKeyCodec, ttlLeaseCodec);
    this.#ttlLeaseKeys = openBytesTable(root, "ttl-lease-keys", attachedKeyCodec);
    this.#meta = openBytesTable(root, "meta", recordKeyCodec);
  }

  /** Authenticates the state; makes that of a new store; throws away an unfinished restore. */
  async start(): Promise<void> {
    const stored = this.#meta.get(stateKey);
    if (!stored) {
      if (this.#heads.getKeysCount({ start: firstKey }) > 0) {
        throw new StrongroomError("corrupt", "a store with records must have a state");
      }
      return this.commit(noChanges(this.#empty));
    }
    this.#liveSet = openLiveSet(asBuffer(stored), this.#authenticator);
    if (this.state().restoring) await this.clear(this.#empty);
  }

  revision(): Revision {
    return toRevision(readCount(this.#storedState(), 0));
  }

  state(): StoreState {
    return decodeState(this.#storedState(), this.#liveSet);
  }

  head(key: string): Head | undefined {
    return this.#heads.get(key);
  }

  grave(key: string): Place | undefined {
    return this.#graves.get(key);
  }

  entry(place: Place): LogEntry | undefined {
    return this.#log.get(place);
  }

  value(place: Place): Uint8Array | undefined {
    return this.#values.get(place);
  }

  heads(prefix: string, after: string | undefined, limit: number): (readonly [string, Head])[] {
    return pairs(this.#heads.getRange({ ...interval(prefix, after), limit }));
  }

  graves(prefix: string, after: string | undefined, limit: number): (readonly [string, Place])[] {
    return pairs(this.#graves.getRange({ ...interval(prefix, after), limit }));
  }

  countHeads(prefix: string, after: string | undefined): number {
    return this.#heads.getKeysCount(interval(prefix, after));
  }

  entries(after: Place, limit: number): (readonly [Place, LogEntry])[] {
    return pairs(this.#log.getRange({ start: after, exclusiveStart: true, limit }));
  }

  tickAfter(second: number): Tick | undefined {
    // A second may be anything a caller made of a date; the table has those from 0 on.
    if (second < 0) return this.ticks(1)[0];
    for (const { key, value } of this.#ticks.getRange({ start: second, exclusiveStart: true, limit: 1 })) {
      return { second: key, revision: value };
    }
    return undefined;
  }

  ticks(limit: number): readonly Tick[] {
    return pairs(this.#ticks.getRange({ start: 0, limit })).map(([second, revision]) => ({ second, revision }));
  }

  ttlLeases(): readonly TtlLease[] {
    // The keys of this table are ids of leases.
    return pairs(this.#ttlLeases.getRange({ start: 0 })).map(([id, term]) => ({ id: id as TtlLeaseId, ...term }));
  }

  ttlLeaseKeys(id: TtlLeaseId): readonly string[] {
    return [...this.#ttlLeaseKeys.getKeys({ start: { id, key: "" }, end: { id: id + 1, key: "" } })].map(
      ({ key }) => key,
    );
  }

  async commit(changes: Changes): Promise<void> {
    // Before the batch: it calls out, and what throws within a batch leaves half of it to be committed.
    const state = encodeState(changes.state, this.#authenticator);
    await this.#batch(spaceOf(changes), () => {
      for (const [key, head] of changes.heads) putOrRemove(this.#heads, key, head);
      for (const [key, place] of changes.graves) putOrRemove(this.#graves, key, place);
      for (const [place, entry] of changes.log.entries()) putOrRemove(this.#log, place, entry);
      for (const [place, value] of changes.values.entries()) putOrRemove(this.#values, place, value);
      for (const [second, revision] of changes.ticks) putOrRemove(this.#ticks, second, revision);
      for (const [id, lease] of changes.ttlLeases) putOrRemove(this.#ttlLeases, id, lease);
      for (const [id, keys] of changes.ttlLeaseKeys) {
        for (const [key, isAttached] of keys) {
          putOrRemove(this.#ttlLeaseKeys, { id, key }, isAttached ? attached : undefined);
        }
      }
      this.#meta.put(stateKey, state);
    });
    this.#liveSet = changes.state.liveSet;
  }

  async clear(state: StoreState): Promise<void> {
    const encoded = encodeState(state, this.#authenticator);
    await this.#batch(spaceOf(noChanges(state)), () => {
      for (const table of this.#tables()) table.clearAsync();
      this.#meta.put(stateKey, encoded);
    });
    this.#liveSet = state.liveSet;
  }

  async close(): Promise<void> {
    this.#reserve[Symbol.dispose]();
    await this.#root.close();
  }

  /** What a defragmentation noted in the file; undefined in one that never was. */
  fileNote(): Uint8Array | undefined {
    return this.#meta.get(fileNoteKey);
  }

  async #batch(space: CommitSpace, write: () => void): Promise<void> {
    if (this.#failure) throw this.#failure;
    try {
      await this.#reserve.ensure(space, usedBytes(this.#root), () => this.#freeBytes());
      await this.#root.batch(write);
    } catch (cause) {
      const { error, mayRetry } = await commitError(this.#directory, cause);
      if (!mayRetry) this.#failure = error;
      throw error;
    } finally {
      // The next read must see this commit, whenever the library would renew by itself.
      this.#root.resetReadTxn();
    }
  }

  #tables(): readonly Pick<LmdbTable<never, never>, "clearAsync" | "getStats">[] {
    return [
      this.#heads,
      this.#graves,
      this.#log,
      this.#values,
      this.#ticks,
      this.#ttlLeases,
      this.#ttlLeaseKeys,
      this.#meta,
    ];
  }

  // Pages of the file that no table uses. All counts are kept by LMDB: none is taken by walking.
  #freeBytes(): number {
    const { root, free, lastPageNumber } = statsOf(this.#root);
    const stats = [root, free, ...this.#tables().map((table) => table.getStats())];
    const used = stats.reduce(
      (sum, each) => sum + each.treeBranchPageCount + each.treeLeafPageCount + each.overflowPages,
      0,
    );
    return (lastPageNumber + 1 - used) * root.pageSize;
  }

  #storedState(): Buffer {
    const state = this.#meta.get(stateKey);
    if (!state) throw new StrongroomError("corrupt", "a store must have a state");
    return asBuffer(state);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function putOrRemove<K, V>(table: LmdbTable<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) table.remove(key);
  else table.put(key, value);
}

function pairs<K, V>(entries: Iterable<{ readonly key: K; readonly value: V }>): (readonly [K, V])[] {
  const list: (readonly [K, V])[] = [];
  for (const { key, value } of entries) list.push([key, value]);
  return list;
}

function interval(prefix: string, after: string | undefined): TableInterval<string> {
  const exclusiveStart = after !== undefined && after >= prefix;
  const start = exclusiveStart ? after : prefix;
  return { start: start === "" ? firstKey : start, end: prefixEnd(prefix), exclusiveStart };
}
