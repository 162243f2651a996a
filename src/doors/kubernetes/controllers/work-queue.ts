/**
 * A queue of work with keys, for a controller that looks at things until they are
 * as they should be.
 *
 * Invariants: a key is worked on once at a time; what is added while it is worked
 * on is worked on again after; what fails comes again after a growing delay; the
 * memory is bounded by `itemsMax`, for which who adds has to wait.
 * Source of the behaviour: client-go util/workqueue.
 */

/** One-shot timers, handed in. */
export interface Timers {
  after(delayMs: number, action: () => void): { cancel(): void };
}

export interface WorkItem<T> {
  readonly key: string;
  readonly work: T;
}

/** The first retry of a key comes after this; each further one after twice as long. */
const retryDelayMsMin = 50;
const retryDelayMsMax = 5 * 60 * 1000;

export class WorkQueue<T> {
  readonly #timers: Timers;
  readonly #itemsMax: number;
  /** Ready to be taken, in order. */
  readonly #ready = new Map<string, T>();
  /** Taken; with what was added meanwhile. */
  readonly #working = new Map<string, { again: T | undefined }>();
  readonly #delayed = new Map<string, { readonly timer: { cancel(): void }; readonly work: T }>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((item: WorkItem<T> | undefined) => void)[] = [];
  #roomWaiters: (() => void)[] = [];
  #idleWaiters: (() => void)[] = [];
  readonly #merge: (waiting: T, added: T) => T;
  #closed = false;

  constructor(options: {
    readonly timers: Timers;
    readonly itemsMax: number;
    /** What is left of two pieces of work under one key. */
    readonly merge: (waiting: T, added: T) => T;
  }) {
    this.#merge = options.merge;
    this.#timers = options.timers;
    this.#itemsMax = options.itemsMax;
  }

  /** Resolves when another item may be added. */
  async room(): Promise<void> {
    while (this.#size() >= this.#itemsMax && !this.#closed) {
      await new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
    }
  }

  /** Adds work, at once even if the key waits for a retry. */
  add(key: string, work: T): void {
    if (this.#closed) return;
    const current = this.#working.get(key);
    if (current !== undefined) {
      current.again = this.#merged(current.again, work);
      return;
    }
    const delayed = this.#delayed.get(key);
    delayed?.timer.cancel();
    this.#delayed.delete(key);
    this.#ready.set(key, this.#merged(this.#ready.get(key) ?? delayed?.work, work));
    this.#hand();
  }

  /** As {@link add} for who cannot wait; what there is no room for is left out. */
  addIfRoom(key: string, work: T): void {
    if (this.#size() < this.#itemsMax) this.add(key, work);
  }

  /** The next item; undefined once the queue is closed. Ends with {@link done} or {@link retry}. */
  take(): Promise<WorkItem<T> | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#takers.push(resolve);
      this.#hand();
    });
  }

  done(key: string): void {
    this.#failures.delete(key);
    const again = this.#working.get(key)?.again;
    this.#working.delete(key);
    if (again !== undefined) this.add(key, again);
    this.#released();
  }

  /** The work failed: it comes again after a delay, or as what was added meanwhile. */
  retry(key: string, work: T): void {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const added = this.#working.get(key)?.again;
    const again = added === undefined ? work : this.#merge(work, added);
    this.#working.delete(key);
    if (this.#closed) return this.#released();
    const delayMs = Math.min(retryDelayMsMin * 2 ** (failures - 1), retryDelayMsMax);
    const timer = this.#timers.after(delayMs, () => this.add(key, again));
    this.#delayed.set(key, { timer, work: again });
  }

  /** Whether there is nothing to work on, now or later. */
  get isIdle(): boolean {
    return this.#size() === 0;
  }

  /** Resolves when there is nothing to work on, or the queue is closed. */
  async idle(): Promise<void> {
    while (!this.isIdle && !this.#closed) {
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    }
  }

  /** Hands nothing out any more. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#ready.clear();
    this.#delayed.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
    this.#wakeAll("room");
    this.#wakeAll("idle");
  }

  #merged(waiting: T | undefined, added: T): T {
    return waiting === undefined ? added : this.#merge(waiting, added);
  }

  #size(): number {
    return this.#ready.size + this.#working.size + this.#delayed.size;
  }

  #hand(): void {
    while (this.#takers.length > 0) {
      const next = this.#ready.entries().next();
      if (next.done === true) return;
      const [key, work] = next.value;
      this.#ready.delete(key);
      this.#working.set(key, { again: undefined });
      this.#takers.shift()?.({ key, work });
    }
  }

  #released(): void {
    if (this.#size() < this.#itemsMax) this.#wakeAll("room");
    if (this.isIdle) this.#wakeAll("idle");
  }

  #wakeAll(which: "room" | "idle"): void {
    const waiters = which === "room" ? this.#roomWaiters : this.#idleWaiters;
    if (which === "room") this.#roomWaiters = [];
    else this.#idleWaiters = [];
    for (const waiter of waiters) waiter();
  }
}
