/** The flags that commands about a KMS plugin share, and what they mean. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { readPassphraseFile } from "../crypto/passphrase-file.ts";
import type { EscrowLock } from "../delivery/kms-plugin/escrow.ts";
import type { Escrow, KeyFolder } from "../delivery/kms-plugin/manage-keys.ts";
import { CommandFailure, usageError } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { repeatableFlag, valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";

export const folderFlag = valueFlag(
  "dir",
  "DIR",
  "The folder of the plugin: its sealed keys and its records. Default: /etc/strongroom-kms.",
);
export const sealPassphraseFlag = valueFlag(
  "passphrase-file",
  "FILE",
  "The passphrase that the keys are sealed with, in a file for its owner only; such as a credential of systemd.",
);
export const socketFlag = valueFlag(
  "socket",
  "PATH",
  "The unix socket that kube-apiserver asks. Default: /run/strongroom-kms/kms.sock.",
);
export const escrowFlag = valueFlag(
  "escrow",
  "FILE",
  "Where the escrow copy of the keys goes, to be kept away from this machine. It must not exist yet.",
);
export const escrowRecipientFlag = repeatableFlag(
  "escrow-recipient",
  "RECIPIENT",
  "Who can open the escrow copy: a recipient of age (age1...). Repeatable; each can open it alone.",
);
export const escrowPassphraseFlag = valueFlag(
  "escrow-passphrase-file",
  "FILE",
  "The escrow copy is for whoever knows the passphrase in this file, and for no recipient.",
);

const folderDefault = "/etc/strongroom-kms";
const socketDefault = "/run/strongroom-kms/kms.sock";

export function readFolder(invocation: Pick<Invocation, "flags" | "environment">): string {
  return pathOf(invocation, folderFlag) ?? folderDefault;
}

export function readSocket(invocation: Pick<Invocation, "flags" | "environment">): string {
  return pathOf(invocation, socketFlag) ?? socketDefault;
}

/** The path of the passphrase, which must be given. */
export function readPassphrasePath(invocation: Pick<Invocation, "flags" | "environment">): string {
  const path = pathOf(invocation, sealPassphraseFlag);
  if (path !== undefined) return path;
  throw usageError("--passphrase-file must name the file of the passphrase that the keys are sealed with");
}

/** The folder and its passphrase, for a change of the keys. */
export async function readKeyFolder(invocation: Invocation): Promise<KeyFolder> {
  const { readLocalPassphrase } = await import("../delivery/kms-plugin/plugin-folder.ts");
  const path = readPassphrasePath(invocation);
  return { folder: readFolder(invocation), passphrase: await readLocalPassphrase(path) };
}

/** Where the escrow copy goes and for whom; `known` are recipients that count where none is named. */
export async function readEscrow(invocation: Invocation, known: readonly string[] = []): Promise<Escrow> {
  const path = pathOf(invocation, escrowFlag);
  if (path === undefined) {
    throw usageError(
      "--escrow must name the file of an escrow copy: without one, the loss of this machine is the loss of everything encrypted",
    );
  }
  return { path, lock: await readLock(invocation, known) };
}

async function readLock(invocation: Invocation, known: readonly string[]): Promise<EscrowLock> {
  const recipients = invocation.flags.many(escrowRecipientFlag);
  const passphraseFile = pathOf(invocation, escrowPassphraseFlag);
  if (recipients !== undefined && passphraseFile !== undefined)
    throw usageError("an escrow copy must be for recipients or for a passphrase, not for both");
  if (passphraseFile !== undefined) return { type: "passphrase", passphrase: await readPassphraseFile(passphraseFile) };
  const chosen = recipients ?? known;
  if (chosen.length > 0) return { type: "recipients", recipients: chosen };
  throw usageError(
    "--escrow-recipient or --escrow-passphrase-file must say who can open the escrow copy",
    "age-keygen makes a recipient; keep its identity where the escrow copy is not.",
  );
}

/** The absolute path that a flag names. */
export function pathOf({ flags, environment }: Pick<Invocation, "flags" | "environment">, flag: Flag) {
  const value = flags.one(flag);
  return value === undefined ? undefined : resolve(environment.workingDirectory, value);
}

/** The text of a file that was named. */
export async function readNamedFile(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new CommandFailure(`${what} ${path} must be readable`, { exitCode: exitCodes.usage, cause });
  }
}
