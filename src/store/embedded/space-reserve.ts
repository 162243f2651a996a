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
 * File systems that copy on write (btrfs, ZFS) need space for every write and may
 * still fail within LMDB.
 */
import { closeSync, fstatSync, openSync, write } from "node:fs";
import { promisify } from "node:util";

import type { Changes } from "../mvcc/tables.ts";

const writeAt = promisify(write);

/** Extended by at least so much, so that it is not done for every commit. */
const stepBytes = 1024 * 1024;
/** What every commit may need: inner pages of the trees, the list of free pages, the state. */
const commitBytes = 512 * 1024;
const pageBytes = 4096;
const zeros = Buffer.alloc(stepBytes);

/** Keeps the data file longer than what LMDB uses of it. */
export class SpaceReserve implements Disposable {
  readonly #file: number;

  /** Opens an existing file. */
  constructor(path: string) {
    this.#file = openSync(path, "r+");
  }

  /**
   * Makes sure that `bytes` can be written past `used`, both in bytes. Must not run
   * while LMDB writes, which may extend the file itself. Raises what the file system
   * raises when there is no space.
   */
  async ensure(used: number, bytes: number): Promise<void> {
    const { size } = fstatSync(this.#file);
    if (size >= used + bytes) return;
    try {
      await this.#extend(size, Math.max(used + bytes, size + stepBytes));
    } catch (error) {
      // The last bytes of a disk may be enough for this commit, if not for a whole step.
      if (fstatSync(this.#file).size < used + bytes) throw error;
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

/** Upper bound of what a commit adds to the file, when none of it fits into free pages. */
export function commitBytesMax(changes: Changes): number {
  let bytes = commitBytes;
  // Keys in no order: each may touch a leaf of its own, and split it.
  let attached = 0;
  for (const keys of changes.ttlLeaseKeys.values()) attached += keys.size;
  bytes += 2 * pageBytes * (changes.heads.size + changes.graves.size + changes.ttlLeases.size + attached);
  for (const [, entry] of changes.log.entries()) bytes += entry ? 2 * (entry.key.length + 128) : pageBytes;
  for (const [, value] of changes.values.entries()) bytes += value ? value.length + 2 * pageBytes : pageBytes;
  return bytes + pageBytes * changes.ticks.size;
}
