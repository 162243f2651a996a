import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { Clock } from "../clock.ts";
import { checkKey, checkPrefix } from "../key.ts";
import { revisionZero, toRevision } from "../revision.ts";
import type { Revision } from "../revision.ts";
import type {
  GetOptions,
  RangeOptions,
  RangeResult,
  Store,
  StoredRecord,
  Transaction,
  TransactionResult,
  TtlLease,
  TtlLeaseId,
  WatchOptions,
  Watcher,
} from "../store.ts";
import { WatchHub } from "../watch/watch-hub.ts";
import type { Commit, WatchBuffer } from "../watch/watch-hub.ts";
import { CommitQueue } from "./commit-queue.ts";
import { Compactor } from "./compactor.ts";
import { HistoryReader } from "./history-reader.ts";
import type { IndexAuthenticator } from "./live-set-digest.ts";
import { placeZero } from "./place.ts";
import { deletedRecord, storedRecord } from "./records.ts";
import { restoreSnapshot } from "./restore.ts";
import type { Retention } from "./retention.ts";
import { revisionAt } from "./revision-at.ts";
import { RevisionReader } from "./revision-reader.ts";
import { revisionTime } from "./revision-time.ts";
import { decodeSnapshot, encodeSnapshotItems, snapshotItems } from "./snapshot-stream.ts";
import type { ItemSnapshots, SnapshotItem } from "./snapshot-stream.ts";
import { Stage } from "./stage.ts";
import { supersededRecords } from "./superseded.ts";
import type { SupersededRecords } from "./superseded.ts";
import type { Write } from "./stage.ts";
import type { StoreState, Tables } from "./tables.ts";
import { checkTransaction, checkValue, mvccLimits, stageTransaction } from "./transaction.ts";
import { TtlLessor, checkTtlSeconds } from "./ttl-lessor.ts";

/** Most records that one range answers. */
export const rangeLimitMax = 10_000;
/** A group takes no more when its values exceed this, or planning it took this long. */
const groupBytesMax = 16 * 1024 * 1024;
const groupPlanMsMax = 5;

export interface MvccOptions {
  readonly clock: Clock;
  /** A steady clock in milliseconds, which bounds the planning of a group. Default: the process's own. */
  readonly steadyMs?: (() => number) | undefined;
  readonly retention: Retention;
  readonly watchBuffer?: WatchBuffer | undefined;
  /** Keeps the digest of the live set, if given. */
  readonly indexAuthenticator?: IndexAuthenticator | undefined;
  /** Told when work in the background failed. Default: a process warning. */
  readonly report?: ((error: unknown) => void) | undefined;
}

/** The state of a store that was never written to. */
export const emptyState: StoreState = {
  revision: revisionZero,
  compacted: revisionZero,
  scrubbed: placeZero,
  ttlLeaseSequence: 0,
  supersededBytes: 0,
  lastTick: 0,
  restoring: false,
  liveSet: undefined,
};

/** A group that is being planned. */
interface Group {
  readonly stage: Stage;
  readonly startedMs: number;
}

/**
 * The store on tables: everything that is the same for every engine which keeps
 * its own history (memory and embedded). The engine only stores tables.
 */
