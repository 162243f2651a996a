/** Hands entries that have become durable to who wants them as they come, so that they need not read them from the disk. */
import type { AuditEntry } from "../audit-log.ts";

/** So many entries are held while they are on their way to the disk; of more, the oldest are left out. */
const heldMax = 4096;

export type EntriesListener = (entries: readonly AuditEntry[]) => void;

export class FreshEntries {
  readonly #listeners = new Set<EntriesListener>();
  /** Written, and not yet told. */
  #held: AuditEntry[] = [];
  #durable: AuditEntry[] = [];

  listen(listener: EntriesListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Takes an entry that was written. */
  add(entry: AuditEntry): void {
    if (this.#listeners.size === 0) return;
    this.#held.push(entry);
    if (this.#held.length > heldMax) this.#held.splice(0, this.#held.length - heldMax / 2);
  }

  /** All that was added is on the disk: it is told when those who waited for their records have had their turn. */
  durable(): void {
    if (this.#held.length === 0) return;
    if (this.#durable.length === 0) setImmediate(() => this.#tell());
    this.#durable.push(...this.#held);
    this.#held = [];
  }

  #tell(): void {
    const entries = this.#durable;
    this.#durable = [];
    for (const listener of this.#listeners) listener(entries);
  }
}
