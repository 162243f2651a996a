/**
 * The store that the core sees: an engine with encryption between. The engine
 * gets ciphertext only, bound to its key and, where the engine knows it before the
 * commit, to its mod revision; so bytes that are moved to another key or put back
 * from the past do not open.
 *
 *     core -- plaintext --> EncryptedStore -- ciphertext --> engine
 *
 * Where plaintext lives: in the records that are handed out, and in the
 * events that watchers of the same event share. Nothing else is kept.
 */
import type { Opened, TransformContext, Transformer } from "../crypto/transformer.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { DecryptingWatcher, EventDecryptor } from "./decrypting-watcher.ts";
import { decodeSnapshot, encodeSnapshotItems } from "./mvcc/snapshot-stream.ts";
import type { ItemSnapshots, SnapshotItem } from "./mvcc/snapshot-stream.ts";
import type { Revision } from "./revision.ts";
import type {
  Operation,
  OperationResult,
  PutValue,
  GetOptions,
  RangeOptions,
  RangeResult,
  Store,
  StoredRecord,
  StoreLimits,
  Transaction,
  TransactionResult,
  TtlLease,
  TtlLeaseId,
  Watcher,
  WatchOptions,
} from "./store.ts";

/** What the encrypted store needs of `TransformerSet`: the transformer of a storage key, asked for each record. */
export interface TransformerSelection {
  transformerFor(key: string): Transformer;
}

/**
 * Room that is kept free per value for what encryption adds: 186 to 189 bytes with the local
 * provider, up to about 34 KiB with a key management service that uses every limit of KMS v2.
 */
export const encryptionOverheadBytes = 512;

/** An engine; one of this process gives and takes snapshots item by item, which saves writing and reading them. */
export type Engine = Store & Partial<ItemSnapshots>;

/** Snapshots in the clear, for backups, which are encrypted under keys of their own. */
export interface OpenedSnapshots {
  /**
   * What `snapshot` has, decrypted: the header, TTL leases, records by their keys. Raises `corrupt`, naming the key, for a
   * record that does not open, and `compacted` when the history that it is read from has gone meanwhile.
   */
  openedSnapshot(): AsyncGenerator<SnapshotItem>;
  /** As `restore`, from items whose values are plaintext: each is encrypted for this store. What `items` raises is passed on. */
  restoreOpened(items: AsyncIterable<SnapshotItem>): Promise<void>;
}

/** After this many records or bytes a long read lets other work run: about 5 ms of decryption. */
const recordsPerTurn = 400;
const bytesPerTurn = 2 * 1024 * 1024;
/** A snapshot is not waited for as an answer is: about 1 ms of decryption, with so many bytes for what a record costs. */
const snapshotBytesPerTurn = 256 * 1024;
const snapshotRecordBytes = 1024;

/**
 * Encrypts on the way into `engine` and decrypts on the way out. Same contract as every store, and:
 *
 * - Values are encrypted inside the commit that assigns their revision (`PutValue`), synchronously;
 *   what a transformer raises there (`sealed`) fails that transaction alone.
 * - A record that does not open raises `corrupt` and names its key, never its value; a range with such a
 *   record fails as a whole. An empty value is no exception: only keys-only ranges and delete events have
 *   records without bytes to open. A transaction that cannot show a record it got or removed raises too,
 *   but it is done by then, and the message says so.
 * - `StoredRecord.stale` says that a rewrite is due; `rewrite` takes plaintext and binds it to the revision it expects.
 * - Watchers that receive the same event of the engine receive the same decrypted event, decrypted once. A watch
 *   that meets a record that does not open raises from `next` and is closed, so that no event is skipped in silence.
 * - `snapshot` and `restore` pass ciphertext through.
 * - The largest value is {@link encryptionOverheadBytes} less than the engine's.
 *
 * Closing it closes the engine.
 */
export function createEncryptedStore(engine: Engine, transformers: TransformerSelection): Store & OpenedSnapshots {
  return new EncryptedStore(engine, transformers);
}

class EncryptedStore implements Store, OpenedSnapshots {
  readonly limits: StoreLimits;
  readonly bindsRevision: boolean;
  readonly #engine: Engine;
  readonly #transformers: TransformerSelection;
  readonly #decryptor = new EventDecryptor((record) => this.#openWritten(record));
  /** What was sealed for a write, by its ciphertext: the event of that write, which has the same bytes, needs no key. */
  readonly #written = new WeakMap<Uint8Array, Uint8Array>();

