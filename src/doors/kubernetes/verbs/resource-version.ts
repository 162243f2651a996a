/** Resource versions as clients send them. Source: apiserver pkg/storage/etcd3, pkg/storage/cacher. */
import { setTimeout } from "node:timers/promises";
import { toRevision } from "../../../store/revision.ts";
import type { Revision } from "../../../store/revision.ts";
import { badRequest, resourceVersionTooLarge } from "../api-error.ts";
import type { VerbContext } from "./verb-context.ts";

/** How long a read waits for a revision that is not reached yet. */
const futureWaitMs = 3000;
/** Writes to any key move the revision, so it is asked again at this interval rather than watched. */
const futurePollMs = 50;

/** A decimal resource version; raises 400 for anything else. */
export function parseResourceVersion(text: string): Revision {
  const value = Number(text);
  if (!/^(0|[1-9][0-9]*)$/.test(text)) throw badRequest(`invalid resource version: ${JSON.stringify(text)}`);
  // Beyond what the store can ever reach, and beyond what a number holds exactly: a future version all the same.
  return toRevision(Math.min(value, Number.MAX_SAFE_INTEGER));
}

/** Waits until the store has reached a revision, at most 3 s; then raises 504 "Too large resource version". */
export async function requireReached(context: VerbContext, asked: number): Promise<void> {
  const deadline = context.now().getTime() + futureWaitMs;
  let current = await context.storage.currentRevision();
  if (current >= asked) return;
  while (current < asked) {
    if (context.now().getTime() >= deadline || context.end.hasCome()) throw resourceVersionTooLarge(asked, current);
    await setTimeout(futurePollMs);
    current = await context.storage.currentRevision();
  }
}
