/** The file that a command about backups is about: a path, or - for standard input and output. */
import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { resolve } from "node:path";
import { createPrivateFile } from "../crypto/private-file.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { usageError } from "./command-failure.ts";
import type { Invocation } from "./command.ts";

/** The operand. Raises a usage error when there is none. */
export function backupOperand({ operands }: Invocation): string {
  const [file] = operands;
  if (file !== undefined) return file;
  throw usageError("the file of the backup must be named, or - for a pipe");
}

/** Opens it, so that one that is not there is told of before anything is asked for, and reads it once. */
export async function readBackupFile(invocation: Invocation): Promise<AsyncIterable<Uint8Array>> {
  const file = backupOperand(invocation);
  if (file === "-") return process.stdin;
  return chunksOf(await open(resolve(invocation.environment.workingDirectory, file)));
}

async function* chunksOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

const chunkBytes = 256 * 1024;

/**
 * Writes it: a new file that only its owner may read, whole or not at all. Raises `already-exists`, `unavailable` (no space), and what
 * the pieces raise.
 */
export async function writeBackupFile(invocation: Invocation, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const file = backupOperand(invocation);
  if (file !== "-") {
    await createPrivateFile(resolve(invocation.environment.workingDirectory, file), pieces);
    return;
  }
  await pipeline(pieces, process.stdout, { end: false });
}

/** Raises, before anything is read, where a backup would be written to a terminal or over another file. */
export function requireWritable(invocation: Invocation): void {
  const file = backupOperand(invocation);
  if (file === "-") {
    if (!process.stdout.isTTY) return;
    throw usageError("standard output must be a file or a pipe, a backup is no text");
  }
  const path = resolve(invocation.environment.workingDirectory, file);
  if (existsSync(path)) throw new StrongroomError("already-exists", `${path} must not exist yet: it is never replaced`);
}
