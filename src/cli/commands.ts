import type { Command, CommandEntry } from "./command.ts";

/** Every command. A new one is a file beside this and a row here; a noun and a verb (`secret list`) is a name too. */
export const commands: readonly CommandEntry[] = [
  {
    name: "serve",
    summary: "Serve secrets to kubectl and other clients",
    load: async () => (await import("./serve.ts")).serveCommand,
  },
  {
    name: "kubeconfig",
    summary: "Issue a client certificate, as a kubeconfig",
    load: async () => (await import("./kubeconfig.ts")).kubeconfigCommand,
  },
  {
    name: "token-keys",
    summary: "Show and rotate the keys of service accounts' tokens",
    load: async () => (await import("./token-keys.ts")).tokenKeysCommand,
  },
  {
    name: "health",
    summary: "Ask a server whether it is ready",
    load: async () => (await import("./health.ts")).healthCommand,
  },
  {
    name: "demo",
    summary: "Start a throw-away server with example secrets",
    load: async () => (await import("./demo.ts")).demoCommand,
  },
  {
    name: "secret get",
    summary: "Show a secret as it is, or as it was",
    load: async () => (await import("./secret-get.ts")).secretGetCommand,
  },
  {
    name: "secret list",
    summary: "List secrets as they are, or as they were",
    load: async () => (await import("./secret-list.ts")).secretListCommand,
  },
  {
    name: "secret history",
    summary: "Show who wrote which keys of a secret when",
    load: async () => (await import("./secret-history.ts")).secretHistoryCommand,
  },
  {
    name: "secret diff",
    summary: "Show which keys differ between versions of a secret",
    load: async () => (await import("./secret-diff.ts")).secretDiffCommand,
  },
  {
    name: "secret rollback",
    summary: "Make the values of an earlier version current again",
    load: async () => (await import("./secret-rollback.ts")).secretRollbackCommand,
  },
  {
    name: "secret undelete",
    summary: "Bring a deleted secret back, with its versions",
    load: async () => (await import("./secret-undelete.ts")).secretUndeleteCommand,
  },
  {
    name: "secret purge",
    summary: "Remove a deleted secret and its versions for good",
    load: async () => (await import("./secret-purge.ts")).secretPurgeCommand,
  },
  {
    name: "backup create",
    summary: "Write everything into one encrypted file, while serving",
    load: async () => (await import("./backup-create.ts")).backupCreateCommand,
  },
  {
    name: "backup verify",
    summary: "Read and authenticate all of a backup",
    load: async () => (await import("./backup-verify.ts")).backupVerifyCommand,
  },
  {
    name: "backup restore",
    summary: "Make a data directory from a backup",
    load: async () => (await import("./backup-restore.ts")).backupRestoreCommand,
  },
  {
    name: "backup key",
    summary: "Make an identity that opens backups",
    load: async () => (await import("./backup-key.ts")).backupKeyCommand,
  },
  {
    name: "import",
    summary: "Bring secrets here, from manifests or another cluster",
    load: async () => (await import("./import.ts")).importCommand,
  },
  {
    name: "export",
    summary: "Write secrets as manifests",
    load: async () => (await import("./export.ts")).exportCommand,
  },
  {
    name: "scan",
    summary: "Find what is wrong around the secrets of a cluster",
    load: async () => ofEachCluster((await import("./scan.ts")).scanCommand),
  },
  {
    name: "who-can",
    summary: "Say who can read a secret of a cluster, and by which path",
    load: async () => ofEachCluster((await import("./who-can.ts")).whoCanCommand),
  },
  {
    name: "who-did",
    summary: "Say who read a secret in fact, from audit logs",
    load: async () => (await import("./who-did.ts")).whoDidCommand,
  },
  {
    name: "what-can",
    summary: "Say which secrets somebody in a cluster can come to",
    load: async () => ofEachCluster((await import("./what-can.ts")).whatCanCommand),
  },
  {
    name: "path",
    summary: "Show the easiest path between two things in a cluster",
    load: async () => ofEachCluster((await import("./path.ts")).pathCommand),
  },
  {
    name: "what-if",
    summary: "Say who would gain or lose which secrets by a change",
    load: async () => await ofEachCluster((await import("./what-if.ts")).whatIfCommand),
  },
  {
    name: "choke",
    summary: "Say which one removal takes a secret from most readers",
    load: async () => await ofEachCluster((await import("./choke.ts")).chokeCommand),
  },
  {
    name: "unused",
    summary: "Find rights that nobody used, and the smaller roles that would do",
    load: async () => await ofEachCluster((await import("./unused.ts")).unusedCommand),
  },
  {
    name: "sight ci",
    summary: "Say for a pull request who gains which secrets",
    load: async () => (await import("./sight-ci.ts")).sightCiCommand,
  },
  {
    name: "sight collect",
    summary: "Make a dump of a cluster without values",
    load: async () => (await import("./sight-collect.ts")).sightCollectCommand,
  },
  {
    name: "sight role",
    summary: "Print a role for reading a cluster, with as few rights as possible",
    load: async () => (await import("./sight-role.ts")).sightRoleCommand,
  },
  {
    name: "audit who-read",
    summary: "Say who received the values of a secret, from what is on record",
    load: async () => (await import("./audit-who-read.ts")).auditWhoReadCommand,
  },
  {
    name: "audit by",
    summary: "List what a user did and received, from what is on record",
    load: async () => (await import("./audit-by.ts")).auditByCommand,
  },
  {
    name: "audit tail",
    summary: "Show what goes on record, as it happens",
    load: async () => (await import("./audit-tail.ts")).auditTailCommand,
  },
  {
    name: "adopt",
    summary: "Copy the Secrets of a cluster from its etcd",
    load: async () => (await import("./adopt.ts")).adoptCommand,
  },
  {
    name: "leave",
    summary: "Copy the Secrets of a cluster back to its etcd",
    load: async () => (await import("./leave.ts")).leaveCommand,
  },
  {
    name: "audit import",
    summary: "Send audit logs of a cluster to the server, as its webhook would",
    load: async () => (await import("./audit-import.ts")).auditImportCommand,
  },
  {
    name: "audit export",
    summary: "Print what is on record, as JSON lines",
    load: async () => (await import("./audit-export.ts")).auditExportCommand,
  },
  {
    name: "audit verify",
    summary: "Find what was removed from the audit log, or changed in it",
    load: async () => (await import("./audit-verify.ts")).auditVerifyCommand,
  },
  {
    name: "audit compare",
    summary: "Find what a receiver of audit records lost or changed",
    load: async () => (await import("./audit-compare.ts")).auditCompareCommand,
  },
  {
    name: "audit checkpoint",
    summary: "Sign how long the audit log is, to be kept elsewhere",
    load: async () => (await import("./audit-checkpoint.ts")).auditCheckpointCommand,
  },
  {
    name: "audit prune",
    summary: "Delete old entries of the audit log, which it signs",
    load: async () => (await import("./audit-prune.ts")).auditPruneCommand,
  },
  {
    name: "audit change-key",
    summary: "Have the audit log signed with a new key, which the former one signs",
    load: async () => (await import("./audit-change-key.ts")).auditChangeKeyCommand,
  },
  {
    name: "audit public-key",
    summary: "Print the key that the audit log is verified with",
    load: async () => (await import("./audit-public-key.ts")).auditPublicKeyCommand,
  },
  {
    name: "encryption init",
    summary: "Write a file EncryptionConfiguration with a new key",
    load: async () => (await import("./encryption-init.ts")).encryptionInitCommand,
  },
  {
    name: "encryption status",
    summary: "Show what is under which key, and which may be removed",
    load: async () => (await import("./encryption-status.ts")).encryptionStatusCommand,
  },
  {
    name: "encryption statement",
    summary: "Have it signed that nothing is left under a key",
    load: async () => (await import("./encryption-statement.ts")).encryptionStatementCommand,
  },
  {
    name: "encryption verify-statement",
    summary: "Verify such a statement, without the server",
    load: async () => (await import("./encryption-verify-statement.ts")).encryptionVerifyStatementCommand,
  },
  {
    name: "encryption defragment",
    summary: "Write the data file anew, without what was left behind in free space",
    load: async () => (await import("./encryption-defragment.ts")).encryptionDefragmentCommand,
  },
  {
    name: "encryption audit",
    summary: "Say what a cluster's etcd has in the clear, and what under which key",
    load: async () => (await import("./encryption-audit.ts")).encryptionAuditCommand,
  },
  {
    name: "access explain",
    summary: "Say whether somebody may do something with secrets, and why",
    load: async () => (await import("./access-explain.ts")).accessExplainCommand,
  },
  {
    name: "seal status",
    summary: "Say how the root key is kept, and against whom that does not protect",
    load: async () => (await import("./seal-status.ts")).sealStatusCommand,
  },
  {
    name: "seal change",
    summary: "Keep the root key in a file, under a passphrase or by a KMS plugin",
    load: async () => (await import("./seal-change.ts")).sealChangeCommand,
  },
  {
    name: "kms-plugin init",
    summary: "Make the key of a KMS plugin, with an escrow copy",
    load: async () => (await import("./kms-plugin-init.ts")).kmsPluginInitCommand,
  },
  {
    name: "kms-plugin serve",
    summary: "Serve keys to kube-apiserver, as a KMS v2 plugin",
    load: async () => (await import("./kms-plugin-serve.ts")).kmsPluginServeCommand,
  },
  {
    name: "kms-plugin rotate",
    summary: "Add a key to a KMS plugin, which writes from a moment on",
    load: async () => (await import("./kms-plugin-rotate.ts")).kmsPluginRotateCommand,
  },
  {
    name: "kms-plugin publish",
    summary: "Give the keys of a KMS plugin to a server that keeps them for all nodes",
    load: async () => (await import("./kms-plugin-publish.ts")).kmsPluginPublishCommand,
  },
  {
    name: "kms-plugin keys",
    summary: "Show the keys of a KMS plugin",
    load: async () => (await import("./kms-plugin-keys.ts")).kmsPluginKeysCommand,
  },
  {
    name: "kms-plugin remove",
    summary: "Remove a key of a KMS plugin that nothing needs any more",
    load: async () => (await import("./kms-plugin-remove.ts")).kmsPluginRemoveCommand,
  },
  {
    name: "kms-plugin status",
    summary: "Ask a KMS plugin whether it is well, as kube-apiserver does",
    load: async () => (await import("./kms-plugin-status.ts")).kmsPluginStatusCommand,
  },
  {
    name: "kms-plugin restore",
    summary: "Make the keys of a KMS plugin from an escrow copy",
    load: async () => (await import("./kms-plugin-restore.ts")).kmsPluginRestoreCommand,
  },
  {
    name: "version",
    summary: "Show the version",
    load: async () => (await import("./version.ts")).versionCommand,
  },
  {
    name: "help",
    summary: "Show help, of a command when one is named",
    load: async () => (await import("./help.ts")).helpCommand,
  },
];

/** The command for each cluster that is named. Loaded with it, since commands that need no cluster need not know. */
async function ofEachCluster(command: Command): Promise<Command> {
  return (await import("./per-cluster.ts")).perCluster(command);
}
