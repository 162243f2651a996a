import { toRevision } from "../revision.ts";
import type { Revision } from "../revision.ts";
import type { StoreState, Tables } from "./tables.ts";

/**
 * The newest revision committed in or before the second of `timeMs`; undefined
 * when that is before the retained history.
 *
 * Each tick says what the newest revision was when its second had its first commit, so the
 * first tick after the wanted second has the answer; without one it is the newest revision.
 */
export function revisionAt(tables: Tables, state: StoreState, timeMs: number): Revision | undefined {
  const tick = tables.tickAfter(Math.floor(timeMs / 1000));
  // A tick of a commit that is under way is not visible yet, nor is what it would say wrong.
  const revision = toRevision(Math.min(tick?.revision ?? state.revision, state.revision));
  return revision === 0 || revision < state.compacted ? undefined : revision;
}
