/**
 * Concurrent writers share a sync: while one batch is being synced, what arrives forms the next. A batch takes half of what is on
 * its way (what waits, and as much as was in the batch before, whose writers are at work again), so that clients who all wait
 * for one sync do not stay in step: while the disk writes for one half of them, the processor works for the other.
 */
import { setImmediate as endOfTurn } from "node:timers/promises";

/** One item that somebody waits for; a commit settles each. */
export interface Waiting<T> {
  readonly item: T;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** So many items always share a sync. */
const batchItemsMin = 8;

export class GroupCommit<T> {
  readonly #commit: (batch: readonly Waiting<T>[]) => Promise<void>;
  readonly #sizeOf: (item: T) => number;
  readonly #sizeMax: number;
  #waiting: Waiting<T>[] = [];
  /** How many items the batch before had. */
  #previous = 0;
  #running: Promise<void> | undefined;

  /**
   * `commit` is called with one batch at a time; what it leaves unsettled is rejected with what it raises. A batch has at most
   * `sizeMax` by `sizeOf`, but always one item.
   */
  constructor(
    commit: (batch: readonly Waiting<T>[]) => Promise<void>,
    limit: { readonly sizeOf: (item: T) => number; readonly sizeMax: number },
  ) {
    this.#commit = commit;
    this.#sizeOf = limit.sizeOf;
    this.#sizeMax = limit.sizeMax;
  }

  /** Resolves when the item is committed. */
  submit(item: T): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // A sync costs more of the processor than an event: what this turn of the event loop still brings shares it.
      await endOfTurn();
      const batch = this.#waiting.splice(0, this.#share());
      this.#previous = batch.length;
      try {
        await this.#commit(batch);
      } catch (error) {
        for (const { reject } of batch) reject(error instanceof Error ? error : new Error("the commit failed"));
      }
    }
    this.#running = undefined;
  }

  #share(): number {
    const share = Math.max(batchItemsMin, Math.ceil((this.#waiting.length + this.#previous) / 2));
    let size = 0;
    for (const [index, { item }] of this.#waiting.entries()) {
      size += this.#sizeOf(item);
      if (index === share || (index > 0 && size > this.#sizeMax)) return index;
    }
    return share;
  }
}
