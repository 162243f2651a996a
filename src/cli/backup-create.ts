import { backupLock, explainingBackups, lockFlags } from "./backup-keys.ts";
import { backupOperand, requireWritable, writeBackupFile } from "./backup-file.ts";
import type { Command } from "./command.ts";
import {
  configFlag,
  dataDirFlag,
  encryptionConfigFlag,
  passphraseFileFlag,
  readServerConfig,
  rootKeyFileFlag,
} from "./config.ts";
import { rootKeyKmsFlag } from "./root-key-choice.ts";
import { exitCodes } from "./exit-code.ts";

/** `strongroom backup create`. */
export const backupCreateCommand: Command = {
  usage:
    "FILE|- [--recipient AGE1...]... [--recipients-file FILE] [--backup-passphrase-file FILE] [--data-dir DIR] [--config FILE] " +
    "[--root-key-file FILE] [--passphrase-file FILE] [--root-key-kms ENDPOINT] [--encryption-provider-config FILE]",
  examples: [
    {
      line: "strongroom backup create today.age --recipient age1...",
      effect: "whoever has that identity can restore it",
    },
    { line: "strongroom backup create today.age", effect: "for a passphrase, which it asks for" },
    {
      line: "strongroom backup create - --recipients-file team.txt | ssh vault 'cat > today.age'",
      effect: "to another machine, without a file on this one",
    },
  ],
  flags: [
    ...lockFlags,
    dataDirFlag,
    configFlag,
    rootKeyFileFlag,
    passphraseFileFlag,
    rootKeyKmsFlag,
    encryptionConfigFlag,
  ],
  notes: [
    "Everything is in it as it was at one moment: secrets with their versions, the trash, namespaces, roles, policies, certificate " +
      "authority and keys of tokens. It restores without the root key. The audit log and the root key are not in it (docs/backup.md).",
    "The server that runs on this host makes it, and goes on serving; or the command does, with a data directory that no server uses. " +
      "It is on record before its first byte, and every secret in it.",
    "Whoever can open the backup can read every secret. It is in the format of age: recipients are public, identities and passphrases are not.",
  ],
  operandsMax: 1,
  async run(invocation) {
    const { flags, environment, output } = invocation;
    const file = backupOperand(invocation);
    requireWritable(invocation);
    const config = await readServerConfig(flags, environment);
    const lock = await backupLock(invocation);
    const { backupOfServer } = await import("../server/offline-backup.ts"); // not for its help, which is thereby quick
    await explainingBackups(() => writeBackupFile(invocation, backupOfServer(config, lock)));
    if (file !== "-") output.print(file);
    return exitCodes.ok;
  },
};
