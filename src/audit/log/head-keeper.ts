/**
 * Has the store keep the head of the chain, at most once in ten seconds and once at the end: each time is a revision of the
 * store. So what a start does not miss of a log that was cut is what was recorded in the last ten seconds.
 */
import type { ChainHead, ChainHeadStorage } from "./log-keys.ts";

const intervalMs = 10_000;

export class HeadKeeper {
  readonly #storage: ChainHeadStorage;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();
  #kept: ChainHead | undefined;

  /** `kept` is what the store has. */
  constructor(storage: ChainHeadStorage, kept: ChainHead | undefined, onError: (error: unknown) => void) {
    this.#storage = storage;
    this.#kept = kept;
    this.#onError = onError;
  }

  /** Keeps, within the interval, what the head is by then. */
  keepSoon(head: () => ChainHead): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.keep(head());
    }, intervalMs).unref();
  }

  /** Keeps it now, after what is being kept. */
  keep(head: ChainHead): void {
    this.#saving = this.#saving.then(() => this.#save(head));
  }

  /** What the store has. */
  get kept(): ChainHead | undefined {
    return this.#kept;
  }

  /** Resolves when what was to be kept is, or could not be. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#saving;
  }

  async #save(head: ChainHead): Promise<void> {
    if (this.#kept?.position === head.position && this.#kept.openFrom === head.openFrom) return;
    try {
      await this.#storage.save(head);
      this.#kept = head;
    } catch (error) {
      this.#onError(error);
    }
  }
}
