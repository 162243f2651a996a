/** The file of LMDB: how it is opened, and how much of it is used. */
import { join } from "node:path";
import { open } from "lmdb";
import type { RootDatabase } from "lmdb";
import { openError } from "./lmdb-error.ts";
import type { TableStats } from "./lmdb-table.ts";
import { prepareFiles } from "./space-reserve.ts";

/**
 * Address space, not memory or disk: one mapping for as long as the file fits, and
 * LMDB (as lmdb-js builds it) maps more when it does not.
 */
const mapBytes = 64 * 1024 ** 3;

/** Opens, or creates, a data file of a directory that the caller has locked. Raises `corrupt`, `unavailable`. */
export function openRoot(directory: string, file: string): RootDatabase<Buffer, string> {
  try {
    prepareFiles(join(directory, file));
    const options = {
      path: join(directory, file),
      noSubdir: true,
      overlappingSync: false,
      // Every write is in a batch anyway; with batching by turns the library makes a second promise
      // for each commit, which nobody holds, and its rejection on a full disk would end the process.
      eventTurnBatching: false,
      mapSize: mapBytes,
      maxDbs: 8,
      encoding: "binary",
      permissionsMode: 0o600, // of the files it creates; not in the library's types
    } as const;
    return open<Buffer, string>(options);
  } catch (error) {
    throw openError(directory, error);
  }
}

/** Up to the last page that any commit used. */
export function usedBytes(root: RootDatabase): number {
  const { lastPageNumber, root: main } = statsOf(root);
  return (lastPageNumber + 1) * main.pageSize;
}

/** Counts of pages, as LMDB keeps them: none is taken by walking. */
export function statsOf(root: RootDatabase): EnvironmentStats {
  return root.getStats() as EnvironmentStats; // untyped in the library
}

interface EnvironmentStats extends TableStats {
  readonly lastPageNumber: number;
  /** Of the table of tables. */
  readonly root: TableStats;
  /** Of the table of free pages. */
  readonly free: TableStats;
}
