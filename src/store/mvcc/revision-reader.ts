/**
 * Reads at a revision.
 *
 * When the snapshot that the tables show is exactly of the wanted revision, heads
 * are the answer. Otherwise the log's back pointers are walked from each head or
 * grave; that is also how a reader stays at its revision while writers go on.
 * Every await is between two synchronous steps that may see different snapshots,
 * so nothing but places (whose entries never change) is carried across.
 */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { Revision } from "../revision.ts";
import type { StoredRecord } from "../store.ts";
import { headOf, recordWithoutValue, storedRecord } from "./records.ts";
import type { Head, Place, StoreState, Tables } from "./tables.ts";
import { turn } from "./turn.ts";

/** Keys that are looked at between two turns of the event loop. */
const pageKeys = 500;
/** Bytes of values that are read between two turns. */
const pageBytes = 1024 * 1024;
/** Log entries that are walked between two turns. */
const walkSteps = 1000;

/** A key's state without its value. */
export interface KeyHead {
  readonly key: string;
  readonly head: Head;
}

interface Page {
  readonly heads: readonly KeyHead[];
  /** Where the next page starts; undefined at the end. */
  readonly after: string | undefined;
}

export class RevisionReader {
  readonly #tables: Tables;
  readonly #state: () => StoreState;

  /** `state` tells what is committed and visible now. */
  constructor(tables: Tables, state: () => StoreState) {
    this.#tables = tables;
    this.#state = state;
  }

  /** The revision to read at. Raises `compacted` and `future-revision`. */
  resolve(revision: Revision | undefined): Revision {
    const { revision: current } = this.#state();
    if (revision === undefined || revision === 0) return current;
    if (revision > current) {
      throw new StrongroomError("future-revision", `the revision must be at most the current one, ${current}`);
    }
    this.#checkRetained(revision);
    return revision;
  }

  /** The records of keys at a revision, all in one synchronous step if it is the current one. */
  async records(keys: readonly string[], revision: Revision, keysOnly = false): Promise<(StoredRecord | undefined)[]> {
    if (keysOnly) return this.#headers(keys, revision);
    // The case of nearly every read, without asking the snapshot for its revision.
    if (keys.length === 1 && revision === this.#state().revision) {
      const head = this.#tables.head(keys[0]!); // length is 1
      // Newest entry of its key, and not newer than what is visible: it is the one to show.
      if (head && head.place.revision <= revision) return [this.record(keys[0]!, head, revision)];
    }
    if (this.#showsExactly(revision)) return keys.map((key) => this.#currentRecord(key));
    const records: (StoredRecord | undefined)[] = [];
    for (const key of keys) {
      const head = await this.#headAt(this.#tables.head(key)?.place ?? this.#tables.grave(key), revision);
      records.push(head && this.record(key, head, revision));
    }
    return records;
  }

  async #headers(keys: readonly string[], revision: Revision): Promise<(StoredRecord | undefined)[]> {
    const records: (StoredRecord | undefined)[] = [];
    for (const key of keys) {
      const current = this.#tables.head(key);
      // Not newer than what is visible, so it is the one to show; the case of nearly every read.
      const head =
        current && current.place.revision <= revision
          ? current
          : await this.#headAt(current?.place ?? this.#tables.grave(key), revision);
      records.push(head && recordWithoutValue(key, head));
    }
    return records;
  }

  /**
   * Up to `limit` records of a prefix with at most `bytesMax` bytes of values (but one record at
   * least), in key order, and whether there are more.
   */
  async range(
    prefix: string,
    options: { after: string | undefined; limit: number; bytesMax: number; revision: Revision; keysOnly: boolean },
  ): Promise<{ readonly records: StoredRecord[]; readonly more: boolean }> {
    const { limit, revision, keysOnly } = options;
    const records: StoredRecord[] = [];
    let bytes = 0;
    let bytesLeft = options.bytesMax;
    for await (const heads of this.pages(prefix, options.after, limit + 1, revision)) {
      for (const { key, head } of heads) {
        if (records.length === limit) return { records, more: true };
        if (!keysOnly && records.length > 0 && head.sizeBytes > bytesLeft) return { records, more: true };
        bytesLeft -= head.sizeBytes;
        records.push(keysOnly ? recordWithoutValue(key, head) : this.record(key, head, revision));
        bytes += keysOnly ? 0 : head.sizeBytes;
        if (bytes < pageBytes) continue;
        bytes = 0;
        await turn();
      }
    }
    return { records, more: false };
  }

