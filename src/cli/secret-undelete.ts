import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { printable } from "./printable.ts";
import { chosenDeleted, uidFlag } from "./secret-deleted.ts";
import { dryRunFlag, withSecrets } from "./secret-source.ts";
import { serverFlags, serverNotes, serverUsage } from "./server-connection.ts";
import { namespaceFlag, secretOperand } from "./sight-source.ts";

/** `strongroom secret undelete`. */
export const secretUndeleteCommand: Command = {
  usage: `NAMESPACE/NAME [--uid UID] [--dry-run] ${serverUsage}`,
  examples: [{ line: "strongroom secret undelete prod/db", effect: "the secret of this name that was deleted last" }],
  flags: [...serverFlags, namespaceFlag, uidFlag, dryRunFlag],
  notes: [
    ...serverNotes,
    "It comes back with all its versions, its labels and a uid of its own; owners and finalizers do not come back. The name must be " +
      "free, and the namespace the one that it was deleted from.",
    "It takes the rights to list deletedsecrets and to create deletedsecrets/restore.",
  ],
  operandsMax: 1,
  async run(invocation) {
    const { flags, output } = invocation;
    const place = await secretOperand(invocation);
    const dryRun = flags.has(dryRunFlag);
    const { deleted, version } = await withSecrets(invocation, async (source) => {
      const chosen = chosenDeleted(await source.deleted(place), place, flags);
      return { deleted: chosen, version: (await source.restore(chosen, dryRun)).version };
    });
    const what = `${place.namespace}/${place.name}, deleted by ${deleted.author} at ${deleted.deleted},`;
    const done = dryRun ? "could come back; nothing was done" : `is back, as version ${version}`;
    output.print(printable(`${what} ${done}`));
    return exitCodes.ok;
  },
};
