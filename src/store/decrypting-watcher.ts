import type { StoredRecord, StoreEvent, WatchBatch, Watcher } from "./store.ts";

/** Decrypts a record; a promise only when a key must be fetched first. */
export type OpenRecord = (record: StoredRecord) => StoredRecord | Promise<StoredRecord>;

/** After this many events a long batch lets other work run: about 5 ms of decryption. */
const eventsPerTurn = 200;

/**
 * Decrypts the batches of an engine's watchers, each event once: all watchers that are handed the same batch (or
 * the same event in different batches) get the same decrypted object, so that what is done with it next - encoding
 * it for a client - can be shared by identity too. What is decrypted lives as long as the
 * engine keeps the batch for its watchers. Failures are not kept: a key may come back.
 */
export class EventDecryptor {
  readonly #open: OpenRecord;
  readonly #batches = new WeakMap<WatchBatch, Promise<WatchBatch>>();
  readonly #events = new WeakMap<StoreEvent, StoreEvent | Promise<StoreEvent>>();

  constructor(open: OpenRecord) {
    this.#open = open;
  }

  /** The batch with plaintext. Rejects as `open` does, when any record of it does not open. */
  async decrypt(batch: WatchBatch): Promise<WatchBatch> {
    if (batch.events.length === 0) return batch;
    const known = this.#batches.get(batch) ?? this.#decrypt(batch);
    this.#batches.set(batch, known);
    try {
      return await known;
    } catch (error) {
      this.#batches.delete(batch);
      throw error;
    }
  }

  async #decrypt(batch: WatchBatch): Promise<WatchBatch> {
    const events: StoreEvent[] = [];
    for (const [index, event] of batch.events.entries()) {
      if (index > 0 && index % eventsPerTurn === 0) await nextTurn();
      const decrypted = this.#eventOf(event);
      events.push(decrypted instanceof Promise ? await decrypted : decrypted);
    }
    return { events, revision: batch.revision };
  }

  #eventOf(event: StoreEvent): StoreEvent | Promise<StoreEvent> {
    const known = this.#events.get(event);
    if (known !== undefined) return known;
    const decrypted = this.#decryptEvent(event);
    this.#events.set(event, decrypted);
    if (decrypted instanceof Promise) decrypted.catch(() => this.#events.delete(event));
    return decrypted;
  }

  #decryptEvent(event: StoreEvent): StoreEvent | Promise<StoreEvent> {
    const { type, previous: before } = event;
    const record = type === "delete" ? event.record : this.#open(event.record);
    if (record instanceof Promise) return this.#decryptLater(event, record);
    const previous = before === undefined ? undefined : this.#open(before);
    return previous instanceof Promise
      ? previous.then((p) => ({ type, record, previous: p }))
      : { type, record, previous };
  }

  /** One after the other, so that no promise is left without a listener when the first one is rejected. */
  async #decryptLater(event: StoreEvent, opening: Promise<StoredRecord>): Promise<StoreEvent> {
    const record = await opening;
    const previous = event.previous === undefined ? undefined : await this.#open(event.previous);
    return { type: event.type, record, previous };
  }
}

/** A watcher with plaintext. It stops for good when a batch cannot be decrypted: later ones would leave a gap that nobody sees. */
export class DecryptingWatcher implements Watcher {
  readonly #watcher: Watcher;
  readonly #decryptor: EventDecryptor;
  #closed = false;

  constructor(watcher: Watcher, decryptor: EventDecryptor) {
    this.#watcher = watcher;
    this.#decryptor = decryptor;
  }

  async next(): Promise<WatchBatch | undefined> {
    const batch = await this.#watcher.next();
    if (batch === undefined) return undefined;
    try {
      const decrypted = await this.#decryptor.decrypt(batch);
      return this.#closed ? undefined : decrypted;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  requestProgress(): void {
    this.#watcher.requestProgress();
  }

  close(): void {
    this.#closed = true;
    this.#watcher.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#watcher[Symbol.asyncDispose]();
  }
}

async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
