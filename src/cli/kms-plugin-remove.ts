import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import { folderFlag, pathOf, sealPassphraseFlag } from "./kms-plugin-flags.ts";
import { ringServerFlags, ringServerUsage, withPublishedRing } from "./kms-ring-server.ts";

const snapshotFlag = valueFlag(
  "etcd-snapshot",
  "FILE",
  "A snapshot of the cluster's etcd (etcdctl snapshot save), in which nothing needs the key any more.",
);

/** `strongroom kms-plugin remove`: takes a key away that nothing needs. */
export const kmsPluginRemoveCommand: Command = {
  usage: "KEY-ID --etcd-snapshot FILE --passphrase-file FILE [--dir DIR] " + ringServerUsage,
  examples: [
    {
      line: "strongroom kms-plugin remove 9a41... --etcd-snapshot etcd.db --passphrase-file /root/kms-passphrase",
      effect: "remove a former key, if no record in the snapshot is encrypted under it",
    },
  ],
  flags: [folderFlag, sealPassphraseFlag, snapshotFlag, ...ringServerFlags],
  notes: [
    "It is refused, with the count, while a record or a superseded revision in the snapshot needs the key, while the snapshot is from before all API " +
      "servers wrote with another key, when the plugin was asked for the key since, and when a Strongroom server had something encrypted under it.",
    "With --key the plugins of all nodes have it from that server; else copy keys.json to them. Escrow copies of before still have the key: keep one as long as there are " +
      "backups of the etcd that need it.",
  ],
  operandsMax: 1,
  async run(invocation) {
    const [keyId] = invocation.operands;
    const snapshot = pathOf(invocation, snapshotFlag);
    if (keyId === undefined) throw usageError("kms-plugin remove takes the id of a key");
    if (snapshot === undefined)
      throw usageError("--etcd-snapshot must name a snapshot that shows that nothing needs the key");
    const { removeKey } = await import("../delivery/kms-plugin/remove-key.ts");
    await withPublishedRing(invocation, (at) => removeKey(at, keyId, snapshot, new Date()));
    invocation.output.print(`key ${keyId} removed`);
    return exitCodes.ok;
  },
};
