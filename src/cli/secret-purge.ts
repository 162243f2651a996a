import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag } from "./flags.ts";
import { printable } from "./printable.ts";
import { chosenDeleted, uidFlag } from "./secret-deleted.ts";
import { dryRunFlag, withSecrets } from "./secret-source.ts";
import { serverFlags, serverNotes, serverUsage } from "./server-connection.ts";
import { namespaceFlag, secretOperand } from "./sight-source.ts";

const yesFlag = switchFlag("yes", "Do it: what is purged cannot be brought back.");

/** `strongroom secret purge`. */
export const secretPurgeCommand: Command = {
  usage: `NAMESPACE/NAME (--yes | --dry-run) [--uid UID] ${serverUsage}`,
  examples: [
    { line: "strongroom secret purge prod/db --dry-run", effect: "which deleted secret it would be" },
    { line: "strongroom secret purge prod/db --yes", effect: "remove it and all its versions for good" },
  ],
  flags: [...serverFlags, namespaceFlag, uidFlag, yesFlag, dryRunFlag],
  notes: [
    ...serverNotes,
    "Only what is in the trash can be purged. It takes the rights to list and to delete deletedsecrets, which no default role but " +
      "cluster-admin has. Backups keep what they have.",
  ],
  operandsMax: 1,
  async run(invocation) {
    const { flags, output } = invocation;
    const dryRun = flags.has(dryRunFlag);
    const place = await secretOperand(invocation);
    if (flags.has(yesFlag) === dryRun) {
      throw usageError("one of --yes and --dry-run must be given", "What is purged cannot be brought back.");
    }
    const deleted = await withSecrets(invocation, async (source) => {
      const chosen = chosenDeleted(await source.deleted(place), place, flags);
      await source.purge(chosen, dryRun);
      return chosen;
    });
    const what = `${place.namespace}/${place.name}, deleted by ${deleted.author} at ${deleted.deleted},`;
    const versions = deleted.version === 1 ? "its version" : `all its versions up to ${deleted.version}`;
    const done = dryRun ? `could be purged with ${versions}; nothing was done` : `is purged with ${versions}`;
    output.print(printable(`${what} ${done}`));
    return exitCodes.ok;
  },
};
