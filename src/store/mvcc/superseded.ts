import type { StoredRecord } from "../store.ts";
import { placeZero, samePlace } from "./place.ts";
import { headOf, storedRecord } from "./records.ts";
import type { Tables } from "./tables.ts";
import { turn } from "./turn.ts";

/** The ability of a store to show what its files hold beside the current records. */
export interface SupersededRecords {
  /**
   * Puts that are no longer current and not compacted yet, oldest first, in pages between which others run. What is superseded or
   * compacted meanwhile may be missing. Values are as the engine holds them.
   */
  supersededRecords(): AsyncGenerator<StoredRecord>;
}

const pageEntries = 500;

/** As {@link SupersededRecords.supersededRecords}. */
export async function* supersededRecords(tables: Tables): AsyncGenerator<StoredRecord> {
  let after = placeZero;
  for (;;) {
    const entries = tables.entries(after, pageEntries);
    for (const [place, entry] of entries) {
      after = place;
      if (entry.type === "delete" || samePlace(tables.head(entry.key)?.place, place)) continue;
      const value = tables.value(place); // gone when a compaction was quicker
      if (value !== undefined) yield storedRecord(entry.key, headOf(place, entry), value);
    }
    if (entries.length < pageEntries) return;
    await turn();
  }
}