  async count(prefix: string, after: string | undefined, revision: Revision): Promise<number> {
    if (this.#showsExactly(revision)) return this.#tables.countHeads(prefix, after);
    let count = 0;
    for await (const heads of this.pages(prefix, after, Infinity, revision)) count += heads.length;
    return count;
  }

  /** The live keys of a prefix at a revision, in pages between which others may run. */
  async *pages(
    prefix: string,
    after: string | undefined,
    limit: number,
    revision: Revision,
  ): AsyncGenerator<readonly KeyHead[]> {
    let left = limit;
    let start = after;
    for (;;) {
      const size = Math.min(left, pageKeys);
      const page = this.#showsExactly(revision)
        ? this.#currentPage(prefix, start, size)
        : await this.#pastPage(prefix, start, size, revision);
      const heads = page.heads.slice(0, left);
      if (heads.length > 0) yield heads;
      left -= heads.length;
      if (left === 0 || page.after === undefined) return;
      start = page.after;
      await turn();
      this.#checkRetained(revision);
    }
  }

  #currentPage(prefix: string, after: string | undefined, size: number): Page {
    const heads = this.#tables.heads(prefix, after, size).map(([key, head]) => ({ key, head }));
    return { heads, after: heads.length < size ? undefined : heads.at(-1)?.key };
  }

  async #pastPage(prefix: string, after: string | undefined, size: number, revision: Revision): Promise<Page> {
    const candidates = this.#candidates(prefix, after, size);
    const heads: KeyHead[] = [];
    for (const [key, place] of candidates.places) {
      const head = await this.#headAt(place, revision);
      if (head) heads.push({ key, head });
    }
    return { heads, after: candidates.after };
  }

  // Keys that are or were live, in order: heads and graves merged, as far as both lists reach.
  #candidates(
    prefix: string,
    after: string | undefined,
    size: number,
  ): { places: (readonly [string, Place])[]; after: string | undefined } {
    const live = this.#tables.heads(prefix, after, size).map(([key, head]) => [key, head.place] as const);
    const dead = this.#tables.graves(prefix, after, size);
    const ends = [live, dead].flatMap((list) => (list.length === size ? [list.at(-1)![0]] : [])); // size >= 1
    const horizon = ends.sort(compareKeys)[0];
    const places = [...live, ...dead].sort(([a], [b]) => compareKeys(a, b));
    if (horizon === undefined) return { places, after: undefined };
    return { places: places.filter(([key]) => key <= horizon), after: horizon };
  }

  #currentRecord(key: string): StoredRecord | undefined {
    const head = this.#tables.head(key);
    return head && storedRecord(key, head, this.#tables.value(head.place));
  }

  /** The record of a key whose head at `revision` is known. */
  record(key: string, head: Head, revision: Revision): StoredRecord {
    const value = this.#tables.value(head.place);
    if (!value) this.#checkRetained(revision);
    return storedRecord(key, head, value);
  }

  // The state of a key at a revision, given its newest entry.
  async #headAt(newest: Place | undefined, revision: Revision): Promise<Head | undefined> {
    let place = newest;
    for (let steps = 1; place; steps++) {
      const entry = this.#tables.entry(place);
      if (!entry) {
        this.#checkRetained(revision);
        // Compaction clears what no revision above it can need: nothing was there at `revision`.
        if (place.revision <= this.#tables.state().compacted) return undefined;
        throw new StrongroomError("corrupt", "every key must lead to an entry of the log");
      }
      if (place.revision <= revision) return entry.type === "put" ? headOf(place, entry) : undefined;
      place = entry.previous;
      if (steps % walkSteps === 0) await turn();
    }
    return undefined;
  }

  #showsExactly(revision: Revision): boolean {
    return this.#tables.revision() === revision;
  }

  // Asks the snapshot: a compaction that is being committed may be visible there already.
  #checkRetained(revision: Revision): void {
    const { compacted } = this.#tables.state();
    if (revision < compacted) {
      throw new StrongroomError("compacted", `the revision must be at least the compacted one, ${compacted}`);
    }
  }
}

function compareKeys(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
