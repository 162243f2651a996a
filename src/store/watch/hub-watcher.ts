import { toRevision } from "../revision.ts";
import type { Revision } from "../revision.ts";
import type { WatchBatch, Watcher } from "../store.ts";
import type { HistorySource, WatchBuffer } from "./watch-hub.ts";

/** What a watcher needs of the hub. */
interface Feed {
  readonly revision: Revision;
  sync(watcher: HubWatcher): void;
  unsync(watcher: HubWatcher): void;
  remove(watcher: HubWatcher): void;
}

interface Waiter {
  resolve(batch: WatchBatch | undefined): void;
  reject(error: unknown): void;
}

/**
 * One watch.
 *
 *            from <= newest revision                 queue over its bounds
 *   start ----------------------------> unsynced <------------------------- synced
 *     |                                    |  history read to the newest       ^
 *     |                                    +-----------------------------------+
 *     +------------------------------------------------------------------------+
 *            from > newest revision
 */
export class HubWatcher implements Watcher {
  readonly prefix: string;
  readonly #buffer: WatchBuffer;
  readonly #history: HistorySource;
  readonly #feed: Feed;
  /** The first revision that may still have to be delivered, the queue apart. */
  #from: Revision;
  #isSynced: boolean;
  #queue: { readonly batch: WatchBatch; readonly sizeBytes: number }[] = [];
  #queuedEvents = 0;
  #queuedBytes = 0;
  #wantsProgress = false;
  #waiter: Waiter | undefined;
  #isReading = false;
  #isClosed = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(prefix: string, from: Revision, buffer: WatchBuffer, history: HistorySource, feed: Feed) {
    this.prefix = prefix;
    this.#from = from;
    this.#buffer = buffer;
    this.#history = history;
    this.#feed = feed;
    this.#isSynced = from > feed.revision;
  }

  async next(): Promise<WatchBatch | undefined> {
    if (this.#isReading) throw new TypeError("next must not be called while an earlier call is pending");
    this.#isReading = true;
    try {
      return await this.#read();
    } finally {
      this.#isReading = false;
    }
  }

  requestProgress(): void {
    this.#wantsProgress = true;
    if (this.#waiter) this.#answer(this.#progress());
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#drop();
    this.#feed.remove(this);
    this.#answer(undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Takes a batch of the hub; only while synced. */
  push(batch: WatchBatch, sizeBytes: number): void {
    const due = this.#due(batch);
    if (!due) return;
    if (this.#waiter) {
      this.#from = toRevision(due.revision + 1);
      this.#answer(due);
      return;
    }
    this.#queue.push({ batch: due, sizeBytes });
    this.#queuedEvents += due.events.length;
    this.#queuedBytes += sizeBytes;
    const isOver = this.#queuedEvents > this.#buffer.eventsMax || this.#queuedBytes > this.#buffer.bytesMax;
    // A single batch is never over: it exists anyway, shared, and history would make it again.
    if (isOver && this.#queue.length > 1) this.#fallBehind();
  }

  /** The hub jumped to a revision without publishing what led there. */
  restart(revision: Revision): void {
    if (this.#from > revision || this.#isClosed) return;
    this.#drop();
    this.#isSynced = false;
    this.#feed.unsync(this);
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter) this.#read().then(waiter.resolve, waiter.reject);
  }

  /** Ends the watch with an error. */
  fail(error: unknown): void {
    this.#drop();
    this.#failure = { error };
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.reject(error);
  }

  async #read(): Promise<WatchBatch | undefined> {
    for (;;) {
      if (this.#isClosed) return undefined;
      if (this.#failure) throw this.#failure.error;
      const queued = this.#queue.shift();
      if (queued) return this.#delivered(queued);
      if (this.#isSynced) {
        if (this.#wantsProgress) return this.#progress();
        return new Promise((resolve, reject) => {
          this.#waiter = { resolve, reject };
        });
      }
      const batch = await this.#readHistory();
      if (batch) return batch;
    }
  }

  async #readHistory(): Promise<WatchBatch | undefined> {
    if (this.#from > this.#feed.revision) {
      this.#isSynced = true;
      this.#feed.sync(this);
      return undefined;
    }
    const page = await this.#history.history(this.prefix, this.#from);
    if (this.#isClosed) return undefined;
    this.#from = toRevision(page.revision + 1);
    return page.events.length > 0 ? { events: page.events, revision: page.revision } : undefined;
  }

  #delivered({ batch, sizeBytes }: { readonly batch: WatchBatch; readonly sizeBytes: number }): WatchBatch {
    this.#queuedEvents -= batch.events.length;
    this.#queuedBytes -= sizeBytes;
    this.#from = toRevision(batch.revision + 1);
    return batch;
  }

  // The batch without events from before the revision that was asked for.
  #due(batch: WatchBatch): WatchBatch | undefined {
    const first = batch.events[0];
    if (!first || first.record.modRevision >= this.#from) return batch;
    const events = batch.events.filter((event) => event.record.modRevision >= this.#from);
    return events.length > 0 ? { events, revision: batch.revision } : undefined;
  }

  #progress(): WatchBatch {
    this.#wantsProgress = false;
    return { events: [], revision: this.#feed.revision };
  }

  #fallBehind(): void {
    // History is needed from the oldest event that was queued, not from the last delivered
    // one: between the two there is nothing, and it may be compacted.
    const first = this.#queue[0]?.batch.events[0];
    if (first) this.#from = first.record.modRevision;
    this.#drop();
    this.#isSynced = false;
    this.#feed.unsync(this);
  }

  #drop(): void {
    this.#queue = [];
    this.#queuedEvents = 0;
    this.#queuedBytes = 0;
  }

  #answer(batch: WatchBatch | undefined): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.resolve(batch);
  }
}
