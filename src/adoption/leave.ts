/**
 * Copies the Secrets of a cluster from the etcd door back to the cluster's own etcd, and looks whether they are the same. The door
 * is only read.
 *
 * What is only in the etcd was deleted while the door had the cluster's secrets, or the door never had it: nobody can tell from
 * outside, so it is taken away only when that is asked for.
 */
import { isSame, pairsOf } from "./compare-sides.ts";
import type { Pair } from "./compare-sides.ts";
import { compareSides } from "./adopt.ts";
import type { Comparison, Sides } from "./adopt.ts";
import type { EtcdWriter } from "./etcd-writer.ts";
import { InFlight } from "./in-flight.ts";

const writesMax = 16;
const passesMax = 5;

export interface LeaveSides extends Sides {
  readonly writer: Pick<EtcdWriter, "put" | "delete">;
}

export interface Left {
  readonly written: number;
  readonly deleted: number;
  /** How the sides stand after it. */
  readonly comparison: Comparison;
}

/** Raises `denied`, `unavailable`. */
export async function leaveDoor(sides: LeaveSides, deletesExtra: boolean): Promise<Left> {
  const done = { written: 0, deleted: 0 };
  const root = `${sides.prefix}/secrets/`;
  for (let pass = 0; ; pass++) {
    const before = done.written + done.deleted;
    let lost = 0;
    const changes = new InFlight(writesMax);
    for await (const pair of pairsOf(sides.etcd.below(root), sides.door.below(root))) {
      if (isSame(pair)) continue;
      await changes.start(async () => {
        const outcome = await bringBack(sides, pair, deletesExtra);
        if (outcome === "lost") lost += 1;
        else if (outcome !== "kept") done[outcome] += 1;
      });
    }
    await changes.idle();
    if ((done.written + done.deleted === before && lost === 0) || pass === passesMax) break;
  }
  return { ...done, comparison: await compareSides(sides) };
}

async function bringBack(
  { client, writer }: LeaveSides,
  { there, here }: Pair,
  deletesExtra: boolean,
): Promise<"written" | "deleted" | "kept" | "lost"> {
  if (here === undefined) {
    if (there === undefined || !deletesExtra) return "kept";
    return (await writer.delete(there.key, there.modRevision)) ? "deleted" : "lost";
  }
  // A copy that nobody changed here is no newer than what the etcd has.
  if (there !== undefined && (await client.isCopy(here.key))) return "kept";
  return (await writer.put(here.key, here.value, there?.modRevision ?? 0)) ? "written" : "lost";
}
