/**
 * Hands commits to the watchers that are synced.
 *
 * Watchers are grouped by prefix: a commit is matched once per distinct prefix,
 * not once per watcher, and all synced watchers of a prefix share one batch object.
 * Finding the prefixes of a key costs one map lookup per distinct prefix length.
 */
import type { Revision } from "../revision.ts";
import type { StoreEvent, WatchBatch, Watcher } from "../store.ts";
import { HubWatcher } from "./hub-watcher.ts";

/** A page of history: every event of a prefix up to and including `revision`. */
export interface HistoryPage {
  readonly events: readonly StoreEvent[];
  readonly revision: Revision;
}

/** Where unsynced watchers read. */
export interface HistorySource {
  /**
   * Events of `prefix` from revision `from` on: as many as make a page of whole
   * revisions, none only when the history ends. Raises `compacted`.
   */
  history(prefix: string, from: Revision): Promise<HistoryPage>;
}

/** A change that was committed. The event is made only if somebody watches the key. */
export interface Commit {
  readonly key: string;
  readonly revision: Revision;
  event(): StoreEvent;
}

/** Bounds of what one synced watcher may leave unread before it reads history instead. */
export interface WatchBuffer {
  readonly eventsMax: number;
  readonly bytesMax: number;
}

/** 4,096 events, or 8 MiB of values (which watchers of one prefix share). */
export const watchBufferDefault: WatchBuffer = { eventsMax: 4096, bytesMax: 8 * 1024 * 1024 };

/** Bytes that an event keeps in memory: its values. */
export function eventBytes(event: StoreEvent): number {
  return event.record.value.length + (event.previous?.value.length ?? 0);
}

export class WatchHub {
  readonly #history: HistorySource;
  readonly #buffer: WatchBuffer;
  readonly #synced = new Map<string, Set<HubWatcher>>();
  readonly #watchers = new Set<HubWatcher>();
  /** How many synced prefixes have each length. */
  readonly #lengths = new Map<number, number>();
  #revision: Revision;

  constructor(history: HistorySource, revision: Revision, buffer: WatchBuffer = watchBufferDefault) {
    this.#history = history;
    this.#revision = revision;
    this.#buffer = buffer;
  }

  /** The newest revision that was published. */
  get revision(): Revision {
    return this.#revision;
  }

  /** Watches `prefix` from the revision `from` on. */
  watch(prefix: string, from: Revision): Watcher {
    const watcher = new HubWatcher(prefix, from, this.#buffer, this.#history, this);
    this.#watchers.add(watcher);
    if (from > this.#revision) this.sync(watcher);
    return watcher;
  }

  /** Starts to feed a watcher that has read everything up to {@link revision}. */
  sync(watcher: HubWatcher): void {
    let group = this.#synced.get(watcher.prefix);
    if (!group) {
      this.#synced.set(watcher.prefix, (group = new Set()));
      this.#lengths.set(watcher.prefix.length, (this.#lengths.get(watcher.prefix.length) ?? 0) + 1);
    }
    group.add(watcher);
  }

  /** Stops to feed it. */
  unsync(watcher: HubWatcher): void {
    const { prefix } = watcher;
    const group = this.#synced.get(prefix);
    if (!group?.delete(watcher) || group.size > 0) return;
    this.#synced.delete(prefix);
    const left = (this.#lengths.get(prefix.length) ?? 1) - 1;
    if (left === 0) this.#lengths.delete(prefix.length);
    else this.#lengths.set(prefix.length, left);
  }

  /** Forgets a watcher that was closed. */
  remove(watcher: HubWatcher): void {
    this.unsync(watcher);
    this.#watchers.delete(watcher);
  }

  /** Delivers commits, which are in order and end with `revision`. */
  publish(commits: Iterable<Commit>, revision: Revision): void {
    const batches = new Map<string, StoreEvent[]>();
    for (const commit of commits) this.#match(commit, batches);
    this.#revision = revision;
    for (const [prefix, events] of batches) {
      const group = this.#synced.get(prefix);
      if (!group) continue;
      const batch: WatchBatch = { events, revision };
      const sizeBytes = events.reduce((sum, event) => sum + eventBytes(event), 0);
      for (const watcher of group) watcher.push(batch, sizeBytes);
    }
  }

  /** The history before `revision` is gone (a restore): everybody has to read what there is. */
  restart(revision: Revision): void {
    this.#revision = revision;
    for (const watcher of this.#watchers) watcher.restart(revision);
  }

  /** Ends every watch with this error. */
  fail(error: unknown): void {
    for (const watcher of this.#watchers) watcher.fail(error);
    this.#watchers.clear();
    this.#synced.clear();
    this.#lengths.clear();
  }

  #match(commit: Commit, batches: Map<string, StoreEvent[]>): void {
    let event: StoreEvent | undefined;
    for (const length of this.#lengths.keys()) {
      if (length > commit.key.length) continue;
      const prefix = commit.key.slice(0, length);
      const group = this.#synced.get(prefix);
      if (!group) continue;
      try {
        event ??= commit.event();
      } catch (error) {
        // The commit stands; only those who wanted to see it cannot.
        this.#failGroup(group, error);
        continue;
      }
      const events = batches.get(prefix);
      if (events) events.push(event);
      else batches.set(prefix, [event]);
    }
  }

  #failGroup(group: ReadonlySet<HubWatcher>, error: unknown): void {
    for (const watcher of group) {
      this.remove(watcher);
      watcher.fail(error);
    }
  }
}
