import { leaveDoor } from "../adoption/leave.ts";
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
import { switchFlag } from "./flags.ts";
import { printable } from "./printable.ts";

const extraFlag = switchFlag("delete-extra", "Delete from the etcd what Strongroom does not have.");
/** `strongroom leave`: copies the Secrets of a cluster back to its etcd. */
export const leaveCommand: Command = {
  usage: `${adoptionUsage} [--delete-extra]`,
  examples: [
    { line: `strongroom leave ${adoptionExample} --dry-run`, effect: "what differs between the two sides" },
    { line: `strongroom leave ${adoptionExample}`, effect: "copy the secrets back, and look whether all are the same" },
  ],
  flags: [...adoptionFlags, extraFlag],
  notes: [
    ...adoptionNotes,
    "Strongroom is only read. What is only in the etcd was deleted while Strongroom had the secrets, or was never in Strongroom: it is " +
      "named, and stays unless --delete-extra is given. Exit code 5 when the sides are not the same in the end.",
  ],
  operandsMax: 0,
  run: (invocation) =>
    withSides(invocation, async (sides) => {
      const { flags, output } = invocation;
      const { written, deleted, comparison } = await leaveDoor(sides, flags.has(extraFlag));
      output.print(`${written} written to the etcd, ${deleted} deleted from it`);
      for (const line of comparisonLines(comparison, sides)) output.print(printable(line));
      if (isEven(comparison)) return exitCodes.ok;
      output.print("the two sides are not the same: do not take the flag away yet, see docs/adopt.md");
      return exitCodes.found;
    }),
};
