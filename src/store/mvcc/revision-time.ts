import type { Revision } from "../revision.ts";
import type { StoreState, Tables } from "./tables.ts";

/** When a revision was written, as far as the store knows it. */
export interface RevisionTime {
  /** `at`: in the second that begins then. `before`: at some time before that, which is no longer known. */
  readonly relation: "at" | "before";
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
}

/** The ability of a store to say when a revision was written. */
export interface RevisionTimes {
  /** Undefined for a revision that there is none of yet, and in a store without history. */
  revisionTime(revision: Revision): RevisionTime | undefined;
}

/**
 * As {@link RevisionTimes.revisionTime}: the reverse of `revisionAt`.
 *
 * Each tick says what the newest revision was before its second had its first commit, so a revision was written in the second of the
 * last tick that says less. Ticks ascend in both, so that it is found by halving. Compaction removes ticks: what is older than the
 * first was written before that.
 *
 *     ticks   10:00:00 -> 0   10:00:01 -> 3   10:00:07 -> 4
 *     revision 3 was written in 10:00:00, revision 4 in 10:00:01, revisions from 5 on in 10:00:07
 */
export function revisionTime(tables: Tables, state: StoreState, revision: Revision): RevisionTime | undefined {
  const [first] = tables.ticks(1);
  if (first === undefined || revision < 1 || revision > state.revision) return undefined;
  if (first.revision >= revision) return { relation: "before", timeMs: first.second * 1000 };
  let [low, high] = [first.second, state.lastTick]; // the tick that is sought is the last of a second in [low, high]
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const tick = tables.tickAfter(middle);
    if (tick !== undefined && tick.revision < revision) low = tick.second;
    else high = middle;
  }
  return { relation: "at", timeMs: low * 1000 };
}
