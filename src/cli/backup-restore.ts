import { backupKey, explainingBackups, openFlags } from "./backup-keys.ts";
import { readBackupFile } from "./backup-file.ts";
import { publicKeyFlag, readPublicKey } from "./backup-verify.ts";
import type { Command } from "./command.ts";
import { configFlag, dataDirFlag, passphraseFileFlag, readServerConfig, rootKeyFileFlag } from "./config.ts";
import { exitCodes } from "./exit-code.ts";
import { printable } from "./printable.ts";

/** `strongroom backup restore`. */
export const backupRestoreCommand: Command = {
  usage:
    "FILE|- [--identity FILE]... [--backup-passphrase-file FILE] [--public-key FILE] [--data-dir DIR] [--config FILE] " +
    "[--root-key-file FILE] [--passphrase-file FILE]",
  examples: [
    {
      line: "strongroom backup restore today.age --identity backup.key --data-dir ./restored",
      effect: "a new data directory, with a root key of its own",
    },
    { line: "strongroom serve --data-dir ./restored", effect: "then: serve it" },
  ],
  flags: [...openFlags, publicKeyFlag, dataDirFlag, configFlag, rootKeyFileFlag, passphraseFileFlag],
  notes: [
    "The data directory must not exist, or be empty: nothing is ever overwritten. It is made whole or not at all; a server does not start " +
      "on one whose restore was interrupted, and the same command begins it anew.",
    "Clients go on with their certificates and tokens. Resource versions go on 1,000,000,000 above those of the backup, and everything before " +
      "is answered as expired (410), so that watches and informers list again.",
    "The restored server has a root key, an id and an audit log of its own, which begins with the record of the restore.",
  ],
  operandsMax: 1,
  async run(invocation) {
    const { flags, environment, output } = invocation;
    const config = await readServerConfig(flags, environment);
    const publicKey = await readPublicKey(invocation);
    const file = readBackupFile(invocation);
    const key = await backupKey(invocation);
    const { restoreBackup } = await import("../instance/backups.ts"); // not for its help, which is thereby quick
    const { instance, summary } = await explainingBackups(() => restoreBackup(config, { file, key, publicKey }));
    const { head, manifest } = summary;
    const what = `${manifest.records} records of revision ${head.revision}, as they were at ${head.created}`;
    output.print(printable(`Restored ${what}, into ${config.dataDir}`));
    output.tell(`Instance ${instance.id}, root key ${instance.rootKeyPlace}: keep a copy of it elsewhere`);
    return exitCodes.ok;
  },
};
