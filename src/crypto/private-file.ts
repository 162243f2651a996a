/**
 * Files that only their owner may read: root keys and kubeconfigs. A reader never
 * sees half of one: the text is written beside its place, synced, and then moved there.
 */
import { randomBytes } from "node:crypto";
import { link, mkdir, open, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";

import { StrongroomError } from "../errors/strongroom-error.ts";

const ownerOnlyFile = 0o600;
const ownerOnlyDirectory = 0o700;

/**
 * Creates a file with mode 0600 and syncs it and its directory. Missing directories are made with
 * mode 0700; existing ones are left as they are. Raises `already-exists` when there is anything at `path`. What a stream
 * raises is passed on, and nothing is left of it. A process that is killed leaves a file beside it, called `temporaryName` or by
 * chance.
 */
export async function createPrivateFile(
  path: string,
  content: string | AsyncIterable<Uint8Array>,
  temporaryName?: string,
): Promise<void> {
  await placePrivateFile({ path, content, temporaryName }, async (temporary) => {
    await link(temporary, path); // unlike rename, link refuses to replace what is there
    await unlink(temporary);
  });
}

/**
 * As {@link createPrivateFile}, but replaces a file that is there, atomically. A symbolic link
 * at `path` is itself replaced, not followed, so that nobody can redirect the write.
 */
export async function replacePrivateFile(path: string, content: string): Promise<void> {
  await placePrivateFile({ path, content }, (temporary) => rename(temporary, path));
}

interface PrivateFile {
  readonly path: string;
  readonly content: string | AsyncIterable<Uint8Array>;
  readonly temporaryName?: string | undefined;
}

async function placePrivateFile(
  { path, content, temporaryName = `.${randomBytes(8).toString("hex")}.tmp` }: PrivateFile,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, temporaryName);
  try {
    await mkdir(directory, { recursive: true, mode: ownerOnlyDirectory });
    await writeSynced(temporary, content);
    await place(temporary);
    await syncDirectory(directory);
  } catch (error) {
    await removeIfPresent(temporary);
    throw translate(error, path);
  }
}

async function writeSynced(path: string, content: string | AsyncIterable<Uint8Array>): Promise<void> {
  await using file = await open(path, "wx", ownerOnlyFile);
  await file.chmod(ownerOnlyFile); // a umask may have taken the owner's own bits
  if (typeof content === "string") await file.writeFile(content, "utf8");
  else for await (const chunk of content) await file.writeFile(chunk); // goes on where the one before ended
  await file.sync();
}

/** A new name is durable only once its directory is. */
async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, "r");
  await directory.sync();
}

async function removeIfPresent(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errorCodeOf(error) !== "ENOENT" && errorCodeOf(error) !== "ENOTDIR") throw error;
  });
}

function translate(error: unknown, path: string): unknown {
  const code = errorCodeOf(error);
  if (code === undefined) return error;
  if (code === "EEXIST" && error instanceof Error && "syscall" in error && error.syscall === "link") {
    return new StrongroomError("already-exists", `${path} must not exist yet: it is never replaced`, { cause: error });
  }
  return new StrongroomError("unavailable", `${path} must be writable (${code})`, { cause: error });
}

/** The code of a system error (`ENOENT`, ...), undefined for any other error. */
export function errorCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("errno" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
