import { leaveDoor } from "../adoption/leave.ts";
import {
  adoptionFlags,
  adoptionNotes,
  adoptionUsage,
  comparisonLines,
  dryRunFlag,
  isEven,
  toldComparison,
  withSides,
} from "./adoption-source.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag } from "./flags.ts";
import { printable } from "./printable.ts";

const extraFlag = switchFlag("delete-extra", "Delete from the etcd what Strongroom does not have.");
const access = "--cacert etcd-ca.crt --cert apiserver-etcd-client.crt --key apiserver-etcd-client.key";
const both = `--etcd https://127.0.0.1:2379 --strongroom https://sr:2379 --cluster prod ${access}`;

/** `strongroom leave`: copies the Secrets of a cluster back to its etcd. */
export const leaveCommand: Command = {
  usage: `${adoptionUsage} [--delete-extra]`,
  examples: [
    { line: `strongroom leave ${both} --dry-run`, effect: "what differs between the two sides" },
    { line: `strongroom leave ${both}`, effect: "copy the secrets back, and look whether all are the same" },
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
      if (flags.has(dryRunFlag)) {
        await toldComparison(invocation, sides);
        output.print("nothing was changed");
        return exitCodes.ok;
      }
      const { written, deleted, comparison } = await leaveDoor(sides, flags.has(extraFlag));
      output.print(`${written} written to the etcd, ${deleted} deleted from it`);
      for (const line of comparisonLines(comparison, sides)) output.print(printable(line));
      if (isEven(comparison)) return exitCodes.ok;
      output.print("the two sides are not the same: do not take the flag away yet, see docs/adopt.md");
      return exitCodes.found;
    }),
};
