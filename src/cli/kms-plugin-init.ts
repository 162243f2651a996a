import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import {
  escrowFlag,
  escrowPassphraseFlag,
  escrowRecipientFlag,
  folderFlag,
  readEscrow,
  readFolder,
  readKeyFolder,
  sealPassphraseFlag,
} from "./kms-plugin-flags.ts";

/** `strongroom kms-plugin init`: makes the key, with an escrow copy of it. */
export const kmsPluginInitCommand: Command = {
  usage:
    "--passphrase-file FILE --escrow FILE (--escrow-recipient RECIPIENT... | --escrow-passphrase-file FILE) [--dir DIR]",
  examples: [
    {
      line: "strongroom kms-plugin init --passphrase-file /root/kms-passphrase --escrow /root/escrow.age --escrow-recipient age1...",
      effect: "make the key of this cluster, and a copy that only the holder of the identity of age1... can open",
    },
  ],
  flags: [folderFlag, sealPassphraseFlag, escrowFlag, escrowRecipientFlag, escrowPassphraseFlag],
  notes: [
    "The escrow copy is written first: there is no key without one. Move it away from this machine; `strongroom kms-plugin restore` makes " +
      "the keys from it, and `age --decrypt` opens it too.",
    "It never replaces keys. docs/kms-plugin.md leads from here to a cluster whose Secrets are encrypted.",
  ],
  operandsMax: 0,
  async run(invocation) {
    const { output } = invocation;
    const escrow = await readEscrow(invocation);
    const at = await readKeyFolder(invocation);
    const { initKeys } = await import("../delivery/kms-plugin/manage-keys.ts");
    const { id } = await initKeys(at, escrow, new Date());
    output.print(`key ${id} in ${readFolder(invocation)}`);
    output.print(`escrow copy ${escrow.path} - move it away from this machine`);
    return exitCodes.ok;
  },
};
