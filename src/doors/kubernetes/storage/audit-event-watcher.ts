/** Follows the audit log for one watch: reads behind it, at the pace at which the client takes what it is sent. */
import type { AuditRecords } from "../../../audit/index/audit-records.ts";
import type { EntryFilter } from "../../../audit/index/entry-filter.ts";
import { toRevision } from "../../../store/revision.ts";
import { entryObject } from "./audit-event-object.ts";
import type { ObjectEvent, ObjectWatcher } from "./kind-storage.ts";

/** Entries that are looked at before what was found is sent. */
const batchEntries = 200;

export interface WatchedEntries {
  readonly filter: EntryFilter;
  /** The first position. */
  readonly from: number;
  /** The one position that is asked for, if it is one. */
  readonly only: number | undefined;
}

export class AuditEventWatcher implements ObjectWatcher {
  readonly #records: AuditRecords;
  readonly #asked: WatchedEntries;
  #position: number;
  #isClosed = false;
  #isProgressAsked = false;
  #pause = new AbortController();

  constructor(records: AuditRecords, asked: WatchedEntries) {
    this.#records = records;
    this.#asked = asked;
    this.#position = asked.from;
  }

  async next(): ReturnType<ObjectWatcher["next"]> {
    while (!this.#isClosed) {
      const events = await this.#read();
      if (events.length > 0 || this.#isProgressAsked) {
        this.#isProgressAsked = false;
        return { events, revision: toRevision(this.#position) };
      }
      await this.#arrival();
    }
    return undefined;
  }

  requestProgress(): void {
    this.#isProgressAsked = true;
    this.#pause.abort(new Error("woken"));
  }

  close(): void {
    this.#isClosed = true;
    this.#pause.abort(new Error("closed"));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  async #read(): Promise<ObjectEvent[]> {
    const { filter, only } = this.#asked;
    const events: ObjectEvent[] = [];
    const to = Math.min(this.#records.end, this.#position + batchEntries);
    for await (const entry of this.#records.entries(this.#position, to)) {
      if (this.#isClosed) return [];
      this.#position = entry.position + 1;
      if (only !== undefined && entry.position !== only) continue;
      if (await this.#records.isAskedFor(entry, filter)) events.push(eventOf(entry));
    }
    this.#position = Math.max(this.#position, to);
    return events;
  }

  /** Resolves when there is more, or this was woken. */
  async #arrival(): Promise<void> {
    this.#pause = new AbortController();
    if (this.#isClosed || this.#isProgressAsked) return;
    const { signal } = this.#pause;
    await this.#records.reached(this.#position, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}

function eventOf(entry: Parameters<typeof entryObject>[0]): ObjectEvent {
  const revision = toRevision(entry.position + 1);
  return {
    type: "put",
    revision,
    object: entryObject(entry),
    existed: false,
    previous: () => Promise.resolve(undefined),
  };
}
