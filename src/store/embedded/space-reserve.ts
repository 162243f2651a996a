/**
 * Space on the disk for the next commit, taken before LMDB is asked to write.
 *
 * A commit that LMDB cannot write for lack of space must fail cleanly. Its own
 * way to do so is not to be relied on: lmdb-js 3.5.6 composes the message of a
 * failed page write in a buffer that is too small (mdb.c, mdb_page_flush: 100 bytes for up
 * to 119), and the process ends in the allocator soon after. So the file is
 * extended here first, with zeros, past the last page that LMDB uses, and a
 * commit is refused when that fails. Extending writes each page of a growing file
 * twice, and saves LMDB's sync the journal entry for a grown file.
 *
 * On a disk that is full the file may still hold free pages, from history that was
 * compacted. Commits that only remove may use the last of the reserve to make some, and
 * puts go on as long as there are plenty.
 *
 * File systems that copy on write (btrfs, ZFS) need space for every write and may
 * still fail within LMDB.
 */
import { closeSync, fstatSync, openSync, rmSync, statSync, write, writeFileSync } from "node:fs";
import { promisify } from "node:util";

import type { Changes } from "../mvcc/tables.ts";

const writeAt = promisify(write);

/** Extended by at least so much, so that it is not done for every commit. */
const stepBytes = 1024 * 1024;
/** What every commit may need: inner pages of the trees, the list of free pages, the state. */
const commitBytes = 512 * 1024;
/** What puts leave to commits that only remove: enough for a step of compaction. */
const headroomBytes = 1536 * 1024;
/** Free pages are plenty from so many times what is needed: some are not free yet for readers, some lie apart. */
const plentyFactor = 4;
const pageBytes = 4096;
const zeros = Buffer.alloc(stepBytes);
/** LMDB's table of readers: 64 bytes for each of 126, and a header; a larger one has more slots. */
const lockBytes = 16_384;

/** Keeps the data file longer than what LMDB uses of it. */
export class SpaceReserve implements Disposable {
  readonly #file: number;

  /** Opens an existing file. */
  constructor(path: string) {
    this.#file = openSync(path, "r+");
  }

  /**
   * Makes sure that a commit can be written. `used` is how many bytes of the file LMDB
   * has used so far, `free` tells how many of them are free again. Must not run while
   * LMDB writes, which may extend the file itself. Raises what the file system
   * raises when there is no space.
   */
  async ensure(need: CommitSpace, used: number, free: () => number): Promise<void> {
    const wanted = used + need.bytes + (need.onlyRemoves ? 0 : headroomBytes);
    const { size } = fstatSync(this.#file);
    if (size >= wanted) return;
    try {
      await this.#extend(size, Math.max(wanted, size + stepBytes));
    } catch (error) {
      const reserved = fstatSync(this.#file).size - used;
      // The last bytes of a disk may be enough for this commit, if not for a whole step.
      const isEnough = used + reserved >= wanted;
      const isPlenty = free() >= plentyFactor * need.bytes && reserved >= commitBytes / 2 + need.contiguousBytes;
      if (!isEnough && !isPlenty) throw error;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  async #extend(from: number, to: number): Promise<void> {
    let position = from;
    while (position < to) {
      const { bytesWritten } = await writeAt(this.#file, zeros, 0, Math.min(zeros.length, to - position), position);
      position += bytesWritten;
    }
  }
}

/** What a commit may add to the data file. */
export interface CommitSpace {
  /** Upper bound, when none of it fits into free pages. */
  readonly bytes: number;
  /** The part of it that must lie together: values that have pages of their own. */
  readonly contiguousBytes: number;
  /** Whether it puts no record. */
  readonly onlyRemoves: boolean;
}

/** Estimates the space of a commit. */
export function spaceOf(changes: Changes): CommitSpace {
  let bytes = commitBytes;
  let contiguousBytes = 0;
  let onlyRemoves = true;
  let attached = 0;
  for (const keys of changes.ttlLeaseKeys.values()) attached += keys.size;
  // Keys in no order: each may touch a leaf of its own, and split it.
  bytes += 2 * pageBytes * (changes.heads.size + changes.graves.size + changes.ttlLeases.size + attached);
  for (const [, entry] of changes.log.entries()) bytes += entry ? 2 * (entry.key.length + 128) : pageBytes;
  for (const [, value] of changes.values.entries()) {
    bytes += value ? value.length + 2 * pageBytes : pageBytes;
    if (!value) continue;
    onlyRemoves = false;
    // LMDB gives a value more than half of a page pages of its own.
    if (value.length > pageBytes / 2 - 64) contiguousBytes += value.length + pageBytes;
  }
  return { bytes: bytes + pageBytes * changes.ticks.size, contiguousBytes, onlyRemoves };
}

/**
 * Makes room for LMDB to create or open its files, both of which end the process on a
 * full disk: a data file whose first pages cannot be written (SIGSEGV in
 * lmdb-js), and a lock file that is mapped but has no blocks (SIGBUS). The directory
 * must be locked. Raises what the file system raises.
 */
export function prepareFiles(dataPath: string): void {
  const lockPath = `${dataPath}-lock`;
  const lock = statSync(lockPath, { throwIfNoEntry: false });
  if (!lock || lock.size < lockBytes || lock.blocks * 512 < lock.size) {
    rmSync(lockPath, { force: true });
    writeFileSync(lockPath, zeros.subarray(0, lockBytes), { mode: 0o600 });
  }
  if (statSync(dataPath, { throwIfNoEntry: false })?.size) return;
  const trial = `${dataPath}-trial`;
  try {
    writeFileSync(trial, zeros);
    writeFileSync(trial, zeros, { flag: "a" });
  } finally {
    rmSync(trial, { force: true });
  }
}
