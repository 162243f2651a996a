/**
 * Rewrites, in the background, what is not encrypted as it would be written now. No revision changes and nobody is told, since what
 * records say stays the same; one that changes meanwhile is left to whoever changed it. What is done shows in the records themselves,
 * so that a walk that was cut off is simply begun again.
 */
import { isStrongroomError } from "../errors/strongroom-error.ts";
import type { Clock, Timer } from "../store/clock.ts";
import type { Store, StoredRecord } from "../store/store.ts";

/** The first walk waits until the server has answered its first requests. */
const firstDelayMs = 2_000;
/** After a walk that could not be done, and while superseded revisions wait for compaction. */
const againMs = 60_000;
/** After a walk that left nothing: plugins change their keys by themselves. */
const lookAgainMs = 60 * 60_000;
/** What is read at once. */
const page = { limit: 256, bytesMax: 1024 * 1024 };
/** Records that are rewritten at once: few while others write, so that they wait for few. */
const batchIdle = 128;
const batchBusy = 8;
/** Of the time of a batch, so long others have the disk and the processor to themselves while they are at work. */
const pauseBusy = 4;
const pauseMsMax = 1_000;
/** A turn of the event loop that took longer says that there is other work. */
const lagMsBusy = 4;

export interface RewriterOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Called after a walk that met everything; resolves to whether there is anything left to wait for. */
  readonly onWalked: (walk: RewriteProgress) => Promise<boolean>;
  readonly onError: (error: unknown) => void;
  /** Told of each batch, for metrics. */
  readonly onRewritten: (records: number) => void;
}

/** The walk that runs, or the last one. */
export interface RewriteProgress {
  readonly state: "waiting" | "running" | "done" | "failed";
  readonly startedAt: string | undefined;
  readonly endedAt: string | undefined;
  /** Records that were looked at. */
  readonly seen: number;
  readonly rewritten: number;
  /** Did not open. */
  readonly unreadable: number;
}

const begin = { startedAt: undefined, endedAt: undefined, seen: 0, rewritten: 0, unreadable: 0 };

export class EncryptionRewriter implements AsyncDisposable {
  readonly #options: RewriterOptions;
  #progress: RewriteProgress = { state: "waiting", ...begin };
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #isAskedAgain = false;
  readonly #stop = new AbortController();
  #revision = -1;
  /** Ends the pause that is kept. */
  #wake: () => void = () => {};

  constructor(options: RewriterOptions) {
    this.#options = options;
  }

  get progress(): RewriteProgress {
    return this.#progress;
  }

  /** Has a walk begin soon; one that runs is followed by another. */
  request(delayMs = firstDelayMs): void {
    if (this.#running !== undefined) this.#isAskedAgain = true;
    else this.#schedule(delayMs);
  }

  /** Walks now; resolves when the walk has ended. Never rejects. */
  walk(): Promise<void> {
    this.#timer?.cancel();
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#isAskedAgain) this.request(0);
      this.#isAskedAgain = false;
    });
    return this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#timer?.cancel();
    this.#wake();
    await this.#running;
  }

  #schedule(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#stop.signal.aborted) return;
    this.#timer = this.#options.clock.after(delayMs, () => void this.walk());
  }

  async #run(): Promise<void> {
    const { onWalked, onError } = this.#options;
    this.#progress = { ...begin, state: "running", startedAt: this.#time() };
    try {
      await this.#walkAll();
      if (this.#stop.signal.aborted) return;
      const isLeft = await onWalked(this.#progress);
      this.#progress = { ...this.#progress, state: "done", endedAt: this.#time() };
      this.#schedule(isLeft ? againMs : lookAgainMs);
    } catch (error) {
      this.#progress = { ...this.#progress, state: "failed", endedAt: this.#time() };
      if (this.#stop.signal.aborted) return; // the store was closed
      onError(error);
      this.#schedule(againMs);
    }
  }

  async #walkAll(): Promise<void> {
    this.#revision = await this.#options.store.currentRevision();
    let after: string | undefined;
    for (let more = true; more && !this.#stop.signal.aborted;) {
      const { records, next, isLast } = await this.#read(after);
      await this.#rewrite(records.filter(({ stale }) => stale));
      this.#count({ seen: records.length });
      after = next;
      more = !isLast;
    }
  }

  async #read(after: string | undefined) {
    const { store } = this.#options;
    try {
      const { records, more } = await store.range("", { ...page, after });
      return { records, next: records.at(-1)?.key, isLast: !more };
    } catch (error) {
      if (!isStrongroomError(error, "corrupt")) throw error;
      return await this.#readEach(after);
    }
  }

  /** A page with a record that does not open, without that record. */
  async #readEach(after: string | undefined) {
    const { store } = this.#options;
    const { records: heads, more } = await store.range("", { limit: page.limit, after, keysOnly: true });
    const records: StoredRecord[] = [];
    for (const { key } of heads) {
      try {
        const record = await store.get(key);
        if (record?.stale === true) await this.#rewrite([record]);
        else if (record !== undefined) records.push(record);
      } catch (error) {
        if (!isStrongroomError(error, "corrupt")) throw error;
        this.#count({ unreadable: 1 });
      }
    }
    return { records, next: heads.at(-1)?.key, isLast: !more };
  }

  async #rewrite(stale: readonly StoredRecord[]): Promise<void> {
    const { store, onRewritten } = this.#options;
    let busy = await this.#isBusy();
    for (let at = 0; at < stale.length && !this.#stop.signal.aborted;) {
      const batch = stale.slice(at, at + (busy ? batchBusy : batchIdle));
      const startMs = performance.now();
      const done = await Promise.all(
        batch.map(({ key, modRevision, value }) => store.rewrite(key, modRevision, value)),
      );
      const rewritten = done.filter(Boolean).length;
      onRewritten(rewritten);
      this.#count({ rewritten });
      at += batch.length;
      const tookMs = performance.now() - startMs;
      busy = await this.#isBusy();
      if (busy) await this.#pause(Math.min(pauseMsMax, tookMs * pauseBusy));
    }
  }

  /** Whether others wrote since it was last asked, or keep the event loop from turning. */
  async #isBusy(): Promise<boolean> {
    const startMs = performance.now();
    await new Promise((resolve) => setImmediate(resolve));
    const lagMs = performance.now() - startMs;
    const revision = await this.#options.store.currentRevision();
    const isWritten = revision !== this.#revision;
    this.#revision = revision;
    return isWritten || lagMs > lagMsBusy;
  }

  async #pause(ms: number): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms).unref(); // measured time, not the clock's: it is a share of what a batch took
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }

  #count(more: Partial<Pick<RewriteProgress, "seen" | "rewritten" | "unreadable">>): void {
    const { seen, rewritten, unreadable } = this.#progress;
    this.#progress = {
      ...this.#progress,
      seen: seen + (more.seen ?? 0),
      rewritten: rewritten + (more.rewritten ?? 0),
      unreadable: unreadable + (more.unreadable ?? 0),
    };
  }

  #time(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }
}
