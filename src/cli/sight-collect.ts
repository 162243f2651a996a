import { resolve } from "node:path";
import { Collection } from "../sight/sources/collection.ts";
import { writeCollection } from "../sight/sources/write-collection.ts";
import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { printable } from "./printable.ts";
import { collectSource, sourceFlags, sourceUsage } from "./sight-source.ts";
import { coverageLines } from "./sight-text.ts";

const outputFlag: Flag = {
  ...valueFlag("output", "PATH", "Where it goes: a new folder, or a file that ends with .tar.gz or .tar."),
  short: "o",
};

/** `strongroom sight collect`. */
export const sightCollectCommand: Command = {
  usage: `-o PATH ${sourceUsage}`,
  examples: [
    { line: "strongroom sight collect --kubeconfig k -o prod.tar.gz", effect: "a dump of a cluster, without values" },
    { line: "strongroom scan --dump prod.tar.gz", effect: "what is wrong in it, anywhere, without the cluster" },
  ],
  flags: [outputFlag, ...sourceFlags.filter(({ name }) => name !== "verify" && name !== "context"), contextFlag()],
  notes: [
    "The dump has no values, no fingerprints of values, no literal variables, commands, contents of ConfigMaps, or values of " +
      "annotations; what was refused when it was made is in it, and stays unknown to who reads it. It names everything else: " +
      "give it to whom you would show the cluster.",
  ],
  operandsMax: 0,
  async run(invocation) {
    const { flags, environment, output } = invocation;
    const written = flags.one(outputFlag);
    if (written === undefined) throw usageError("the place must be named", "Name it with -o PATH.");
    const path = resolve(environment.workingDirectory, written);
    const collection = new Collection();
    const facts = await collectSource(invocation, collection);
    await writeCollection(path, collection.files(facts));
    output.print(path);
    output.tell(`Collected ${collection.count} objects.`);
    for (const line of coverageLines({ ...facts.coverage, unresolved: [] })) output.tell(printable(line));
    return exitCodes.ok;
  },
};

/** One dump is of one cluster. */
function contextFlag(): Flag {
  return valueFlag("context", "NAME", "A context of that kubeconfig, if not its current one.");
}
