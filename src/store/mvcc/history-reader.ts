/** Reads the log as events, for watchers that are not synced. */
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { toRevision } from "../revision.ts";
import type { Revision } from "../revision.ts";
import type { StoreEvent } from "../store.ts";
import { eventBytes } from "../watch/watch-hub.ts";
import type { HistoryPage, HistorySource } from "../watch/watch-hub.ts";
import { endOf } from "./place.ts";
import { deletedRecord, headOf, storedRecord } from "./records.ts";
import type { LogEntry, Place, StoreState, Tables } from "./tables.ts";
import { turn } from "./turn.ts";

/** Log entries that are looked at between two turns of the event loop. */
const scanEntries = 256;
/** A page ends at the first revision boundary after so many events or bytes of values. */
const pageEvents = 256;
const pageBytes = 1024 * 1024;

export class HistoryReader implements HistorySource {
  readonly #tables: Tables;
  readonly #state: () => StoreState;

  constructor(tables: Tables, state: () => StoreState) {
    this.#tables = tables;
    this.#state = state;
  }

  async history(prefix: string, from: Revision): Promise<HistoryPage> {
    const events: StoreEvent[] = [];
    let bytes = 0;
    let after: Place = endOf(toRevision(Math.max(from - 1, 0)));
    this.#checkRetained(from);
    for (;;) {
      const current = this.#state().revision;
      const entries = this.#tables.entries(after, scanEntries);
      for (const [place, entry] of entries) {
        if (place.revision > current) return { events, revision: current };
        const isFull = events.length >= pageEvents || bytes >= pageBytes;
        if (isFull && place.revision > events.at(-1)!.record.modRevision) {
          // full, so not empty
          return { events, revision: toRevision(place.revision - 1) };
        }
        after = place;
        if (!entry.key.startsWith(prefix)) continue;
        const event = this.#event(place, entry);
        bytes += eventBytes(event);
        events.push(event);
      }
      if (entries.length < scanEntries) return { events, revision: current };
      await turn();
      // The next entry that is needed may be of the same revision as the last one.
      this.#checkRetained(after.revision);
    }
  }

  #event(place: Place, entry: LogEntry): StoreEvent {
    const { key, previous } = entry;
    const record =
      entry.type === "delete"
        ? deletedRecord(key, place)
        : storedRecord(key, headOf(place, entry), this.#tables.value(place));
    const before = previous && this.#tables.entry(previous);
    if (!previous || before?.type !== "put") return { type: entry.type, record, previous: undefined };
    return {
      type: entry.type,
      record,
      previous: storedRecord(key, headOf(previous, before), this.#tables.value(previous)),
    };
  }

  // Asks the snapshot: a compaction that is being committed may be visible there already.
  #checkRetained(from: Revision): void {
    const { compacted } = this.#tables.state();
    if (from <= compacted) {
      throw new StrongroomError("compacted", `a watch must start above the compacted revision, ${compacted}`);
    }
  }
}
