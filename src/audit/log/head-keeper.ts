/**
 * Has the store keep the head of the chain, at most once in ten seconds and once at the end: each time is a revision of the
 * store. Where it is noted beside that, that is done ten times a second: what a start does not miss of a log that was cut is what was
 * recorded since.
 */
import type { ChainHead, ChainHeadStorage } from "./log-keys.ts";

const intervalMs = 10_000;
const noteMs = 100;

export class HeadKeeper {
  readonly #storage: ChainHeadStorage;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #noteTimer: NodeJS.Timeout | undefined;
  #noting: Promise<void> = Promise.resolve();
  #isNoteFailing = false;
  #saving: Promise<void> = Promise.resolve();
  #kept: ChainHead | undefined;

  constructor(storage: ChainHeadStorage, onError: (error: unknown) => void) {
    this.#storage = storage;
    this.#onError = onError;
  }

  /** Keeps, within the interval, what the head is by then. */
  keepSoon(head: () => ChainHead): void {
    this.#noteSoon(head);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.keep(head());
    }, intervalMs).unref();
  }

  /** Keeps it now, after what is being kept. */
  keep(head: ChainHead): void {
    this.#saving = this.#saving.then(() => this.#save(head));
  }

  /** What the store has been given. */
  get kept(): ChainHead | undefined {
    return this.#kept;
  }

  /** Resolves when what was to be kept is, or could not be. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    clearTimeout(this.#noteTimer);
    await Promise.all([this.#saving, this.#noting]);
    await this.#storage.close?.();
  }

  #noteSoon(head: () => ChainHead): void {
    if (this.#storage.note === undefined) return;
    this.#noteTimer ??= setTimeout(() => {
      this.#noteTimer = undefined;
      this.#noting = this.#noting.then(() => this.#note(head()));
    }, noteMs).unref();
  }

  /** The first failure of a series is told. */
  async #note(head: ChainHead): Promise<void> {
    try {
      await this.#storage.note?.(head);
      this.#isNoteFailing = false;
    } catch (error) {
      if (!this.#isNoteFailing) this.#onError(error);
      this.#isNoteFailing = true;
    }
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