export class MvccStore implements Store, ItemSnapshots, SupersededRecords {
  readonly limits = mvccLimits;
  readonly bindsRevision = true;
  readonly revisionTime = (revision: Revision) => revisionTime(this.tables, this.#state, revision);
  protected readonly tables: Tables;
  protected readonly reader: RevisionReader;
  readonly #options: MvccOptions;
  readonly #queue: CommitQueue<Group>;
  readonly #hub: WatchHub;
  readonly #lessor: TtlLessor;
  readonly #compactor: Compactor;
  #state: StoreState;
  #closing: Promise<void> | undefined;
  #restoring: Promise<void> | undefined;

  /** `tables` must hold a finished state (`restoring` false); the store closes them. */
  constructor(tables: Tables, options: MvccOptions) {
    this.tables = tables;
    this.#options = options;
    this.#state = tables.state();
    const state = (): StoreState => this.#state;
    this.reader = new RevisionReader(tables, state);
    this.#hub = new WatchHub(new HistoryReader(tables, state), this.#state.revision, options.watchBuffer);
    this.#queue = new CommitQueue<Group>({
      begin: () => this.#begin(),
      isFull: ({ stage, startedMs }) =>
        stage.sizeBytes > groupBytesMax || this.#steadyMs() - startedMs > groupPlanMsMax,
      commit: ({ stage }) => this.#commit(stage),
    });
    this.#lessor = new TtlLessor(options.clock, (id) => this.#endTtlLease(id, "expired"));
    for (const lease of tables.ttlLeases()) this.#lessor.set(lease);
    this.#compactor = new Compactor({
      tables,
      clock: options.clock,
      retention: options.retention,
      state,
      stage: (work) => this.#stage(work),
      report: options.report ?? warn,
    });
    this.#compactor.start();
  }

  async currentRevision(): Promise<Revision> {
    this.#checkOpen();
    return this.#state.revision;
  }

  async compactedRevision(): Promise<Revision> {
    this.#checkOpen();
    return this.#state.compacted;
  }

  async get(key: string, options: GetOptions = {}): Promise<StoredRecord | undefined> {
    this.#checkOpen();
    checkKey(key);
    const revision = this.reader.resolve(options.revision);
    return (await this.reader.records([key], revision, options.keysOnly === true))[0];
  }

  async getMany(
    keys: readonly string[],
    options: { readonly revision?: Revision | undefined } = {},
  ): Promise<readonly (StoredRecord | undefined)[]> {
    this.#checkOpen();
    for (const key of keys) checkKey(key);
    return this.reader.records(keys, this.reader.resolve(options.revision));
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<RangeResult> {
    this.#checkOpen();
    checkPrefix(prefix);
    const { after, keysOnly = false, limit = rangeLimitMax, bytesMax = Number.MAX_SAFE_INTEGER } = options;
    requirePositive("limit", limit);
    requirePositive("bytesMax", bytesMax);
    const revision = this.reader.resolve(options.revision);
    const size = Math.min(limit, rangeLimitMax);
    const { records, more } = await this.reader.range(prefix, { after, limit: size, bytesMax, revision, keysOnly });
    return { records, revision, more };
  }

  async count(
    prefix: string,
    options: { readonly after?: string | undefined; readonly revision?: Revision | undefined } = {},
  ): Promise<number> {
    this.#checkOpen();
    checkPrefix(prefix);
    return this.reader.count(prefix, options.after, this.reader.resolve(options.revision));
  }

  async txn(transaction: Transaction): Promise<TransactionResult> {
    checkTransaction(transaction);
    return this.#stage((stage) => stageTransaction(stage, transaction, (id) => void this.#runningTtlLease(stage, id)));
  }

  async rewrite(key: string, expected: Revision, value: Uint8Array): Promise<boolean> {
    checkKey(key);
    checkValue(value);
    return this.#stage((stage) => {
      const head = stage.head(key);
      if (!head || head.place.revision !== expected) return false;
      stage.rewrite(key, head, value);
      return true;
    });
  }

  watch(prefix: string, options: WatchOptions = {}): Watcher {
    this.#checkOpen();
    checkPrefix(prefix);
    return this.#hub.watch(prefix, options.from ?? toRevision(this.#state.revision + 1));
  }

  async compact(revision: Revision): Promise<void> {
    await this.#stage((stage) => {
      // What the group before this transaction writes is not committed yet: compare with what is.
      if (revision > this.#state.revision) {
        throw new StrongroomError("future-revision", "the revision to compact must be at most the current one");
      }
      if (revision <= stage.state.compacted) {
        throw new StrongroomError("compacted", "the revision to compact must be above the compacted one");
      }
      stage.update({ compacted: revision });
    });
    await this.#compactor.clearTo(revision);
  }

  async revisionAt(timeMs: number): Promise<Revision | undefined> {
    this.#checkOpen();
    return revisionAt(this.tables, this.#state, timeMs);
  }

  async grantTtlLease(ttlSeconds: number): Promise<TtlLease> {
    checkTtlSeconds(ttlSeconds);
    return this.#keepTtlLease((stage) => {
      const sequence = stage.state.ttlLeaseSequence + 1;
      stage.update({ ttlLeaseSequence: sequence });
      return { id: sequence as TtlLeaseId, ttlSeconds }; // the one place that makes an id
    });
  }

  async renewTtlLease(id: TtlLeaseId): Promise<TtlLease> {
    return this.#keepTtlLease((stage) => this.#runningTtlLease(stage, id));
  }

  async revokeTtlLease(id: TtlLeaseId): Promise<void> {
    this.#lessor.running(id);
    await this.#endTtlLease(id, "revoked");
  }

  snapshot(): AsyncIterable<Uint8Array> {
    return encodeSnapshotItems(this.snapshotItems());
  }

  snapshotItems(): AsyncIterable<SnapshotItem> {
    this.#checkOpen();
    const { revision, ttlLeaseSequence } = this.#state;
    return snapshotItems({
      header: { revision, ttlLeaseSequence },
      ttlLeases: this.tables.ttlLeases(),
      records: this.reader.pages("", undefined, Infinity, revision),
      value: ({ key, head }) => this.reader.record(key, head, revision).value,
    });
  }

  supersededRecords(): AsyncGenerator<StoredRecord> {
    this.#checkOpen();
    return supersededRecords(this.tables);
  }

  restore(stream: AsyncIterable<Uint8Array>): Promise<void> {
    return this.restoreItems(decodeSnapshot(stream));
  }

  async restoreItems(items: AsyncIterable<SnapshotItem>): Promise<void> {
    this.#checkOpen();
    this.#restoring = this.#restore(items);
    await this.#restoring;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The state as committed now. */
  protected get state(): StoreState {
    return this.#state;
  }

  /** Runs `work` in the next group commit. Raises `unavailable` when the store takes no writes. */
  async #stage<Result>(work: (stage: Stage) => Result): Promise<Result> {
    this.#checkOpen();
    return this.#queue.enqueue(({ stage }) => work(stage));
  }

  #steadyMs(): number {
    return this.#options.steadyMs === undefined ? performance.now() : this.#options.steadyMs();
  }

  #begin(): Group {
    const { clock, indexAuthenticator } = this.#options;
    return {
      stage: new Stage(this.tables, this.#state, clock.now(), indexAuthenticator),
      startedMs: this.#steadyMs(),
    };
  }

  async #commit(stage: Stage): Promise<void> {
    if (!stage.isDirty) return;
    const changes = stage.finish();
    await this.tables.commit(changes);
    this.#state = changes.state;
    if (stage.drafts.length > 0) this.#hub.publish(this.#commitsOf(stage), changes.state.revision);
  }

  *#commitsOf(stage: Stage): Generator<Commit> {
    for (const draft of stage.drafts) {
      for (const write of draft.writes) {
        const { key } = write.entry;
        yield { key, revision: draft.revision, event: () => this.#event(key, write) };
      }
    }
  }

  #event(key: string, { place, entry, value, head, previous }: Write): ReturnType<Commit["event"]> {
    return {
      type: entry.type,
      record: head ? storedRecord(key, head, value) : deletedRecord(key, place),
      previous: previous && storedRecord(key, previous, this.tables.value(previous.place)),
    };
  }

  async #restore(items: AsyncIterable<SnapshotItem>): Promise<void> {
    await this.#queue.idle();
    const { indexAuthenticator: authenticator, clock } = this.#options;
    try {
      if (this.#state.revision > 0 || this.tables.ttlLeases().length > 0) {
        throw new StrongroomError("conflict", "a store must be empty to be restored");
      }
      this.#state = await restoreSnapshot(this.tables, {
        items,
        empty: this.#state,
        nowMs: clock.now(),
        authenticator,
      });
      for (const lease of this.tables.ttlLeases()) this.#lessor.set(lease);
      this.#hub.restart(this.#state.revision);
    } finally {
      // When not even what was written could be removed, nothing may be read until the next start removes it.
      if (!this.tables.state().restoring) this.#restoring = undefined;
    }
  }

  // The lease as this group leaves it. Raises `lease-not-found`.
  #runningTtlLease(stage: Stage, id: TtlLeaseId): TtlLease {
    const hasEnded = stage.changes.ttlLeases.has(id) && !stage.changes.ttlLeases.get(id);
    if (hasEnded) throw new StrongroomError("lease-not-found", "the TTL lease must exist and not be expired");
    return this.#lessor.running(id);
  }

  async #keepTtlLease(find: (stage: Stage) => Pick<TtlLease, "id" | "ttlSeconds">): Promise<TtlLease> {
    const lease = await this.#stage((stage) => {
      const { id, ttlSeconds } = find(stage);
      const kept: TtlLease = { id, ttlSeconds, expiresAtMs: this.#options.clock.now() + ttlSeconds * 1000 };
      stage.setTtlLease(id, kept);
      return kept;
    });
    this.#lessor.set(lease);
    return lease;
  }

  async #endTtlLease(id: TtlLeaseId, why: "expired" | "revoked"): Promise<void> {
    const ended = await this.#stage((stage) => {
      // Renewed, or ended, while this waited for its turn.
      const { ttlLeases } = stage.changes;
      const lease = ttlLeases.has(id) ? ttlLeases.get(id) : this.#lessor.get(id);
      if (!lease || (why === "expired" && lease.expiresAtMs > this.#options.clock.now())) return false;
      const draft = stage.draft();
      for (const key of stage.ttlLeaseKeys(id)) {
        const head = stage.head(key);
        if (head?.ttlLease === id) draft.deleteUnread(key, head);
      }
      stage.setTtlLease(id, undefined);
      stage.accept(draft);
      return true;
    });
    if (ended) this.#lessor.delete(id);
  }

  #checkOpen(): void {
    if (this.#closing) throw closed();
    if (this.#restoring) throw new StrongroomError("unavailable", "the store must have finished its restore");
  }

  async #close(): Promise<void> {
    this.#lessor.stop();
    await this.#compactor.stop();
    this.#hub.fail(closed());
    await this.#queue.idle();
    await this.#restoring?.catch(() => undefined); // its caller has the error
    await this.tables.close();
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}

function requirePositive(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new StrongroomError("invalid", `a range's ${name} must be a whole number of at least 1`);
}

function closed(): StrongroomError {
  return new StrongroomError("unavailable", "the store must be open; it was closed");
}
