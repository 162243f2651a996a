/**
 * Rewrites, in the background, what is not encrypted as it would be written now. No revision changes and nobody is told, since what
 * records say stays the same; one that changes meanwhile is left to whoever changed it. What is done shows in the records themselves,
 * so that a walk that was cut off is simply begun again.
 */
import { StrongroomError, isStrongroomError } from "../errors/strongroom-error.ts";
import type { Clock, Timer } from "../store/clock.ts";
import type { Store, StoredRecord } from "../store/store.ts";

/** The first walk waits until the server has answered its first requests. */
const firstDelayMs = 2_000;
/** After a walk that could not be done, and while superseded revisions wait for compaction. */
const againMs = 60_000;
/** After a walk that left nothing: plugins change their keys by themselves. */
const lookAgainMs = 60 * 60_000;
/** What is read at once, and how many records are rewritten at once. */
interface Pace {
  readonly page: { readonly limit: number; readonly bytesMax: number };
  readonly batch: number;
}
/** About 3 ms of the event loop for a page, and as long for a batch. */
const paceIdle: Pace = { page: { limit: 256, bytesMax: 1024 * 1024 }, batch: 256 };
/** Beside others at most. */
const batchBusyMax = 128;
/** Beside others so little that whoever waits behind it waits as behind one other request: 0.2 ms for a page, a commit of three records. */
const pageBusy = { limit: 16, bytesMax: 128 * 1024 };
const batchBusyMin = 3;
/** Where a batch takes long, since others are many or the disk is slow, more of them are not felt: so many for each of its milliseconds. */
const batchPerMs = 0.5;
/** Of the time of what was done, so long others have the disk and the processor to themselves while they are at work. */
const pauseBusy = 5;
const pauseMsMax = 250;
/** After so long a time of work by the idle pace, the others are listened to for a moment. */
const listenEachMs = 60;
const listenMs = 4;
/** Others are taken to be at work for so long after the last sign of them: what they do comes in groups, with nothing between. */
const signMs = 300;
/** Of a pause, the part in which others had the event loop, from which on they are at work. */
const utilizationBusy = 0.2;

export interface RewriterOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** What a record is under, without opening it: records of one name open together, or wait for the same plugin. */
  readonly nameOf: (key: string) => Promise<string>;
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
  /** Records that were looked at, and how many there were when it began. */
  readonly seen: number;
  readonly total: number;
  readonly rewritten: number;
  /** Did not open. */
  readonly unreadable: number;
  /** Are under a key whose plugin did not give it; they are asked for again within a minute. */
  readonly away: number;
  /** Why it failed; it is begun again within a minute. */
  readonly problem?: string | undefined;
}

const begin = { startedAt: undefined, endedAt: undefined, seen: 0, total: 0, rewritten: 0, unreadable: 0, away: 0 };

/** Records in their order, without those that do not open. */
interface Page {
  readonly records: readonly StoredRecord[];
  /** The last key that was looked at. */
  readonly next: string | undefined;
  readonly isLast: boolean;
}

