import { prefixEnd } from "../key.ts";
import { revisionZero } from "../revision.ts";
import type { Revision } from "../revision.ts";
import type { TtlLease, TtlLeaseId } from "../store.ts";
import { PlaceMap } from "../mvcc/tables.ts";
import type { Changes, Head, LogEntry, Place, StoreState, Tables, Tick } from "../mvcc/tables.ts";
import { comparePlaces } from "../mvcc/place.ts";
import { SortedMap } from "./sorted-map.ts";

/** The tables in the memory of the process; a commit is one synchronous step. */
export class MemoryTables implements Tables {
  readonly #heads = new SortedMap<Head>();
  readonly #graves = new SortedMap<Place>();
  readonly #log = new PlaceMap<LogEntry>();
  readonly #values = new PlaceMap<Uint8Array>();
  /** The places of the log, in order. */
  #places: Place[] = [];
  #ticks: Tick[] = [];
  readonly #ttlLeases = new Map<TtlLeaseId, TtlLease>();
  readonly #ttlLeaseKeys = new Map<TtlLeaseId, Set<string>>();
  #state: StoreState;

  constructor(state: StoreState) {
    this.#state = state;
  }

  revision(): Revision {
    return this.#state.revision;
  }

  state(): StoreState {
    return this.#state;
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
    return this.#heads.slice(...interval(prefix, after), limit);
  }

  graves(prefix: string, after: string | undefined, limit: number): (readonly [string, Place])[] {
    return this.#graves.slice(...interval(prefix, after), limit);
  }

  countHeads(prefix: string, after: string | undefined): number {
    return this.#heads.count(...interval(prefix, after));
  }

  entries(after: Place, limit: number): (readonly [Place, LogEntry])[] {
    const start = this.#indexAfter(after);
    return this.#places.slice(start, start + limit).map((place) => [place, this.#log.get(place)!] as const); // each has one
  }

  tickAfter(second: number): Tick | undefined {
    return this.#ticks.find((tick) => tick.second > second);
  }

  ticks(limit: number): readonly Tick[] {
    return this.#ticks.slice(0, limit);
  }

  ttlLeases(): readonly TtlLease[] {
    return [...this.#ttlLeases.values()];
  }

  ttlLeaseKeys(id: TtlLeaseId): readonly string[] {
    return [...(this.#ttlLeaseKeys.get(id) ?? [])].sort();
  }

  async commit(changes: Changes): Promise<void> {
    for (const [key, head] of changes.heads) setOrDelete(this.#heads, key, head);
    for (const [key, place] of changes.graves) setOrDelete(this.#graves, key, place);
    this.#changeLog(changes);
    for (const [place, value] of changes.values.entries()) setOrDelete(this.#values, place, value);
    for (const [second, revision] of changes.ticks) this.#setTick(second, revision);
    for (const [id, lease] of changes.ttlLeases) {
      setOrDelete(this.#ttlLeases, id, lease);
      if (!lease) this.#ttlLeaseKeys.delete(id);
    }
    for (const [id, keys] of changes.ttlLeaseKeys) this.#changeTtlLeaseKeys(id, keys);
    this.#state = changes.state;
  }

  async clear(state: StoreState): Promise<void> {
    this.#heads.clear();
    this.#graves.clear();
    for (const place of this.#places) {
      this.#log.delete(place);
      this.#values.delete(place);
    }
    this.#places = [];
    this.#ticks = [];
    this.#ttlLeases.clear();
    this.#ttlLeaseKeys.clear();
    this.#state = state;
  }

  async close(): Promise<void> {
    await this.clear({ ...this.#state, revision: revisionZero });
  }

  #changeLog(changes: Changes): void {
    let hasRemoved = false;
    let isSorted = true;
    for (const [place, entry] of changes.log.entries()) {
      const isKnown = this.#log.has(place);
      if (entry && !isKnown) {
        const last = this.#places.at(-1);
        isSorted &&= !last || comparePlaces(last, place) < 0;
        this.#places.push(place);
      }
      hasRemoved ||= !entry && isKnown;
      setOrDelete(this.#log, place, entry);
    }
    if (hasRemoved) this.#places = this.#places.filter((place) => this.#log.has(place));
    if (!isSorted) this.#places.sort(comparePlaces); // only a restore writes in the order of keys
  }

  #setTick(second: number, revision: Revision | undefined): void {
    this.#ticks = this.#ticks.filter((tick) => tick.second !== second);
    if (revision === undefined) return;
    this.#ticks.push({ second, revision });
    this.#ticks.sort((a, b) => a.second - b.second);
  }

  #changeTtlLeaseKeys(id: TtlLeaseId, keys: ReadonlyMap<string, boolean>): void {
    const attached = this.#ttlLeaseKeys.get(id) ?? new Set();
    for (const [key, isAttached] of keys) {
      if (isAttached) attached.add(key);
      else attached.delete(key);
    }
    if (attached.size > 0) this.#ttlLeaseKeys.set(id, attached);
    else this.#ttlLeaseKeys.delete(id);
  }

  #indexAfter(place: Place): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comparePlaces(this.#places[middle]!, place) <= 0) low = middle + 1; // middle < length
      else high = middle;
    }
    return low;
  }
}

interface Settable<K, V> {
  set(key: K, value: V): unknown;
  delete(key: K): unknown;
}

function setOrDelete<K, V>(map: Settable<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function interval(prefix: string, after: string | undefined): [start: string, end: string, isExclusive: boolean] {
  const isExclusive = after !== undefined && after >= prefix;
  return [isExclusive ? after : prefix, prefixEnd(prefix), isExclusive];
}
