/**
 * The changes that one request makes, on record: what is about to be changed before the store commits it, and what came of it
 * before the request is answered. What a crash cuts off in between is resolved from the store at the next start
 * (audit/log/resolve-intents.ts): an intent says by uid and version which state it starts from.
 *
 * Nearly every request makes one change at most: its outcome is that of the request, and shares its record. Where there are more,
 * each has a record of its own, which shares a sync with the next intent.
 */
import type { AuditEvent, ResponseStatus, WriteOptions } from "../audit/audit-event.ts";
import { isStrongroomError } from "../errors/strongroom-error.ts";
import type { RequestRecord } from "./request-record.ts";

/** An object that is to be changed, as it is before. */
export interface ChangedObject {
  readonly name: string;
  /** Undefined of an object that cannot be read. */
  readonly uid: string | undefined;
  /** Undefined where it is created. */
  readonly resourceVersion: string | undefined;
}

interface Change {
  readonly intentID: string;
  readonly object: ChangedObject;
  /** What came of it; undefined while that is not known. */
  outcome?: ResponseStatus;
}

export interface ChangeOptions {
  readonly write: (event: AuditEvent, options?: WriteOptions) => Promise<void>;
  readonly uuid: () => string;
}

export class RequestChanges {
  readonly #record: RequestRecord;
  readonly #options: ChangeOptions;
  #last: Change | undefined;

  constructor(record: RequestRecord, options: ChangeOptions) {
    this.#record = record;
    this.#options = options;
  }

  /** Runs `commit` when it is on record that it will; resolves and rejects as it does. Raises `unavailable`. */
  async make<T>(object: ChangedObject, commit: () => Promise<T>): Promise<T> {
    const { write, uuid } = this.#options;
    const former = this.#closing();
    const change: Change = { intentID: uuid(), object };
    await Promise.all([former && write(former), write(this.#event("RequestReceived", change), { kind: "write" })]);
    this.#last = change;
    this.#record.intentID = undefined;
    try {
      const made = await commit();
      this.#settle(change, { code: 200 });
      return made;
    } catch (error) {
      if (isRefusal(error)) this.#settle(change, this.#record.request.describeError(error));
      throw error;
    }
  }

  /** From here on, the record of the request tells what came of the change. */
  #settle(change: Change, outcome: ResponseStatus): void {
    change.outcome = outcome;
    this.#record.intentID = change.intentID;
  }

  /** The record of the change before: another one follows. */
  #closing(): AuditEvent | undefined {
    const last = this.#last;
    this.#last = undefined;
    if (last?.outcome === undefined) return undefined;
    return { ...this.#event("Changed", last), responseStatus: last.outcome };
  }

  #event(stage: "RequestReceived" | "Changed", { intentID, object }: Change): AuditEvent {
    const objectRef = this.#record.objectRef(object);
    return this.#record.event(stage, { intentID, ...(objectRef !== undefined && { objectRef }) });
  }
}

/** Whether nothing was changed, for sure. */
function isRefusal(error: unknown): boolean {
  return isStrongroomError(error) && error.code !== "unavailable" && error.code !== "corrupt";
}
