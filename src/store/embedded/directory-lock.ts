import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { StrongroomError } from "../../errors/strongroom-error.ts";

const lockFile = "lock";
/** SQLite's result code for "somebody else holds the lock". */
const sqliteBusy = 5;

/** The right to use a data directory; held until released, or until the process ends in any way. */
export interface DirectoryLock extends Disposable {
  /** Idempotent. */
  release(): void;
}

/**
 * Takes the lock of a data directory. Raises `unavailable` when another process, or
 * another holder in this one, has it. The directory must exist.
 *
 * Node has no file locks of its own, but the SQLite in it has: an exclusive transaction
 * on an (always empty) database file is a POSIX record lock that the kernel
 * drops with the process, so that no stale lock is left after kill -9. LMDB's own lock
 * file does not exclude: it lets processes share.
 */
export function acquireDirectoryLock(directory: string): DirectoryLock {
  const path = join(directory, lockFile);
  // SQLite would create it readable for everybody.
  if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
  const database = new DatabaseSync(path);
  try {
    // In memory, because a journal file would be a write, and the disk may be full.
    database.exec("PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    throw lockError(directory, error);
  }
  const release = (): void => {
    if (database.isOpen) database.close();
  };
  return { release, [Symbol.dispose]: release };
}

function lockError(directory: string, cause: unknown): StrongroomError {
  const isHeld = cause instanceof Error && "errcode" in cause && cause.errcode === sqliteBusy;
  const message = isHeld
    ? `the data directory ${directory} must be used by one process at a time; another server is using it: stop that one, or name another directory`
    : `the data directory ${directory} must allow file locks`;
  return new StrongroomError("unavailable", message, { cause });
}
