import { revisionZero } from "../revision.ts";
import type { Revision } from "../revision.ts";
import type { Place } from "./tables.ts";

/** Largest sub number of a place: what 32 bits hold. */
export const subMax = 0xffffffff;

/** Before every entry of the log. */
export const placeZero: Place = { revision: revisionZero, sub: subMax };

/** The last possible place of a revision. */
export function endOf(revision: Revision): Place {
  return { revision, sub: subMax };
}

/** Negative, 0 or positive as `a` stands before, at or after `b`. */
export function comparePlaces(a: Place, b: Place): number {
  return a.revision - b.revision || a.sub - b.sub;
}

/** Whether both are the same place. */
export function samePlace(a: Place | undefined, b: Place | undefined): boolean {
  return a !== undefined && b !== undefined && a.revision === b.revision && a.sub === b.sub;
}
