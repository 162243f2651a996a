import { createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { BackupSummary } from "../backup/read-backup.ts";
import { backupKey, explainingBackups, openFlags } from "./backup-keys.ts";
import { readBackupFile } from "./backup-file.ts";
import { CommandFailure, usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { durationForm, parseDuration } from "./duration.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag, valueFlag } from "./flags.ts";
import { printable, printableJson } from "./printable.ts";
import { columns } from "./secret-source.ts";

export const publicKeyFlag = valueFlag(
  "public-key",
  "FILE",
  "The key that it must be signed with, as strongroom audit public-key prints it.",
);
const maxAgeFlag = valueFlag("max-age", "DURATION", "How old it may be: 26h. Older than that is a failure.");
const jsonFlag = switchFlag("json", "Print what is in it as JSON.");

/** `strongroom backup verify`. */
export const backupVerifyCommand: Command = {
  usage:
    "FILE|- [--identity FILE]... [--backup-passphrase-file FILE] [--public-key FILE] [--max-age DURATION] [--json]",
  examples: [
    { line: "strongroom backup verify today.age --identity backup.key", effect: "read and authenticate all of it" },
    {
      line: "strongroom backup verify today.age --identity backup.key --public-key audit.pem --max-age 26h",
      effect: "and that this server made it, since yesterday",
    },
  ],
  flags: [...openFlags, publicKeyFlag, maxAgeFlag, jsonFlag],
  notes: [
    "It decrypts every byte and writes none. What was changed, cut off or put elsewhere is named.",
    "A recipient is no secret, and whoever knows it can make a backup for it. With --public-key it must be one that the server made, and " +
      "with --max-age not one of long ago in the place of the last.",
    "Exit codes: 0 good, 1 damaged, too old or not signed by that key, 2 no backup, 3 the key does not open it.",
  ],
  operandsMax: 1,
  async run(invocation) {
    const { flags, output } = invocation;
    const maxAgeMs = readMaxAge(flags.one(maxAgeFlag));
    const publicKey = await readPublicKey(invocation);
    const file = await readBackupFile(invocation);
    const key = await backupKey(invocation);
    const { verifyBackup } = await import("../backup/read-backup.ts"); // not for its help, which is thereby quick
    const summary = await explainingBackups(() => verifyBackup({ file, key, publicKey }));
    requireYoung(summary, maxAgeMs);
    if (flags.has(jsonFlag)) output.print(printableJson({ ...summary.head, ...summary.manifest }));
    else for (const line of summaryLines(summary)) output.print(printable(line));
    return exitCodes.ok;
  },
};

function readMaxAge(written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  const maxAgeMs = parseDuration(written);
  if (maxAgeMs === undefined) throw usageError(`--max-age must be ${durationForm}`);
  return maxAgeMs;
}

function requireYoung({ head }: BackupSummary, maxAgeMs: number | undefined): void {
  if (maxAgeMs === undefined || Date.now() - Date.parse(head.created) <= maxAgeMs) return;
  throw new CommandFailure(`the backup must be younger than that, it was made at ${head.created}`, {
    exitCode: exitCodes.failure,
    advice: "It is whole. Look why no newer one came.",
  });
}

/** The key that the flag names: SubjectPublicKeyInfo, base64. */
export async function readPublicKey({ flags, environment }: Invocation): Promise<string | undefined> {
  const file = flags.one(publicKeyFlag);
  if (file === undefined) return undefined;
  const text = await readFile(resolve(environment.workingDirectory, file), "utf8");
  try {
    return createPublicKey(text).export({ format: "der", type: "spki" }).toString("base64");
  } catch (cause) {
    throw new CommandFailure("--public-key must name a file with a public key, as PEM", {
      exitCode: exitCodes.usage,
      cause,
    });
  }
}

/** What a backup is of, for people. */
export function summaryLines({ head, manifest }: BackupSummary): string[] {
  const rows = Object.entries(manifest.contents).map(([name, { records, bytes }]) => [
    name,
    String(records),
    String(bytes),
  ]);
  const signed = manifest.signature === undefined ? "not signed" : `signed by ${manifest.signature.publicKey}`;
  return [
    `Backup of instance ${head.instance}, made at ${head.created} by Strongroom ${head.productVersion}`,
    `Revision ${head.revision}, ${manifest.records} records, ${signed}`,
    "",
    ...columns([["CONTENT", "RECORDS", "BYTES"], ...rows]),
  ];
}
