import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import { printable } from "./printable.ts";
import { dryRunFlag, versionNumber, withSecrets } from "./secret-source.ts";
import { serverFlags, serverNotes, serverUsage } from "./server-connection.ts";
import { namespaceFlag, secretOperand } from "./sight-source.ts";

const toFlag = valueFlag("to", "N", "The version whose values become current again.");
const resourceVersionFlag = valueFlag(
  "resource-version",
  "VERSION",
  "Only if the secret still has this resourceVersion.",
);

/** `strongroom secret rollback`. */
export const secretRollbackCommand: Command = {
  usage: `NAMESPACE/NAME --to N [--resource-version VERSION] [--dry-run] ${serverUsage}`,
  examples: [
    { line: "strongroom secret rollback prod/db --to 3", effect: "the values of version 3, as a new version" },
    { line: "strongroom secret rollback prod/db --to 3 --dry-run", effect: "whether that would be let through" },
  ],
  flags: [...serverFlags, namespaceFlag, toFlag, resourceVersionFlag, dryRunFlag],
  notes: [
    ...serverNotes,
    "Labels, annotations and owners stay as they are. It takes the right to create secrets/rollback, and none to read values.",
  ],
  operandsMax: 1,
  async run(invocation) {
    const { flags, output } = invocation;
    const written = flags.one(toFlag);
    if (written === undefined) throw usageError("--to must name a version", "See them: strongroom secret history");
    const toVersion = versionNumber(written, "to");
    const place = await secretOperand(invocation);
    const dryRun = flags.has(dryRunFlag);
    const asked = { toVersion, resourceVersion: flags.one(resourceVersionFlag), dryRun };
    const { version, changed = false } = await withSecrets(invocation, (source) => source.rollback(place, asked));
    const what = `${place.namespace}/${place.name}`;
    if (dryRun) output.print(printable(`${what} could be rolled back to version ${toVersion}; nothing was done`));
    else if (changed)
      output.print(printable(`${what} has the values of version ${toVersion} again, as version ${version}`));
    else
      output.print(printable(`${what} has the values of version ${toVersion} already; it stays at version ${version}`));
    return exitCodes.ok;
  },
};