  constructor(engine: Engine, transformers: TransformerSelection) {
    this.#engine = engine;
    this.#transformers = transformers;
    this.bindsRevision = engine.bindsRevision;
    this.limits = limitsWithin(engine.limits);
  }

  currentRevision(): Promise<Revision> {
    return this.#engine.currentRevision();
  }

  compactedRevision(): Promise<Revision> {
    return this.#engine.compactedRevision();
  }

  async get(key: string, options?: GetOptions): Promise<StoredRecord | undefined> {
    const record = await this.#engine.get(key, options);
    if (options?.keysOnly === true) return record;
    return record === undefined ? undefined : await this.#open(record);
  }

  async getMany(
    keys: readonly string[],
    options?: { readonly revision?: Revision | undefined },
  ): Promise<readonly (StoredRecord | undefined)[]> {
    return await this.#openAll(await this.#engine.getMany(keys, options));
  }

  async range(prefix: string, options?: RangeOptions): Promise<RangeResult> {
    const result = await this.#engine.range(prefix, options);
    if (options?.keysOnly === true) return result;
    return { ...result, records: await this.#openAll(result.records) };
  }

  count(
    prefix: string,
    options?: { readonly after?: string | undefined; readonly revision?: Revision | undefined },
  ): Promise<number> {
    return this.#engine.count(prefix, options);
  }

  async txn(transaction: Transaction): Promise<TransactionResult> {
    const { compares, thens, elses = [], revisionAtLeast } = transaction;
    const [sealedThens, sealedElses] = [this.#sealPuts(thens), this.#sealPuts(elses)];
    const result = await this.#engine.txn({ compares, thens: sealedThens, elses: sealedElses, revisionAtLeast });
    const operations = result.succeeded ? thens : elses;
    const isOpened = (index: number) => !hasNoValue(operations[index]);
    const sealed = result.results.map(({ record }, index) => (isOpened(index) ? record : undefined));
    if (sealed.every((record) => record === undefined)) return result;
    const records = await this.#openAll(sealed).catch((error: unknown) => refuseCommitted(result, error));
    const results = result.results.map((each, index): OperationResult =>
      isOpened(index) ? { record: records[index] } : each,
    );
    return { ...result, results };
  }

  async rewrite(key: string, expected: Revision, value: Uint8Array): Promise<boolean> {
    return await this.#engine.rewrite(key, expected, this.#seal(key, value, expected));
  }

  watch(prefix: string, options?: WatchOptions): Watcher {
    return new DecryptingWatcher(this.#engine.watch(prefix, options), this.#decryptor);
  }

  compact(revision: Revision): Promise<void> {
    return this.#engine.compact(revision);
  }

  revisionAt(timeMs: number): Promise<Revision | undefined> {
    return this.#engine.revisionAt(timeMs);
  }

  grantTtlLease(ttlSeconds: number): Promise<TtlLease> {
    return this.#engine.grantTtlLease(ttlSeconds);
  }

  renewTtlLease(id: TtlLeaseId): Promise<TtlLease> {
    return this.#engine.renewTtlLease(id);
  }

  revokeTtlLease(id: TtlLeaseId): Promise<void> {
    return this.#engine.revokeTtlLease(id);
  }

  snapshot(): AsyncIterable<Uint8Array> {
    return this.#engine.snapshot();
  }

  restore(stream: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#engine.restore(stream);
  }

  async *openedSnapshot(): AsyncGenerator<SnapshotItem> {
    let bytesThisTurn = 0;
    for await (const item of this.#engine.snapshotItems?.() ?? decodeSnapshot(this.#engine.snapshot())) {
      if (item.type !== "record") {
        yield item;
        continue;
      }
      const { record } = item;
      bytesThisTurn += record.value.length + snapshotRecordBytes;
      if (bytesThisTurn > snapshotBytesPerTurn) {
        await nextTurn();
        bytesThisTurn = 0;
      }
      const { value } = await this.#open({ ...record, sizeBytes: record.value.length, stale: false });
      yield { type: "record", record: { ...record, value } };
    }
  }

  async restoreOpened(items: AsyncIterable<SnapshotItem>): Promise<void> {
    const sealed = this.#sealedItems(items);
    if (this.#engine.restoreItems !== undefined) await this.#engine.restoreItems(sealed);
    else await this.#engine.restore(encodeSnapshotItems(sealed));
  }

  async *#sealedItems(items: AsyncIterable<SnapshotItem>): AsyncGenerator<SnapshotItem> {
    for await (const item of items) {
      if (item.type !== "record") yield item;
      else {
        const { key, value, modRevision } = item.record;
        yield { type: "record", record: { ...item.record, value: this.#seal(key, value, modRevision) } };
      }
    }
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #sealPuts(operations: readonly Operation[]): readonly Operation[] {
    let plaintextBytes = 0; // only one of the two branches of a transaction is run, and it once
    const count = (plaintext: Uint8Array): Uint8Array => {
      plaintextBytes += plaintext.length;
      if (plaintextBytes <= this.limits.transactionBytesMax) return plaintext;
      const must = `the values of a transaction must be at most ${this.limits.transactionBytesMax} bytes`;
      throw new StrongroomError("too-large", must);
    };
    return operations.map((operation) => {
      if (operation.type !== "put") return operation;
      const { key, value } = operation;
      const sealing: PutValue = (assigned) => {
        const plaintext = count(typeof value === "function" ? value(assigned) : value);
        const sealed = this.#seal(key, plaintext, assigned);
        this.#written.set(sealed, plaintext);
        return sealed;
      };
      return { ...operation, value: sealing };
    });
  }

  #seal(key: string, plaintext: Uint8Array, revision: Revision | undefined): Uint8Array {
    if (this.bindsRevision && revision === undefined) {
      throw new TypeError("an engine that binds revisions must hand the assigned revision to put functions");
    }
    return this.#transformers.transformerFor(key).toStorage(plaintext, this.#contextOf(key, revision));
  }

  #contextOf(key: string, revision: Revision | undefined): TransformContext {
    return { key, revision: this.bindsRevision ? revision : undefined };
  }

  #openWritten(record: StoredRecord): StoredRecord | Promise<StoredRecord> {
    const plaintext = this.#written.get(record.value);
    return plaintext === undefined ? this.#open(record) : withPlaintext(record, { plaintext, stale: false });
  }

  /** A promise only when the transformer needs one: most reads decrypt without another turn of the event loop. */
  #open(record: StoredRecord): StoredRecord | Promise<StoredRecord> {
    const { key, value, modRevision } = record;
    try {
      const opened = this.#transformers.transformerFor(key).fromStorage(value, this.#contextOf(key, modRevision));
      if (!(opened instanceof Promise)) return withPlaintext(record, opened);
      return opened.then((result) => withPlaintext(record, result)).catch((error: unknown) => refuse(key, error));
    } catch (error) {
      return refuse(key, error);
    }
  }

  async #openAll<R extends StoredRecord | undefined>(records: readonly R[]): Promise<(R | StoredRecord)[]> {
    const opened: (R | StoredRecord)[] = [];
    let recordsThisTurn = 0;
    let bytesThisTurn = 0;
    for (const record of records) {
      if (recordsThisTurn >= recordsPerTurn || bytesThisTurn >= bytesPerTurn) {
        await nextTurn();
        recordsThisTurn = 0;
        bytesThisTurn = 0;
      }
      const result = record === undefined ? record : this.#open(record);
      opened.push(result instanceof Promise ? await result : result);
      recordsThisTurn += 1;
      bytesThisTurn += record?.value.length ?? 0;
    }
    return opened;
  }
}

