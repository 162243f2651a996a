/**
 * The transactions of one group commit, planned one after the other on top of
 * what is committed: each sees the writes of those before it, none is visible
 * outside until the group is durable.
 */
import { toRevision } from "../revision.ts";
import type { Revision } from "../revision.ts";
import type { StoredRecord, TtlLease, TtlLeaseId } from "../store.ts";
import { LiveSetAccumulator } from "./live-set-digest.ts";
import type { IndexAuthenticator } from "./live-set-digest.ts";
import { storedRecord } from "./records.ts";
import { noChanges } from "./tables.ts";
import type { Changes, Head, LogEntry, Place, StoreState, Tables } from "./tables.ts";

/** What one entry costs in the count of superseded bytes, besides its value. */
export const entryBytes = 200;

/** One change that a draft makes, with what the key was before. */
export interface Write {
  readonly place: Place;
  readonly entry: LogEntry;
  /** Undefined for a delete. */
  readonly value: Uint8Array | undefined;
  readonly head: Head | undefined;
  readonly previous: Head | undefined;
}

/** The writes of one revision, before they are accepted into a stage. */
export class Draft {
  readonly revision: Revision;
  readonly #stage: Stage;
  readonly #writes = new Map<string, Write>();

  constructor(stage: Stage, revision: Revision) {
    this.#stage = stage;
    this.revision = revision;
  }

  get writes(): Iterable<Write> {
    return this.#writes.values();
  }

  get isEmpty(): boolean {
    return this.#writes.size === 0;
  }

