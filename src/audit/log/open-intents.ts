/**
 * Intents of changes that have no outcome yet. An intent is an event of the stage `RequestReceived` with an `intentID`; its outcome
 * is any later event with the same id. Those that a crash left open are resolved by what the store holds.
 */
import type { AuditEvent } from "../audit-event.ts";
import type { AuditEntry } from "../audit-log.ts";

/** More than are on their way at a time; beyond it the oldest is given up, so that one that is never ended keeps nothing. */
const openMax = 10_000;

export class OpenIntents {
  /** By id, in the order of positions. */
  readonly #intents = new Map<string, AuditEntry>();
  #end: number;

  constructor(end: number) {
    this.#end = end;
  }

  /** The position of the oldest one; where the log ends when there is none. */
  get oldest(): number {
    const [first] = this.#intents.values();
    return first?.position ?? this.#end;
  }

  /** All of them, the oldest first. */
  get all(): readonly AuditEntry[] {
    return [...this.#intents.values()];
  }

  /** An entry has been recorded. */
  note(event: AuditEvent, position: number): void {
    this.#end = position + 1;
    const { intentID, stage } = event;
    if (intentID === undefined) return;
    if (stage !== "RequestReceived") {
      this.#intents.delete(intentID);
      return;
    }
    this.#intents.set(intentID, { position, event });
    const [oldest] = this.#intents.keys();
    if (this.#intents.size > openMax && oldest !== undefined) this.#intents.delete(oldest);
  }
}