function hasNoValue(operation: Operation | undefined): boolean {
  return operation?.type === "delete" && operation.keysOnly === true;
}

function withPlaintext(record: StoredRecord, opened: Opened): StoredRecord {
  const { key, sizeBytes, createRevision, modRevision, version, ttlLease } = record;
  const { plaintext: value, stale } = opened;
  return { key, value, sizeBytes, createRevision, modRevision, version, ttlLease, stale };
}

/** Adds the key to what is known; the key is no secret, and without it nobody can repair the record. */
function refuse(key: string, cause: unknown): never {
  if (!(cause instanceof StrongroomError)) throw cause;
  throw new StrongroomError(cause.code, `${cause.message} (record ${key})`, { cause });
}

/** A caller must not take the failure to show a removed record for a failure to remove it. */
function refuseCommitted(result: TransactionResult, cause: unknown): never {
  if (!(cause instanceof StrongroomError)) throw cause;
  const state = `the transaction itself is done, at revision ${result.revision}`;
  throw new StrongroomError(cause.code, `${cause.message}; ${state}`, { cause });
}

/** What callers may put in is less than the engine takes, by what encryption adds to each value. */
function limitsWithin(limits: StoreLimits): StoreLimits {
  const { transactionBytesMax, transactionOperationsMax } = limits;
  const overhead = Math.min(transactionOperationsMax * encryptionOverheadBytes, Math.floor(transactionBytesMax / 2));
  return { transactionBytesMax: transactionBytesMax - overhead, transactionOperationsMax };
}

async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
