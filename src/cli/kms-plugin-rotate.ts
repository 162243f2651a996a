import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { durationForm, parseDuration } from "./duration.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import {
  escrowFlag,
  escrowPassphraseFlag,
  escrowRecipientFlag,
  folderFlag,
  readEscrow,
  readFolder,
  sealPassphraseFlag,
} from "./kms-plugin-flags.ts";
import { ringServerFlags, ringServerUsage, withPublishedRing } from "./kms-ring-server.ts";

const delayDefault = "10m";
const delayMsMax = 30 * 24 * 60 * 60 * 1000;
const delayFlag = valueFlag(
  "in",
  "DURATION",
  `When the new key begins to write; every plugin of the control plane must have it by then. Default: ${delayDefault}.`,
);

/** `strongroom kms-plugin rotate`: adds a key, which writes from a moment on. */
export const kmsPluginRotateCommand: Command = {
  usage:
    "--passphrase-file FILE --escrow FILE [--escrow-recipient RECIPIENT...] [--in DURATION] [--dir DIR] " +
    ringServerUsage,
  examples: [
    {
      line: "strongroom kms-plugin rotate --passphrase-file /root/kms-passphrase --escrow /root/escrow-2.age --in 0s",
      effect: "on the only node of a control plane: write with a new key at once",
    },
  ],
  flags: [
    folderFlag,
    sealPassphraseFlag,
    delayFlag,
    escrowFlag,
    escrowRecipientFlag,
    escrowPassphraseFlag,
    ...ringServerFlags,
  ],
  notes: [
    "With --key the keys of that server are taken first, and the new one is given to it: the plugins of all nodes take it up within a minute.",
    "The plugin that runs takes the key file up within ten seconds. Without --key, with several nodes of a control plane, copy the key file (keys.json) to " +
      "the others before the new key writes: all change to it at the same time, by their clocks.",
    "kube-apiserver notices within a minute, and writes with the new key from then on. What was written before stays readable with the former " +
      "keys until it is written again; keys are kept.",
    "The escrow copy of all keys is for the recipients of the last one, unless others are named.",
  ],
  operandsMax: 0,
  async run(invocation) {
    const { output } = invocation;
    const delayMs = readDelay(invocation);
    const { listKeys, rotateKeys } = await import("../delivery/kms-plugin/manage-keys.ts");
    const { escrowRecipients } = await listKeys(readFolder(invocation));
    const escrow = await readEscrow(invocation, escrowRecipients);
    const now = new Date();
    const writesFrom = new Date(now.getTime() + delayMs);
    const added = await withPublishedRing(invocation, (at) => rotateKeys(at, escrow, now, writesFrom));
    output.print(`key ${added.id} writes from ${added.writesFrom.toISOString()}`);
    output.print(`escrow copy ${escrow.path} - move it away from this machine`);
    return exitCodes.ok;
  },
};

function readDelay({ flags }: Invocation): number {
  const delayMs = parseDuration(flags.one(delayFlag) ?? delayDefault);
  if (delayMs !== undefined && delayMs <= delayMsMax) return delayMs;
  throw usageError(`--in must be ${durationForm}, at most 30d`);
}
