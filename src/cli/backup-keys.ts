/** For whom a backup is made, and what opens one: the same flags for each command about backups. Secrets come from files or a prompt. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { BackupKey, BackupLock } from "../backup/age-file.ts";
import { BackupError } from "../backup/backup-error.ts";
import { Redacted } from "../crypto/redacted.ts";
import { CommandFailure, usageError } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { repeatableFlag, valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { promptForPassphrase } from "./prompt.ts";

export const recipientFlag = repeatableFlag(
  "recipient",
  "AGE1...",
  "Somebody who can open the backup, by their age recipient. Repeatable.",
);
export const recipientsFileFlag = valueFlag("recipients-file", "FILE", "Recipients, one a line; # begins a comment.");
export const backupPassphraseFileFlag = valueFlag(
  "backup-passphrase-file",
  "FILE",
  "The backup is for the passphrase in this file; /dev/fd/N for one that is handed over as a descriptor.",
);
export const identityFlag = repeatableFlag(
  "identity",
  "FILE",
  "A file of age identities (AGE-SECRET-KEY-1...): what opens a backup for a recipient. Repeatable.",
);

export const lockFlags: readonly Flag[] = [recipientFlag, recipientsFileFlag, backupPassphraseFileFlag];
export const openFlags: readonly Flag[] = [identityFlag, backupPassphraseFileFlag];

/** For whom the flags say that a backup is; without any, for a passphrase that is asked for. */
export async function backupLock(invocation: Invocation): Promise<BackupLock> {
  const { flags } = invocation;
  const file = flags.one(recipientsFileFlag);
  const listed = file === undefined ? [] : lines(await readText(invocation, file));
  const recipients = [...(flags.many(recipientFlag) ?? []), ...listed];
  const passphraseFile = flags.one(backupPassphraseFileFlag);
  const isForRecipients = recipients.length > 0 || file !== undefined;
  if (isForRecipients && passphraseFile !== undefined) {
    throw usageError("a backup must be for recipients or for a passphrase, not for both");
  }
  if (isForRecipients) return { type: "recipients", recipients };
  if (passphraseFile !== undefined) {
    return { type: "passphrase", passphrase: await readPassphrase(invocation, passphraseFile) };
  }
  const passphrase = await promptForPassphrase(invocation.output, "Passphrase of the backup: ", whoIsItFor);
  const again = await promptForPassphrase(invocation.output, "The same again: ", whoIsItFor);
  if (passphrase.reveal() !== again.reveal()) throw usageError("the passphrase must be the same both times");
  return { type: "passphrase", passphrase };
}

const whoIsItFor =
  "Name a recipient with --recipient (strongroom backup key makes one), or a file with --backup-passphrase-file.";

/** What the flags say that opens a backup; without any, a passphrase that is asked for. */
export async function backupKey(invocation: Invocation): Promise<BackupKey> {
  const { flags } = invocation;
  const files = flags.many(identityFlag);
  const passphraseFile = flags.one(backupPassphraseFileFlag);
  if (files !== undefined && passphraseFile !== undefined) {
    throw usageError("a backup must be opened with identities or with a passphrase, not with both");
  }
  if (files !== undefined) {
    const texts = await Promise.all(files.map((file) => readText(invocation, file)));
    const identities = texts.flatMap(lines);
    if (identities.length === 0) throw usageError("--identity must name a file with an age identity in it");
    return { type: "identities", identities: new Redacted(identities) };
  }
  if (passphraseFile !== undefined) {
    return { type: "passphrase", passphrase: await readPassphrase(invocation, passphraseFile) };
  }
  const advice = "Name a file with --identity or with --backup-passphrase-file.";
  return {
    type: "passphrase",
    passphrase: await promptForPassphrase(invocation.output, "Passphrase of the backup: ", advice),
  };
}

/** The passphrase is the file without its last line end. */
async function readPassphrase(invocation: Invocation, file: string): Promise<Redacted<string>> {
  return new Redacted((await readText(invocation, file)).replace(/\r?\n$/, ""));
}

function readText({ environment }: Invocation, file: string): Promise<string> {
  return readFile(resolve(environment.workingDirectory, file), "utf8");
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Does something with a backup; what is wrong with that is told with what to do about it. */
export async function explainingBackups<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    const explanation = error.code === "sealed" ? wrongKey : error.code === "corrupt" ? damaged : notABackup;
    throw new CommandFailure(error.message, { ...explanation, cause: error });
  }
}

const wrongKey = {
  exitCode: exitCodes.sealed,
  advice: "Nothing was changed. Name the right file with --identity or --backup-passphrase-file.",
};
const damaged = { exitCode: exitCodes.failure, advice: "Nothing was changed. Fetch it again, or take another backup." };
const notABackup = {
  exitCode: exitCodes.usage,
  advice: "Nothing was changed. Correct that and run the command again.",
};
