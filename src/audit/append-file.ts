/**
 * A file that only grows: the few operations the audit log needs of the file
 * system, so that a test can make each of them fail.
 */
import { constants, statSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { StrongroomError } from "../errors/strongroom-error.ts";

export interface AppendFile {
  /** Length in bytes when it was opened. */
  readonly openedSize: number;
  /**
   * Writes all bytes at the end; resolves when they are on the disk, with all that was written before, and rejects after having
   * written some. With `sync: false` it may resolve when the system has them, which the end of the process does not undo.
   */
  append(bytes: Buffer, options?: { readonly sync: boolean }): Promise<void>;
  /** Cuts back to a length; resolves when that is on the disk. */
  truncate(size: number): Promise<void>;
  /** Whether the file is where it was opened, with that length: nobody removed it, replaced it, cut it or wrote to it. */
  isInPlace(size: number): boolean;
  close(): Promise<void>;
}

/** Opens and makes the files of a log. */
export interface AppendFiles {
  /**
   * Opens an existing file to append to; a wider mode is narrowed to 0600. Raises `invalid` for anything but a regular file,
   * because a device or a pipe cannot say when a record is durable.
   */
  open(path: string): Promise<AppendFile>;
  /** Makes a file that begins with `bytes`, durable with its name before it is there; replaces nothing. */
  create(path: string, bytes: Buffer): Promise<AppendFile>;
}

/** Audit logs name every secret and its readers: for the owner only. */
const ownerOnly = 0o600;
const appending = constants.O_RDWR | constants.O_APPEND;
// O_DSYNC: a write returns when it is on the disk. Writing and then syncing would be two journeys through the
// thread pool, each of which waits for the event loop: 1.0 instead of 0.6 ms for the records of 64 requests.
const appendingSynced = appending | constants.O_DSYNC;

/** Files of which each append is synced, whatever is asked for. */
export const appendFiles: AppendFiles = filesOpenedWith(appendingSynced);
/** Files that are synced where an append asks for it. */
export const bufferedAppendFiles: AppendFiles = filesOpenedWith(appending);

function filesOpenedWith(flags: number): AppendFiles {
  return { open: (path) => openFile(path, flags), create: (path, bytes) => createFile(path, bytes, flags) };
}

async function openFile(path: string, flags: number): Promise<AppendFile> {
  const handle = await open(path, flags);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new StrongroomError("invalid", `the audit log ${path} must be a regular file`);
    if ((stats.mode & 0o777) !== ownerOnly) await handle.chmod(ownerOnly);
    return new HandleFile(handle, path, { size: stats.size, inode: stats.ino, flags });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function createFile(path: string, bytes: Buffer, flags: number): Promise<AppendFile> {
  const unnamed = `${path}.new`;
  const handle = await open(unnamed, flags | constants.O_CREAT | constants.O_TRUNC, ownerOnly);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
    await rename(unnamed, path);
    await syncFolder(dirname(path));
    const { ino } = await handle.stat();
    return new HandleFile(handle, path, { size: bytes.length, inode: ino, flags });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Makes the name of a new or renamed file in the folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Whether a file system refused something for want of space. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}

class HandleFile implements AppendFile {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #inode: number;
  readonly #isSynced: boolean;
  readonly openedSize: number;

  constructor(
    handle: FileHandle,
    path: string,
    { size, inode, flags }: { readonly size: number; readonly inode: number; readonly flags: number },
  ) {
    this.#handle = handle;
    this.#path = path;
    this.#inode = inode;
    this.#isSynced = flags === appendingSynced;
    this.openedSize = size;
  }

  async append(bytes: Buffer, { sync } = { sync: true }): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      // A nearly full disk takes a part; the next turn then raises ENOSPC.
      const result = await this.#handle.write(bytes, written, bytes.length - written);
      written += result.bytesWritten;
    }
    if (sync && !this.#isSynced) await this.#handle.datasync();
  }

  async truncate(size: number): Promise<void> {
    await this.#handle.truncate(size);
    await this.#handle.datasync();
  }

  isInPlace(size: number): boolean {
    const stats = statSync(this.#path, { throwIfNoEntry: false });
    return stats !== undefined && stats.ino === this.#inode && stats.size === size;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
