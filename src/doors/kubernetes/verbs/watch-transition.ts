/**
 * What a change looks like through a selector: an object that begins to match is
 * added, one that ceases to is deleted.
 * Source: apiserver pkg/storage/cacher/cache_watcher.go (convertToWatchEvent).
 */
import type { ObjectEvent, StoredObject } from "../storage/kind-storage.ts";

export interface Transition {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** For DELETED: the last matching state, with the revision of the change. */
  readonly object: StoredObject;
}

/** Undefined when the change is not visible. `everything` spares reading the previous state. */
export async function transition(
  event: ObjectEvent,
  matches: (object: StoredObject) => boolean,
  everything: boolean,
): Promise<Transition | undefined> {
  const { object } = event;
  if (object !== undefined && everything) return { type: event.existed ? "MODIFIED" : "ADDED", object };
  const matchesNow = object !== undefined && matches(object);
  if (!event.existed) return matchesNow ? { type: "ADDED", object } : undefined;
  const previous = await event.previous();
  const matchedBefore = previous !== undefined && matches(previous);
  if (matchesNow) return { type: matchedBefore ? "MODIFIED" : "ADDED", object };
  return matchedBefore ? { type: "DELETED", object: previous.at(event.revision) } : undefined;
}
