/**
 * The contract of the store: an MVCC key-value store in etcd's vocabulary.
 *
 * Engines (memory, embedded, etcd) implement it over opaque bytes; the
 * encrypting store (store/encrypted-store.ts) implements it over an engine with
 * transformers between. Nothing above knows which engine it stands on, and an
 * engine knows no secret, no door and no key.
 *
 * Keys are strings of printable ASCII without NUL, `/`-separated, at most 1,024
 * bytes, ordered by byte. Values are at most 8 MiB (a secret of 1 MiB is 1.4 MiB
 * in base64; an engine with a smaller transaction limit says so in
 * {@link Store.limits}). Buffers that are handed in belong to the store from
 * then on; buffers that are handed out must not be written to.
 *
 * All methods raise StrongroomError: `compacted`, `future-revision`, `conflict`,
 * `lease-not-found`, `too-large`, `unavailable`, `corrupt`, `invalid`.
 *
 * Source of the semantics: etcd's KV, Watch and Lease services (v3).
 */
import type { Revision } from "./revision.ts";

/** Identifies a TTL lease: a positive safe integer, never reused. */
export type TtlLeaseId = number & { readonly __ttlLeaseId: unique symbol };

/** A key's state at one revision. */
export interface StoredRecord {
  readonly key: string;
  /** Empty in keys-only ranges and in the record of a delete event. */
  readonly value: Uint8Array;
  /** Length of the value as the engine keeps it (present in keys-only ranges too). */
  readonly sizeBytes: number;
  /** Revision that created this generation of the key. */
  readonly createRevision: Revision;
  /** Revision of the last put (of the delete, in the record of a delete event). */
  readonly modRevision: Revision;
  /** 1 after creation, +1 per put; 0 in the record of a delete event. */
  readonly version: number;
  /** The TTL lease the key is attached to, if any. */
  readonly ttlLease: TtlLeaseId | undefined;
  /**
   * True when the value was decrypted with anything but the current writing
   * key, so that a rewrite is due. Engines always say false.
   */
  readonly stale: boolean;
}

/** A condition of a transaction on one key; an absent key compares as 0. */
export interface Compare {
  readonly key: string;
  readonly target: "mod-revision" | "create-revision" | "version";
  readonly relation: "=" | "!=" | "<" | ">";
  readonly value: number;
}

/**
 * The bytes of a put: given, or made when the engine knows the revision they
 * will carry (so that they can be bound to it). The function is called exactly
 * once, synchronously, in the order of commits; if it throws, that transaction
 * fails alone and nothing of it is kept. Engines that learn the revision only
 * after the commit pass `undefined` and say so in {@link Store.bindsRevision}.
 */
export type PutValue = Uint8Array | ((assigned: Revision | undefined) => Uint8Array);

/** One operation of a transaction. A key may be written at most once per transaction. */
export type Operation =
  | { readonly type: "put"; readonly key: string; readonly value: PutValue; readonly ttlLease?: TtlLeaseId | undefined }
  /** With `keysOnly`, the result has the removed record without its value: for one that cannot be read. */
  | { readonly type: "delete"; readonly key: string; readonly keysOnly?: true }
  | { readonly type: "get"; readonly key: string };

/** A transaction: all compares hold -> `thens`, else `elses`; atomic, one revision. */
export interface Transaction {
  readonly compares: readonly Compare[];
  readonly thens: readonly Operation[];
  readonly elses?: readonly Operation[];
  /**
   * What it writes gets this revision, or the next one where that is above: so a store can go on where another one has come to.
   * At most {@link revisionFloorMax}.
   */
  readonly revisionAtLeast?: Revision | undefined;
}

/** So far can one transaction go ahead; so many revisions and 31 times as many are left after it. */
export const revisionFloorMax = 2 ** 48;

/** The answer to one operation: `record` is what a get found or a delete removed. */
export interface OperationResult {
  readonly record: StoredRecord | undefined;
}

export interface TransactionResult {
  /** Whether the compares held. */
  readonly succeeded: boolean;
  /**
   * The revision of this transaction's writes; the store's current revision when
   * it wrote nothing (deletes of absent keys write nothing).
   */
  readonly revision: Revision;
  /** One per executed operation, in order. */
  readonly results: readonly OperationResult[];
}

export interface GetOptions {
  /** Read as of this revision; default, and 0: the current one. */
  readonly revision?: Revision | undefined;
  /** Leave the value empty: only whether the key is there, and since when. */
  readonly keysOnly?: boolean | undefined;
}

export interface RangeOptions {
  /** Only keys strictly greater than this one (byte order): the continuation. */
  readonly after?: string | undefined;
  /** At most this many records; default and maximum 10,000 per call. */
  readonly limit?: number | undefined;
  /**
   * At most so many bytes of values as the engine keeps them (`sizeBytes`), but always one record;
   * default: no bound. The result then says that more follow. Without effect on keys-only ranges.
   */
  readonly bytesMax?: number | undefined;
  /** Read as of this revision; default: the current one. 0 means current too. */
  readonly revision?: Revision | undefined;
  /** Leave the values empty (cheap listing of names and sizes). */
  readonly keysOnly?: boolean | undefined;
}

export interface RangeResult {
  /** In byte order of keys. */
  readonly records: readonly StoredRecord[];
  /** The revision the range is consistent at; pass it on to continue the same snapshot. */
  readonly revision: Revision;
  /** Whether further keys with the prefix follow. */
  readonly more: boolean;
}

