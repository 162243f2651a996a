import { adoptSecrets } from "../adoption/adopt.ts";
import {
  adoptionExample,
  adoptionFlags,
  adoptionNotes,
  adoptionUsage,
  comparisonLines,
  isEven,
  withSides,
} from "./adoption-source.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { printable } from "./printable.ts";

/** `strongroom adopt`: copies the Secrets of a cluster from its etcd. */
export const adoptCommand: Command = {
  usage: adoptionUsage,
  examples: [
    {
      line: `strongroom adopt ${adoptionExample} --dry-run`,
      effect: "how many there are, and how many are here already",
    },
    {
      line: `strongroom adopt ${adoptionExample}`,
      effect: "copy them, look whether all are the same, and say what to do next",
    },
  ],
  flags: adoptionFlags,
  notes: [
    ...adoptionNotes,
    "The etcd is only read. It can be broken off and repeated, while the cluster goes on: what was copied follows the etcd until " +
      "somebody changes it in Strongroom; from then on it is left alone, and named. Exit code 5 when the sides are not the same in the end.",
  ],
  operandsMax: 0,
  run: (invocation) =>
    withSides(invocation, async (sides) => {
      const { output } = invocation;
      const { created, updated, removed, doorRevision, comparison } = await adoptSecrets(sides, (copied) =>
        output.tell(`copied ${copied}`),
      );
      output.print(
        `${created} new, ${updated} changed, ${removed} removed; Strongroom goes on at revision ${doorRevision}`,
      );
      for (const line of comparisonLines(comparison, sides)) output.print(printable(line));
      if (!isEven(comparison)) {
        output.print("the two sides are not the same: do not set the flag yet, see docs/adopt.md");
        return exitCodes.found;
      }
      output.print("next, for every API server of the cluster at the same time (docs/adopt.md):");
      output.print(printable(`  --etcd-servers-overrides=/secrets#${sides.doorUrl}`));
      return exitCodes.ok;
    }),
};