  put(key: string, value: Uint8Array, ttlLease: TtlLeaseId | undefined): void {
    const previous = this.#stage.head(key);
    const place = { revision: this.revision, sub: this.#writes.size };
    const head: Head = {
      place,
      createRevision: previous?.createRevision ?? this.revision,
      version: (previous?.version ?? 0) + 1,
      ttlLease,
      sizeBytes: value.length,
    };
    const entry: LogEntry = {
      type: "put",
      key,
      createRevision: head.createRevision,
      version: head.version,
      ttlLease,
      sizeBytes: value.length,
      previous: previous?.place ?? this.#stage.grave(key),
      previousSizeBytes: previous?.sizeBytes ?? 0,
    };
    this.#writes.set(key, { place, entry, value, head, previous });
  }

  /** Returns what it removes; an absent key is no write. */
  delete(key: string): StoredRecord | undefined {
    const previous = this.#stage.head(key);
    if (!previous) return undefined;
    const removed = this.#stage.record(key, previous);
    this.deleteUnread(key, previous);
    return removed;
  }

  /** As {@link delete} of a key known to be live at `previous`, without reading its value. */
  deleteUnread(key: string, previous: Head): void {
    const place = { revision: this.revision, sub: this.#writes.size };
    const entry: LogEntry = {
      type: "delete",
      key,
      createRevision: toRevision(0),
      version: 0,
      ttlLease: undefined,
      sizeBytes: 0,
      previous: previous.place,
      previousSizeBytes: previous.sizeBytes,
    };
    this.#writes.set(key, { place, entry, value: undefined, head: undefined, previous });
  }

  /** The record as the transaction sees it here, its own writes included. */
  get(key: string): StoredRecord | undefined {
    const write = this.#writes.get(key);
    if (write) return write.head && write.value && storedRecord(key, write.head, write.value);
    const head = this.#stage.head(key);
    return head && this.#stage.record(key, head);
  }
}

export class Stage {
  readonly changes: Changes;
  /** In the order of revisions. */
  readonly drafts: Draft[] = [];
  /** Bytes of values that the group writes. */
  sizeBytes = 0;
  readonly #tables: Tables;
  readonly #second: number;
  readonly #liveSet: LiveSetAccumulator | undefined;
  #isDirty = false;

  /** `nowMs` is the time the group is committed at; `authenticator` keeps the live set. */
  constructor(tables: Tables, state: StoreState, nowMs: number, authenticator: IndexAuthenticator | undefined) {
    this.#tables = tables;
    this.#second = Math.floor(nowMs / 1000);
    this.changes = noChanges(state);
    this.#liveSet = authenticator && state.liveSet && new LiveSetAccumulator(authenticator, state.liveSet);
  }

  get state(): StoreState {
    return this.changes.state;
  }

  /** Whether there is anything to commit. */
  get isDirty(): boolean {
    return this.#isDirty;
  }

  head(key: string): Head | undefined {
    const { heads } = this.changes;
    return heads.get(key) ?? (heads.has(key) ? undefined : this.#tables.head(key));
  }

  grave(key: string): Place | undefined {
    const { graves } = this.changes;
    return graves.get(key) ?? (graves.has(key) ? undefined : this.#tables.grave(key));
  }

  entry(place: Place): LogEntry | undefined {
    const { log } = this.changes;
    return log.get(place) ?? (log.has(place) ? undefined : this.#tables.entry(place));
  }

  record(key: string, head: Head): StoredRecord {
    const value = this.changes.values.get(head.place) ?? this.#tables.value(head.place);
    return storedRecord(key, head, value);
  }

  ttlLeaseKeys(id: TtlLeaseId): readonly string[] {
    const keys = new Set(this.#tables.ttlLeaseKeys(id));
    for (const [key, attached] of this.changes.ttlLeaseKeys.get(id) ?? []) {
      if (attached) keys.add(key);
      else keys.delete(key);
    }
    return [...keys];
  }

  /** Writes that will carry the next revision, or a later one where that is asked for; unless they are dropped. */
  draft(revisionAtLeast = 0): Draft {
    return new Draft(this, toRevision(Math.max(this.state.revision + 1, revisionAtLeast)));
  }

  /** Takes a draft's writes in. One without writes takes no revision. */
  accept(draft: Draft): void {
    if (draft.isEmpty) return;
    this.#tick();
    for (const write of draft.writes) this.#take(write);
    this.update({ revision: draft.revision });
    this.drafts.push(draft);
  }

  update(state: Partial<StoreState>): void {
    this.changes.state = { ...this.changes.state, ...state };
    this.#isDirty = true;
  }

  setTtlLease(id: TtlLeaseId, lease: TtlLease | undefined): void {
    this.changes.ttlLeases.set(id, lease);
    this.#isDirty = true;
  }

  /** Replaces a live record's value where it stands. */
  rewrite(key: string, head: Head, value: Uint8Array): void {
    const entry = this.entry(head.place);
    if (entry) this.changes.log.set(head.place, { ...entry, sizeBytes: value.length });
    this.changes.heads.set(key, { ...head, sizeBytes: value.length });
    this.changes.values.set(head.place, value);
    this.sizeBytes += value.length;
    this.#isDirty = true;
  }

  /** The changes with the live set they lead to. */
  finish(): Changes {
    if (this.#liveSet) this.update({ liveSet: this.#liveSet.result() });
    return this.changes;
  }

  // A clock that runs backwards must not make ticks that contradict earlier ones.
  #tick(): void {
    if (this.#second <= this.state.lastTick) return;
    this.changes.ticks.set(this.#second, this.state.revision);
    this.update({ lastTick: this.#second });
  }

  #take({ place, entry, value, head, previous }: Write): void {
    const { changes } = this;
    const { key } = entry;
    changes.log.set(place, entry);
    if (value) {
      changes.values.set(place, value);
      this.sizeBytes += value.length;
    }
    changes.heads.set(key, head);
    if (!head) changes.graves.set(key, place);
    // A key that has neither a head nor an entry before has no grave, nor has one with a head.
    else if ((!previous && entry.previous) || changes.graves.has(key)) changes.graves.set(key, undefined);
    let superseded = head ? 0 : entryBytes;
    if (previous) {
      superseded += previous.sizeBytes + entryBytes;
      this.#liveSet?.subtract(key, previous);
      if (previous.ttlLease !== head?.ttlLease) this.#attach(previous.ttlLease, key, false);
    }
    if (head) {
      this.#liveSet?.add(key, head);
      this.#attach(head.ttlLease, key, true);
    }
    if (superseded > 0) this.update({ supersededBytes: this.state.supersededBytes + superseded });
  }

  #attach(id: TtlLeaseId | undefined, key: string, attached: boolean): void {
    if (id === undefined) return;
    let keys = this.changes.ttlLeaseKeys.get(id);
    if (!keys) this.changes.ttlLeaseKeys.set(id, (keys = new Map()));
    keys.set(key, attached);
  }
}
