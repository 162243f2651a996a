/**
 * What an engine keeps, as tables, and the two things the MVCC layer asks of
 * it: consistent synchronous reads and one atomic durable commit at a time.
 *
 *   heads    key -> the newest put of a live key
 *   graves   key -> the newest delete of a key that is not live (until compacted)
 *   log      place -> what happened there: key, kind, place of the key's entry before
 *   values   place -> the bytes of a put
 *   ticks    second -> the newest revision before that second's first commit
 *   ttl      TTL leases, and which keys are attached to each
 *   state    the counters that belong to all of it
 *
 * Example: put a (revision 1), put a (2), delete a (3), put b (4):
 *
 *   heads  b -> 4.0          log  1.0 put a          values  1.0
 *   graves a -> 3.0               2.0 put a after 1.0        2.0
 *                                 3.0 delete a after 2.0     4.0
 *                                 4.0 put b
 *
 * Reading at a past revision walks the log's back pointers from the head (or
 * grave) of a key. After compact(2) the entry 1.0 is gone; after compact(3) also
 * 2.0, 3.0 and the grave.
 */
import type { Revision } from "../revision.ts";
import type { TtlLease, TtlLeaseId } from "../store.ts";

/** Where an entry of the log stands: its revision, and its number within it. */
export interface Place {
  readonly revision: Revision;
  readonly sub: number;
}

/** One change of one key. */
export interface LogEntry {
  readonly type: "put" | "delete";
  readonly key: string;
  /** 0 for a delete. */
  readonly createRevision: Revision;
  /** 0 for a delete. */
  readonly version: number;
  readonly ttlLease: TtlLeaseId | undefined;
  /** Length of the value; 0 for a delete. */
  readonly sizeBytes: number;
  /** The entry of the same key before this one, deletes included. */
  readonly previous: Place | undefined;
  /** Length of the previous entry's value. */
  readonly previousSizeBytes: number;
}

/** The newest put of a live key. */
export interface Head {
  readonly place: Place;
  readonly createRevision: Revision;
  readonly version: number;
  readonly ttlLease: TtlLeaseId | undefined;
  readonly sizeBytes: number;
}

/** At the first commit of `second`, `revision` was the newest one before it. */
export interface Tick {
  /** Seconds since the epoch. */
  readonly second: number;
  readonly revision: Revision;
}

/** The counters of a store; written with every commit. */
export interface StoreState {
  readonly revision: Revision;
  readonly compacted: Revision;
  /** The log up to here, inclusive, has been cleared of what compaction drops. */
  readonly scrubbed: Place;
  /** The number of the newest TTL lease. */
  readonly ttlLeaseSequence: number;
  /** Bytes of history: values that are no longer current, and a fixed cost per entry. */
  readonly supersededBytes: number;
  /** Second of the newest tick. */
  readonly lastTick: number;
  /** True between the first and the last page of a restore: what is there is to be thrown away. */
  readonly restoring: boolean;
  /** The sum of the live set (live-set-digest.ts), when one is kept. */
  readonly liveSet: LiveSetSum | undefined;
}

/** A running sum over the live set. */
export interface LiveSetSum {
  /** 32 bytes. */
  readonly sum: Uint8Array;
  readonly keys: number;
}

/** What one commit changes; `undefined` as a value removes. */
export interface Changes {
  readonly heads: Map<string, Head | undefined>;
  readonly graves: Map<string, Place | undefined>;
  readonly log: PlaceMap<LogEntry | undefined>;
  readonly values: PlaceMap<Uint8Array | undefined>;
  /** second -> revision */
  readonly ticks: Map<number, Revision | undefined>;
  readonly ttlLeases: Map<TtlLeaseId, TtlLease | undefined>;
  /** Lease -> key -> attached (true) or detached (false). */
  readonly ttlLeaseKeys: Map<TtlLeaseId, Map<string, boolean>>;
  state: StoreState;
}

/** Changes that change nothing yet but set `state`. */
export function noChanges(state: StoreState): Changes {
  return {
    heads: new Map(),
    graves: new Map(),
    log: new PlaceMap(),
    values: new PlaceMap(),
    ticks: new Map(),
    ttlLeases: new Map(),
    ttlLeaseKeys: new Map(),
    state,
  };
}

/** A map from places, which are compared by what they say. */
export class PlaceMap<V> {
  readonly #revisions = new Map<number, Map<number, V>>();

  set(place: Place, value: V): void {
    let subs = this.#revisions.get(place.revision);
    if (!subs) this.#revisions.set(place.revision, (subs = new Map()));
    subs.set(place.sub, value);
  }

  get(place: Place): V | undefined {
    return this.#revisions.get(place.revision)?.get(place.sub);
  }

  has(place: Place): boolean {
    return this.#revisions.get(place.revision)?.has(place.sub) ?? false;
  }

  delete(place: Place): void {
    const subs = this.#revisions.get(place.revision);
    if (subs?.delete(place.sub) && subs.size === 0) this.#revisions.delete(place.revision);
  }

  *entries(): Generator<readonly [Place, V]> {
    for (const [revision, subs] of this.#revisions) {
      for (const [sub, value] of subs) yield [{ revision: revision as Revision, sub }, value]; // was a Revision in set
    }
  }
}

/**
 * Storage of the tables.
 *
 * Reads are synchronous and, within one synchronous step, of one snapshot. While
 * a commit is under way a snapshot may be the one before or the one after it,
 * never between. `after` is exclusive; lists come in byte order of keys.
 */
export interface Tables {
  /** The revision of the snapshot that reads see now. */
  revision(): Revision;
  state(): StoreState;
  head(key: string): Head | undefined;
  grave(key: string): Place | undefined;
  entry(place: Place): LogEntry | undefined;
  value(place: Place): Uint8Array | undefined;
  heads(prefix: string, after: string | undefined, limit: number): readonly (readonly [string, Head])[];
  graves(prefix: string, after: string | undefined, limit: number): readonly (readonly [string, Place])[];
  countHeads(prefix: string, after: string | undefined): number;
  /** Entries of the log strictly after `after`, in order. */
  entries(after: Place, limit: number): readonly (readonly [Place, LogEntry])[];
  /** The first tick of a later second. */
  tickAfter(second: number): Tick | undefined;
  ticks(limit: number): readonly Tick[];
  ttlLeases(): readonly TtlLease[];
  ttlLeaseKeys(id: TtlLeaseId): readonly string[];

  /**
   * Makes all of it durable and visible, or nothing: then it raises `unavailable`.
   * Not called again before it has settled.
   */
  commit(changes: Changes): Promise<void>;
  /** Removes everything and sets the state, durably. */
  clear(state: StoreState): Promise<void>;
  /** Releases what is held. Nothing is called afterwards. */
  close(): Promise<void>;
}
