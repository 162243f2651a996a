/** What the audit log is asked, by its index: answers are about all that was durable when the question came, if the index is so far. */
import { StrongroomError, isStrongroomError } from "../../errors/strongroom-error.ts";
import type { AuditEntry, AuditLogReader } from "../audit-log.ts";
import type { AuditIndex } from "./audit-index.ts";
import { isEventAskedFor } from "./entry-filter.ts";
import type { EntryFilter } from "./entry-filter.ts";
import { findEntries } from "./find-entries.ts";
import type { FoundEntries } from "./find-entries.ts";
import { whoRead } from "./who-read.ts";
import type { WhoReadAnswer, WhoReadQuestion } from "./who-read.ts";

/** So long a question waits for an index that is behind; then it is answered from what there is, and says so. */
const waitMsDefault = 2000;

export class AuditRecords {
  readonly #index: AuditIndex;
  readonly #log: AuditLogReader;
  readonly #waitMs: number;

  constructor(index: AuditIndex, log: AuditLogReader, { waitMs = waitMsDefault }: { readonly waitMs?: number } = {}) {
    this.#waitMs = waitMs;
    this.#index = index;
    this.#log = log;
  }

  /** One after the last entry of the log. */
  get end(): number {
    return this.#log.end;
  }

  /** The position up to which answers can be given now: that of the end, unless the index is more than two seconds behind. */
  async reach(): Promise<number> {
    const { end } = this.#log;
    await this.#index.caughtUp(end, this.#waitMs);
    return Math.min(this.#index.position, end);
  }

  /** `end` is how many entries there were when the question came. Raises `unavailable` while the index is made anew. */
  async whoRead(question: WhoReadQuestion): Promise<WhoReadAnswer & { readonly end: number }> {
    const { end } = this.#log;
    await this.reach();
    const answer = await this.#asked(() => whoRead(this.#index, question));
    return { ...answer, end: Math.max(end, answer.position) };
  }

  /** The first positions from one on that are asked for; `to` must be within what {@link reach} said. Raises `unavailable`. */
  find(filter: EntryFilter, range: { from: number; to: number; limit: number }): Promise<FoundEntries> {
    return this.#asked(() => findEntries(this.#index, filter, range));
  }

  entries(from: number, to: number): AsyncIterable<AuditEntry> {
    return this.#log.entries(from, to);
  }

  /** Resolves when there is an entry at the position; rejects with the signal's reason. */
  reached(position: number, signal: AbortSignal): Promise<void> {
    return this.#log.reached(position, signal);
  }

  /** Whether an entry is asked for. It waits until the index knows the watches that began before it. */
  async isAskedFor({ position, event }: AuditEntry, filter: EntryFilter): Promise<boolean> {
    if (event.streams !== undefined) await this.#index.caughtUp(position + 1, this.#waitMs);
    return this.#asked(() => isEventAskedFor(event, filter, this.#index.streams));
  }

  /** What is damaged is made anew. */
  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (!isStrongroomError(error, "corrupt")) throw error;
      this.#index.rebuild();
      throw new StrongroomError("unavailable", "the index of the audit log was damaged, and is built anew", {
        cause: error,
      });
    }
  }
}
