import { adoptSecrets } from "../adoption/adopt.ts";
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
import { printable } from "./printable.ts";

const access = "--cacert etcd-ca.crt --cert apiserver-etcd-client.crt --key apiserver-etcd-client.key";
const both = `--etcd https://127.0.0.1:2379 --strongroom https://sr:2379 --cluster prod ${access}`;

/** `strongroom adopt`: copies the Secrets of a cluster from its etcd. */
export const adoptCommand: Command = {
  usage: adoptionUsage,
  examples: [
    { line: `strongroom adopt ${both} --dry-run`, effect: "how many there are, and how many are here already" },
    { line: `strongroom adopt ${both}`, effect: "copy them, look whether all are the same, and say what to do next" },
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
      const { flags, output } = invocation;
      if (flags.has(dryRunFlag)) {
        await toldComparison(invocation, sides);
        output.print("nothing was changed");
        return exitCodes.ok;
      }
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
