/** What is told of entries that cannot be read: each of them once, whoever comes upon them how often. */
import type { LogReport } from "./log-keys.ts";
import type { UnreadableEntries } from "./log-reader.ts";

/** So many places are told one by one: whoever destroys each block must not fill the log with reports of it. */
const toldMax = 100;

export class UnreadableReports {
  readonly #put: (report: LogReport & { readonly segment: string }) => Promise<void>;
  readonly #told: UnreadableEntries[] = [];

  /** `put` makes a report durable, or rejects. */
  constructor(put: (report: LogReport & { readonly segment: string }) => Promise<void>) {
    this.#put = put;
  }

  /** Resolves when it is on record; rejects when it cannot be, and is told the next time then. */
  async tell(entries: UnreadableEntries): Promise<void> {
    const { segment, from, before } = entries;
    const isTold = this.#told.some((told) => told.segment === segment && told.from <= from && told.before >= before);
    if (isTold || this.#told.length >= toldMax) return;
    this.#told.push(entries);
    const isLast = this.#told.length === toldMax;
    try {
      await this.#put({
        segment,
        message: "Entries of the audit log cannot be read: they were changed or removed",
        fields: { segment, fromEntry: from, beforeEntry: before, ...(isLast && { further: "not told any more" }) },
      });
    } catch (error) {
      this.#told.splice(this.#told.indexOf(entries), 1);
      throw error;
    }
  }
}
