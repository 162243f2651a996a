/**
 * Removal of history, in steps that are small enough not to be felt: each looks at
 * a bounded number of log entries and shares a commit with whatever waits.
 *
 * The log is cleared in order. An entry X at or below the compacted revision makes
 * the one before it (of the same key) unreadable, so that goes; X itself stays as
 * the newest of its key, unless it is a delete.
 */
import type { Revision } from "../revision.ts";
import { comparePlaces, endOf, samePlace } from "./place.ts";
import { entryBytes } from "./stage.ts";
import type { Stage } from "./stage.ts";
import type { LogEntry, Place, Tables } from "./tables.ts";

/**
 * Entries per step. Measured on the machine of docs/adr/0001: about 1.5 ms of the
 * event loop for 256 entries.
 */
export const compactionStepEntries = 128;
const ticksPerStep = 256;

/** How far to clear. */
export interface CompactionGoal {
  /** Clear at least up to here. */
  readonly revision: Revision;
  /** Clear on, whatever the revision, while history takes more than this. */
  readonly supersededBytesMax: number;
}

/** Does one step on a stage; returns whether there is more to do. */
export function compactStep(tables: Tables, stage: Stage, goal: CompactionGoal): boolean {
  const start = stage.state.scrubbed;
  const entries = tables.entries(start, compactionStepEntries);
  let scrubbed = start;
  let isDone = entries.length < compactionStepEntries;
  for (const [place, entry] of entries) {
    if (place.revision > goal.revision && stage.state.supersededBytes <= goal.supersededBytesMax) {
      isDone = true;
      break;
    }
    scrub(stage, place, entry);
    scrubbed = place;
  }
  const reached = isDone && comparePlaces(endOf(goal.revision), scrubbed) > 0 ? endOf(goal.revision) : scrubbed;
  const compacted = reached.revision > stage.state.compacted ? reached.revision : stage.state.compacted;
  if (comparePlaces(reached, start) > 0) stage.update({ scrubbed: reached, compacted });
  trimTicks(tables, stage);
  return !isDone;
}

/** Whether a step would find anything to do. */
export function isCompactionDue(stage: Pick<Stage, "state">, goal: CompactionGoal): boolean {
  const { scrubbed, supersededBytes } = stage.state;
  return comparePlaces(scrubbed, endOf(goal.revision)) < 0 || supersededBytes > goal.supersededBytesMax;
}

function scrub(stage: Stage, place: Place, entry: LogEntry): void {
  let freed = 0;
  const { previous } = entry;
  if (previous) {
    remove(stage, previous);
    // The entry before a first put is a delete, which was cleared on its own turn.
    if (entry.type === "delete" || entry.version > 1) freed += entry.previousSizeBytes + entryBytes;
  }
  if (entry.type === "delete") {
    remove(stage, place);
    if (samePlace(stage.grave(entry.key), place)) stage.changes.graves.set(entry.key, undefined);
    freed += entryBytes;
  }
  if (freed > 0) stage.update({ supersededBytes: Math.max(0, stage.state.supersededBytes - freed) });
}

function remove(stage: Stage, place: Place): void {
  stage.changes.log.set(place, undefined);
  stage.changes.values.set(place, undefined);
}

// All ticks below the compacted revision say "too old"; the newest of them suffices.
function trimTicks(tables: Tables, stage: Stage): void {
  const below = tables.ticks(ticksPerStep).filter((tick) => tick.revision < stage.state.compacted);
  for (const tick of below.slice(0, -1)) stage.changes.ticks.set(tick.second, undefined);
}
