/**
 * A file that only grows: the few operations the audit log needs of the file
 * system, so that a test can make each of them fail.
 */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { StrongroomError } from "../errors/strongroom-error.ts";

export interface AppendFile {
  /** Length in bytes when it was opened. */
  readonly openedSize: number;
  /** Whether the file ends in the middle of a line. */
  readonly tornTail: boolean;
  /** Writes all bytes at the end; resolves when they are on the disk, rejects after having written some. */
  append(bytes: Buffer): Promise<void>;
  /** Cuts back to a length; resolves when that is on the disk. */
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

/** Audit logs name every secret and its readers: for the owner only. */
const ownerOnly = 0o600;
const newline = 0x0a;

/**
 * Opens, or creates, a file to append to; a wider mode is narrowed to 0600. Raises
 * `invalid` for anything but a regular file, because a device or a pipe cannot say
 * when a record is durable.
 */
export async function openAppendFile(path: string): Promise<AppendFile> {
  // O_DSYNC: a write returns when it is on the disk. Writing and then syncing would be two journeys through the
  // thread pool, each of which waits for the event loop: 1.0 instead of 0.6 ms for the records of 64 requests.
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_DSYNC;
  const handle = await open(path, flags, ownerOnly);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new StrongroomError("invalid", `the audit log ${path} must be a regular file`);
    if ((stats.mode & 0o777) !== ownerOnly) await handle.chmod(ownerOnly);
    await syncFolder(dirname(path));
    return new HandleFile(handle, stats.size, await endsTorn(handle, stats.size));
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

async function endsTorn(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== newline;
}

class HandleFile implements AppendFile {
  readonly #handle: FileHandle;
  readonly openedSize: number;
  readonly tornTail: boolean;

  constructor(handle: FileHandle, openedSize: number, tornTail: boolean) {
    this.#handle = handle;
    this.openedSize = openedSize;
    this.tornTail = tornTail;
  }

  async append(bytes: Buffer): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      // A nearly full disk takes a part; the next turn then raises ENOSPC.
      const result = await this.#handle.write(bytes, written, bytes.length - written);
      written += result.bytesWritten;
    }
  }

  async truncate(size: number): Promise<void> {
    await this.#handle.truncate(size);
    await this.#handle.datasync();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