/**
 * One change of one key. The same object is handed to every watcher that is
 * synced, so that work on it (decryption, encoding) can be cached by identity.
 */
export interface StoreEvent {
  readonly type: "put" | "delete";
  /** State after the event; for a delete: key and delete revision, empty value, version 0. */
  readonly record: StoredRecord;
  /** State before the event, if the key existed (also given when history is replayed). */
  readonly previous: StoredRecord | undefined;
}

export interface WatchBatch {
  /** In commit order; all events of one revision are in one batch. May be empty (progress). */
  readonly events: readonly StoreEvent[];
  /** Every event of the watched prefix up to and including this revision has been delivered. */
  readonly revision: Revision;
}

/**
 * A running watch. It is *synced* while it is fed by commits as they happen and
 * *unsynced* while it reads history from the store; a slow reader goes back to
 * unsynced when its queue exceeds the store's watch buffer, so that memory per
 * watcher is bounded and no event is lost.
 */
export interface Watcher extends AsyncDisposable {
  /**
   * The next batch; waits until there is one. One call at a time. Raises
   * `compacted` when history it still needs is gone, `unavailable` after the
   * store closed. After {@link close} it resolves to undefined.
   */
  next(): Promise<WatchBatch | undefined>;
  /** Makes `next` deliver a (possibly empty) batch with an up-to-date revision soon. */
  requestProgress(): void;
  /** Stops the watch; pending and later `next` calls resolve to undefined. Idempotent. */
  close(): void;
}

export interface WatchOptions {
  /**
   * First revision to deliver (inclusive). Raises `compacted` (from `next`) if it
   * is not above the compacted revision. A future revision simply waits.
   * Default: the revision after the current one.
   */
  readonly from?: Revision | undefined;
}

/** What a store can do; a caller that needs more than a limit splits its work. */
export interface StoreLimits {
  /** Largest sum of values in one transaction. */
  readonly transactionBytesMax: number;
  /** Most operations in one transaction. */
  readonly transactionOperationsMax: number;
}

export interface TtlLease {
  readonly id: TtlLeaseId;
  readonly ttlSeconds: number;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

export interface Store extends AsyncDisposable {
  readonly limits: StoreLimits;
  /** Whether put functions learn the revision before the commit, and records can be bound to it. */
  readonly bindsRevision: boolean;

  /** The newest revision whose write is durable and visible. */
  currentRevision(): Promise<Revision>;
  /** Reads below this revision raise `compacted`; 0 before the first compaction. */
  compactedRevision(): Promise<Revision>;

  /** The record of a key, now or as of a revision; undefined when absent. */
  get(key: string, options?: GetOptions): Promise<StoredRecord | undefined>;
  /** Many keys at one revision, in the order asked; undefined for absent ones. */
  getMany(
    keys: readonly string[],
    options?: { readonly revision?: Revision | undefined },
  ): Promise<readonly (StoredRecord | undefined)[]>;
  /** Keys that begin with `prefix`, in order, consistent at one revision. */
  range(prefix: string, options?: RangeOptions): Promise<RangeResult>;
  /** How many keys with the prefix come after `after`, at a revision. */
  count(
    prefix: string,
    options?: { readonly after?: string | undefined; readonly revision?: Revision | undefined },
  ): Promise<number>;

  /** Runs a transaction; resolves only after its writes are durable. */
  txn(transaction: Transaction): Promise<TransactionResult>;
  /**
   * Replaces the bytes of a record in place: same revisions, same version, no
   * event - for re-encryption. Resolves to false, and changes nothing, when the
   * key's mod revision is no longer `expected`. Superseded history is not touched.
   */
  rewrite(key: string, expected: Revision, value: Uint8Array): Promise<boolean>;

  /** Follows every key that begins with `prefix`. Never blocks writers. */
  watch(prefix: string, options?: WatchOptions): Watcher;

  /**
   * Drops history below `revision`: for each key the newest record at or below it
   * stays readable, older ones and tombstones go. Raises `compacted` when already
   * compacted there, `future-revision` above the current one.
   */
  compact(revision: Revision): Promise<void>;
  /**
   * The newest revision committed at or before a time (milliseconds since the
   * epoch), to within the engine's tick of one second; undefined when the time
   * lies before the retained history.
   */
  revisionAt(timeMs: number): Promise<Revision | undefined>;

  /** Grants a TTL lease of 1 to 31,536,000 seconds. */
  grantTtlLease(ttlSeconds: number): Promise<TtlLease>;
  /** Starts its term anew. Raises `lease-not-found` when it expired. */
  renewTtlLease(id: TtlLeaseId): Promise<TtlLease>;
  /** Ends it: its keys are deleted in one revision, with events. */
  revokeTtlLease(id: TtlLeaseId): Promise<void>;

  /**
   * A self-contained, checksummed stream of all live records (not history), the
   * revision and the TTL leases, consistent at the revision of the call. The
   * values in it are as the engine holds them: ciphertext.
   */
  snapshot(): AsyncIterable<Uint8Array>;
  /**
   * Fills an *empty* store from such a stream, keeping revisions; all or nothing.
   * Raises `conflict` when not empty, `corrupt` when the stream is damaged or cut.
   */
  restore(stream: AsyncIterable<Uint8Array>): Promise<void>;

  /** Stops watches, waits for accepted writes, releases everything. Idempotent. */
  close(): Promise<void>;
}
