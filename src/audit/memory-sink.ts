/** An audit log for tests: keeps events in memory and can be told to fail. */
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { AuditEvent } from "./audit-event.ts";
import type { AuditEntry, AuditLog } from "./audit-log.ts";

export class MemorySink implements AuditLog {
  /** Everything written so far, in order. */
  readonly events: AuditEvent[] = [];
  readonly first: number = 0;
  /** While true, writes reject with `unavailable` and record nothing. */
  failing = false;
  readonly #arrivals = new Set<() => void>();
  readonly #listeners = new Set<(entries: readonly AuditEntry[]) => void>();

  get end(): number {
    return this.events.length;
  }

  write(event: AuditEvent): Promise<void> {
    if (this.failing) return Promise.reject(new StrongroomError("unavailable", "the audit log is failing"));
    const entry = { position: this.events.push(event) - 1, event };
    for (const arrived of this.#arrivals) arrived();
    setImmediate(() => {
      for (const listener of this.#listeners) listener([entry]);
    });
    return Promise.resolve();
  }

  async *entries(from: number, to: number = this.end): AsyncGenerator<AuditEntry> {
    for (let position = Math.max(0, from); position < to; position++) {
      const event = this.events[position];
      if (event !== undefined) yield { position, event };
    }
  }

  reached(position: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        if (this.end <= position && !signal.aborted) return;
        this.#arrivals.delete(settle);
        signal.removeEventListener("abort", settle);
        if (this.end > position) resolve();
        else reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
      };
      this.#arrivals.add(settle);
      signal.addEventListener("abort", settle);
      settle();
    });
  }

  onEntries(listener: (entries: readonly AuditEntry[]) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
