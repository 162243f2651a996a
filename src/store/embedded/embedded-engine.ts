import { timingSafeEqual } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { StrongroomError, isStrongroomError } from "../../errors/strongroom-error.ts";
import { systemClock } from "../clock.ts";
import type { Clock } from "../clock.ts";
import { LiveSetAccumulator, emptyLiveSet } from "../mvcc/live-set-digest.ts";
import type { IndexAuthenticator } from "../mvcc/live-set-digest.ts";
import { MvccStore, emptyState } from "../mvcc/mvcc-store.ts";
import type { MvccOptions } from "../mvcc/mvcc-store.ts";
import { retentionDefault } from "../mvcc/retention.ts";
import type { Retention } from "../mvcc/retention.ts";
import type { SupersededRecords } from "../mvcc/superseded.ts";
import type { RevisionTimes } from "../mvcc/revision-time.ts";
import type { StoreState } from "../mvcc/tables.ts";
import type { Store } from "../store.ts";
import type { WatchBuffer } from "../watch/watch-hub.ts";
import { dataFilePaths, endDefragmentation } from "./defragment.ts";
import type { FileNote } from "./defragment.ts";
import { acquireDirectoryLock } from "./directory-lock.ts";
import type { DirectoryLock } from "./directory-lock.ts";
import { checkDataFile, hasData, removeUnfinished } from "./data-file.ts";
import { searchFiles } from "./file-search.ts";
import type { FileSearch } from "./file-search.ts";
import { formats, migrateFormat, readFormat, writeFormat } from "./format-version.ts";
import type { Formats } from "./format-version.ts";
import type { LiveSetReport, LiveSetVerifier } from "./live-set-verifier.ts";
import { dataFile, openLmdbTables } from "./lmdb-tables.ts";
import type { LmdbTables } from "./lmdb-tables.ts";

export interface EmbeddedEngineOptions {
  /** Created (0700) when missing. Must be on a local disk: LMDB maps its file into memory. */
  readonly directory: string;
  /** What is not given is {@link retentionDefault}'s. */
  readonly retention?: Partial<Retention> | undefined;
  readonly clock?: Clock | undefined;
  readonly watchBuffer?: WatchBuffer | undefined;
  /** With it the store keeps an authenticated digest of its live set, from its first opening on. */
  readonly indexAuthenticator?: IndexAuthenticator | undefined;
  /** Told when work in the background failed. Default: a process warning. */
  readonly report?: ((error: unknown) => void) | undefined;
  /** The formats to accept; for tests of migration. */
  readonly formats?: Formats | undefined;
}

/** The embedded engine: a store, and what only it can do. */
export type EmbeddedEngine = Store & LiveSetVerifier & SupersededRecords & RevisionTimes & StoreFiles;

/** The ability of an engine to look at its files as bytes. */
export interface StoreFiles {
  /** Counts marks, as {@link searchFiles}, in everything that holds or held values. */
  searchFiles(common: Uint8Array, marks: readonly Buffer[]): Promise<FileSearch>;
  /** When the file was last written anew, from what the tables held; undefined when it never was. */
  fileNote(): FileNote | undefined;
}

/**
 * Opens the durable store in a directory, or makes one. A write is answered after it
 * is synced to the disk.
 *
 * Raises `unavailable` when another process uses the directory or it cannot be
 * written, `invalid` for a newer format or a missing authenticator, and `corrupt` for
 * damage; nothing is changed then.
 */
export async function openEmbeddedEngine(options: EmbeddedEngineOptions): Promise<EmbeddedEngine> {
  const { directory, indexAuthenticator: authenticator } = options;
  const known = options.formats ?? formats;
  makeDirectory(directory);
  readFormat(directory, known); // a newer one is not even locked
  const lock = acquireDirectoryLock(directory);
  try {
    const tables = await openTables(directory, known, authenticator);
    return new LmdbEngine(tables, directory, lock, {
      clock: options.clock ?? systemClock,
      retention: { ...retentionDefault, ...options.retention },
      watchBuffer: options.watchBuffer,
      indexAuthenticator: authenticator,
      report: options.report,
    });
  } catch (error) {
    lock.release();
    throw error;
  }
}

// The format is written last: a directory that has one has been a whole store, and must have its data.
async function openTables(
  directory: string,
  known: Formats,
  authenticator: IndexAuthenticator | undefined,
): Promise<LmdbTables> {
  const path = join(directory, dataFile);
  const format = readFormat(directory, known);
  if (format === undefined) removeUnfinished(path);
  else {
    endDefragmentation(path);
    if (!hasData(path)) throw new StrongroomError("corrupt", `the data directory ${directory} must have its data file`);
    await migrateFormat(directory, format, known);
  }
  if (hasData(path)) checkDataFile(path);
  const empty: StoreState = { ...emptyState, liveSet: authenticator && emptyLiveSet };
  const tables = await openLmdbTables({ directory, authenticator, empty });
  if (format !== undefined) return tables;
  if (tables.revision() > 0 || tables.countHeads("", undefined) > 0) {
    await tables.close();
    throw new StrongroomError("corrupt", `the data directory ${directory} must name the format of its data`);
  }
  writeFormat(directory, known.current);
  return tables;
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new StrongroomError("unavailable", `the data directory ${directory} must be one that can be made`, { cause });
  }
}

/** How often a verification starts over because compaction overtook it. */
const verifyAttemptsMax = 3;

class LmdbEngine extends MvccStore implements LiveSetVerifier, StoreFiles {
  readonly #directory: string;
  readonly #note: () => Uint8Array | undefined;
  readonly #lock: DirectoryLock;
  readonly #authenticator: IndexAuthenticator | undefined;

  constructor(tables: LmdbTables, directory: string, lock: DirectoryLock, options: MvccOptions) {
    super(tables, options);
    this.#directory = directory;
    this.#note = () => tables.fileNote();
    this.#lock = lock;
    this.#authenticator = options.indexAuthenticator;
  }

  async verifyLiveSet(): Promise<LiveSetReport> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#verify();
      } catch (error) {
        if (attempt === verifyAttemptsMax || !isStrongroomError(error, "compacted")) throw error;
      }
    }
  }

  searchFiles(common: Uint8Array, marks: readonly Buffer[]): Promise<FileSearch> {
    return searchFiles(dataFilePaths(this.#directory), common, marks);
  }

  fileNote(): FileNote | undefined {
    const note = this.#note();
    return note === undefined ? undefined : (JSON.parse(Buffer.from(note).toString("utf8")) as FileNote); // by defragment
  }

  override async close(): Promise<void> {
    try {
      await super.close();
    } finally {
      this.#lock.release();
    }
  }

  async #verify(): Promise<LiveSetReport> {
    const { revision, liveSet } = this.state;
    if (!this.#authenticator || !liveSet) {
      throw new StrongroomError("invalid", "a store must be opened with an authenticator to be verified");
    }
    const recomputed = new LiveSetAccumulator(this.#authenticator, emptyLiveSet);
    for await (const page of this.reader.pages("", undefined, Infinity, revision)) {
      for (const { key, head } of page) recomputed.add(key, head);
    }
    const { sum, keys } = recomputed.result();
    return { ok: keys === liveSet.keys && timingSafeEqual(sum, liveSet.sum), revision, keys };
  }
}