export class EncryptionRewriter implements AsyncDisposable {
  readonly #options: RewriterOptions;
  #progress: RewriteProgress = { state: "waiting", ...begin };
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #isAskedAgain = false;
  readonly #stop = new AbortController();
  #revision = -1;
  #signAtMs = -Infinity;
  #batchBusy = batchBusyMin;
  /** Of this walk: names of what waits for a plugin. Each is asked for once, since a plugin that hangs takes its time each time. */
  #away = new Map<string, unknown>();
  /** Time that was worked by the idle pace since others were listened to. */
  #workedMs = 0;
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
      const problem = error instanceof StrongroomError ? error.message : "the log says why";
      this.#progress = { ...this.#progress, state: "failed", endedAt: this.#time(), problem };
      if (this.#stop.signal.aborted) return; // the store was closed
      onError(error);
      this.#schedule(againMs);
    }
  }

  /** Whether others are at work. */
  get #isBusy(): boolean {
    return performance.now() - this.#signAtMs < signMs;
  }

  get #pace(): Pace {
    if (!this.#isBusy) return paceIdle;
    const limit = Math.max(pageBusy.limit, this.#batchBusy);
    return { page: { limit, bytesMax: pageBusy.bytesMax }, batch: this.#batchBusy };
  }

  async #walkAll(): Promise<void> {
    const { store } = this.#options;
    this.#revision = await store.currentRevision();
    this.#away = new Map();
    this.#progress = { ...this.#progress, total: await store.count("") };
    for (let page: Page | undefined = await this.#read(undefined); page !== undefined && !this.#stop.signal.aborted;) {
      page = await this.#rewritePage(page);
    }
    for (const error of this.#away.values()) throw error; // what it could not be done for is told by the first reason
  }

  /** The next page, if there is one: alone, it is read while the store writes. */
  async #rewritePage({ records, next, isLast }: Page): Promise<Page | undefined> {
    const startMs = performance.now();
    const rewriting = this.#rewrite(records.filter(({ stale }) => stale));
    const following = isLast || this.#isBusy ? undefined : this.#readMeanwhile(next);
    following?.catch(() => {}); // raised where it is awaited, unless the other fails first
    await rewriting;
    this.#count({ seen: records.length });
    if (isLast) return undefined;
    const readMs = performance.now();
    const page = await (following ?? this.#read(next));
    await this.#yield(performance.now() - (following === undefined ? readMs : startMs));
    return page;
  }

  async #readMeanwhile(after: string | undefined): Promise<Page> {
    await turn(); // a batch is collected
    await turn(); // and handed to the engine
    return await this.#read(after);
  }

  async #read(after: string | undefined): Promise<Page> {
    const { store } = this.#options;
    if (this.#away.size > 0) return await this.#readEach(after);
    try {
      const { records, more } = await store.range("", { ...this.#pace.page, after });
      return { records, next: records.at(-1)?.key, isLast: !more };
    } catch (error) {
      if (!isStrongroomError(error, "corrupt") && !isAway(error)) throw error;
      return await this.#readEach(after);
    }
  }

  /** A page with a record that does not open, without that record. */
  async #readEach(after: string | undefined): Promise<Page> {
    const { store } = this.#options;
    const { records: heads, more } = await store.range("", { limit: this.#pace.page.limit, after, keysOnly: true });
    const records: StoredRecord[] = [];
    for (const { key } of heads) {
      const record = await this.#readOne(key);
      if (record?.stale === true) await this.#rewrite([record]);
      else if (record !== undefined) records.push(record);
    }
    return { records, next: heads.at(-1)?.key, isLast: !more };
  }

  /** Undefined, and counted, when it does not open. */
  async #readOne(key: string): Promise<StoredRecord | undefined> {
    const { store, nameOf } = this.#options;
    const name = this.#away.size > 0 ? await nameOf(key) : undefined;
    if (name === undefined || !this.#away.has(name)) {
      try {
        return await store.get(key);
      } catch (error) {
        if (isStrongroomError(error, "corrupt")) {
          this.#count({ unreadable: 1 });
          return undefined;
        }
        if (!isAway(error)) throw error;
        // Raises when it is the store that is away.
        this.#away.set(await nameOf(key), error);
      }
    }
    this.#count({ away: 1 });
    return undefined;
  }

  async #rewrite(stale: readonly StoredRecord[]): Promise<void> {
    const { store, onRewritten } = this.#options;
    for (let at = 0; at < stale.length && !this.#stop.signal.aborted;) {
      const batch = stale.slice(at, at + this.#pace.batch);
      const startMs = performance.now();
      const done = await Promise.all(
        batch.map(({ key, modRevision, value }) => store.rewrite(key, modRevision, value)),
      );
      const rewritten = done.filter(Boolean).length;
      onRewritten(rewritten);
      this.#count({ rewritten });
      at += batch.length;
      const tookMs = performance.now() - startMs;
      this.#batchBusy = Math.min(batchBusyMax, Math.max(batchBusyMin, Math.floor(tookMs * batchPerMs)));
      if (this.#isBusy) await this.#yield(tookMs);
    }
  }

  /** After something that took so long: leaves the rest of the time to others, as far as there are any. */
  async #yield(tookMs: number): Promise<void> {
    this.#workedMs += tookMs;
    if (this.#isBusy) await this.#listen(Math.min(pauseMsMax, Math.max(1, tookMs * pauseBusy)));
    else if (this.#workedMs > listenEachMs) await this.#listen(listenMs);
    else {
      await turn();
      await this.#sense(false);
    }
  }

  /** Rests, and hears whether others write, or use the event loop. */
  async #listen(ms: number): Promise<void> {
    const [startMs, cpu, loop] = [performance.now(), process.cpuUsage(), performance.eventLoopUtilization()];
    await this.#pause(ms);
    const { utilization } = performance.eventLoopUtilization(loop);
    const { user, system } = process.cpuUsage(cpu);
    // The loop counts as used while another process has the processor, and the processor while garbage is collected beside the loop.
    const used = Math.min(utilization, (user + system) / 1000 / (performance.now() - startMs));
    await this.#sense(used > utilizationBusy);
    this.#workedMs = 0;
  }

  /** Notes a sign of others: one that is given, or that somebody wrote. */
  async #sense(isSign: boolean): Promise<void> {
    const revision = await this.#options.store.currentRevision();
    if (isSign || revision !== this.#revision) this.#signAtMs = performance.now();
    this.#revision = revision;
  }

  async #pause(ms: number): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms); // measured time, not the clock's: it is a share of what was done
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }

  #count(more: Partial<Pick<RewriteProgress, "seen" | "rewritten" | "unreadable" | "away">>): void {
    const { seen, rewritten, unreadable, away } = this.#progress;
    this.#progress = {
      ...this.#progress,
      seen: seen + (more.seen ?? 0),
      rewritten: rewritten + (more.rewritten ?? 0),
      unreadable: unreadable + (more.unreadable ?? 0),
      away: away + (more.away ?? 0),
    };
  }

  #time(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function isAway(error: unknown): boolean {
  return isStrongroomError(error, "unavailable") || isStrongroomError(error, "sealed");
}
