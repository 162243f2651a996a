import { backupKey, explainingBackups, openFlags } from "./backup-keys.ts";
import { readBackupFile } from "./backup-file.ts";
import { publicKeyFlag, readPublicKey } from "./backup-verify.ts";
import { serverFlags, withServer } from "./server-connection.ts";
import { rootKeyKmsFlag } from "./root-key-choice.ts";
import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { configFlag, passphraseFileFlag, readServerConfig, rootKeyFileFlag } from "./config.ts";
import { exitCodes } from "./exit-code.ts";
import type { ExitCode } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { printable } from "./printable.ts";
import { dryRunFlag } from "./secret-source.ts";
import { overwriteFlag, writeSecrets } from "./write-secrets.ts";

const namespaceFlag: Flag = {
  ...valueFlag("namespace", "NAME", "Only the secrets of this namespace, into a server that runs."),
  short: "n",
};
const secretFlag = valueFlag("secret", "NAME", "Only this secret of the namespace.");

/** What is about a server that runs, and means nothing for a data directory. */
const partFlags: readonly Flag[] = [namespaceFlag, secretFlag, overwriteFlag, dryRunFlag];
const clusterOnly = serverFlags.filter(({ name }) => name !== "data-dir");

/** `strongroom backup restore`. */
export const backupRestoreCommand: Command = {
  usage:
    "FILE|- [--identity FILE]... [--backup-passphrase-file FILE] [--public-key FILE] ([--data-dir DIR] [--config FILE] " +
    "[--root-key-file FILE] [--passphrase-file FILE] [--root-key-kms ENDPOINT] | --namespace NAME [--secret NAME] [--overwrite] " +
    "[--dry-run] [--kubeconfig FILE [--context NAME] | --server [--data-dir DIR]])",
  examples: [
    {
      line: "strongroom backup restore today.age --identity backup.key --data-dir ./restored",
      effect: "a new data directory, with a root key of its own",
    },
    { line: "strongroom serve --data-dir ./restored", effect: "then: serve it" },
    {
      line: "strongroom backup restore today.age --identity backup.key --namespace prod --secret db --dry-run",
      effect: "which keys of one secret would change in the server of this host",
    },
  ],
  flags: [
    ...openFlags,
    publicKeyFlag,
    ...serverFlags,
    configFlag,
    rootKeyFileFlag,
    passphraseFileFlag,
    rootKeyKmsFlag,
    ...partFlags,
  ],
  notes: [
    "The data directory must not exist, or be empty: nothing is ever overwritten. It is made whole or not at all; a server does not start " +
      "on one whose restore was interrupted, and the same command begins it anew.",
    "Clients go on with their certificates and tokens. Resource versions go on 1,000,000,000 above those of the backup, and everything before " +
      "is answered as expired (410), so that watches and informers list again.",
    "The restored server has a root key, an id and an audit log of its own, which begins with the record of the restore.",
    "With --namespace, secrets of the backup go into a server that runs, as it is authenticated to the end: their present values, as new versions, " +
      "by ordinary writes of whoever you are there. What is there and differs is kept, unless --overwrite is given.",
  ],
  operandsMax: 1,
  async run(invocation) {
    const { flags } = invocation;
    if (flags.has(namespaceFlag)) return restorePart(invocation);
    const misplaced = [...partFlags, ...clusterOnly].find((flag) => flags.has(flag));
    if (misplaced === undefined) return restoreAll(invocation);
    throw usageError(
      `--${misplaced.name} needs --namespace NAME`,
      "Without it, a data directory is made from all of the backup.",
    );
  },
};

async function restoreAll(invocation: Invocation): Promise<ExitCode> {
  const { flags, environment, output } = invocation;
  const config = await readServerConfig(flags, environment);
  const publicKey = await readPublicKey(invocation);
  const file = await readBackupFile(invocation);
  const key = await backupKey(invocation);
  const { restoreBackup } = await import("../instance/backups.ts"); // not for its help, which is thereby quick
  const { instance, summary } = await explainingBackups(() => restoreBackup(config, { file, key, publicKey }));
  const { head, manifest } = summary;
  const what = `${manifest.records} records of revision ${head.revision}, as they were at ${head.created}`;
  output.print(printable(`Restored ${what}, into ${config.dataDir}`));
  output.tell(`Instance ${instance.id}, root key ${instance.rootKeyPlace}: keep a copy of it elsewhere`);
  return exitCodes.ok;
}

async function restorePart(invocation: Invocation): Promise<ExitCode> {
  const { flags } = invocation;
  const publicKey = await readPublicKey(invocation);
  const file = await readBackupFile(invocation);
  const key = await backupKey(invocation);
  const wanted = { namespace: flags.one(namespaceFlag) ?? "", name: flags.one(secretFlag) };
  const { backedUpSecrets } = await import("../backup/backed-up-secrets.ts"); // not for its help, which is thereby quick
  const secrets = await explainingBackups(() => backedUpSecrets({ file, key, publicKey }, wanted));
  return withServer(invocation, "docs/backup.md", (connection) => writeSecrets(invocation, connection, secrets));
}
