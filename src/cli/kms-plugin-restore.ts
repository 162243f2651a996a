import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import {
  folderFlag,
  pathOf,
  readFolder,
  readKeyFolder,
  readNamedFile,
  sealPassphraseFlag,
} from "./kms-plugin-flags.ts";

const fromFlag = valueFlag("escrow", "FILE", "The escrow copy.");
const identityFlag = valueFlag("identity-file", "FILE", "A file of age-keygen with the identity of a recipient.");
const passphraseFlag = valueFlag("escrow-passphrase-file", "FILE", "The passphrase of the escrow copy.");

/** `strongroom kms-plugin restore`: the keys out of an escrow copy. */
export const kmsPluginRestoreCommand: Command = {
  usage: "--passphrase-file FILE --escrow FILE (--identity-file FILE | --escrow-passphrase-file FILE) [--dir DIR]",
  examples: [
    {
      line: "strongroom kms-plugin restore --escrow escrow.age --identity-file identity.txt --passphrase-file /root/kms-passphrase",
      effect: "on a new machine: seal the keys of the copy with the passphrase of this one",
    },
  ],
  flags: [folderFlag, sealPassphraseFlag, fromFlag, identityFlag, passphraseFlag],
  notes: ["It never replaces keys. The passphrase may be another than that of the machine that the copy is from."],
  operandsMax: 0,
  async run(invocation) {
    const { output } = invocation;
    const path = pathOf(invocation, fromFlag);
    if (path === undefined) throw usageError("--escrow must name the escrow copy");
    const key = await readEscrowKey(invocation);
    const at = await readKeyFolder(invocation);
    const { restoreKeys } = await import("../delivery/kms-plugin/manage-keys.ts");
    const keys = await restoreKeys(at, await readNamedFile(path, "the escrow copy"), key);
    output.print(`${keys.length === 1 ? "1 key" : `${keys.length} keys`} in ${readFolder(invocation)}`);
    return exitCodes.ok;
  },
};

async function readEscrowKey(invocation: Invocation) {
  const { readPassphraseFile } = await import("../crypto/passphrase-file.ts");
  const identity = pathOf(invocation, identityFlag);
  const passphrase = pathOf(invocation, passphraseFlag);
  if (identity !== undefined && passphrase === undefined)
    return { type: "identity", secret: await readPassphraseFile(identity, "the identity file") } as const;
  if (passphrase !== undefined && identity === undefined)
    return { type: "passphrase", secret: await readPassphraseFile(passphrase) } as const;
  throw usageError("either --identity-file or --escrow-passphrase-file must say how the copy is opened");
}
