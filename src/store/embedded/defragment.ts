/**
 * Writes the data file anew, from its tables alone, and puts it in the place of the former one, which is overwritten with zeros. So
 * nothing is in it but what the tables hold: LMDB leaves what was removed or replaced in free pages, and in gaps of others, until
 * something else is put there, and a file does not shrink. etcd has the same under the same name.
 *
 *     data.mdb-anew    written, synced
 *     data.mdb-former  a second name of data.mdb
 *     data.mdb-anew -> data.mdb    from here on the new one holds
 *     data.mdb-former  overwritten, removed
 *
 * A crash leaves a whole file at every step; the next opening ends what was begun ({@link endDefragmentation}).
 */
import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { RootDatabase } from "lmdb";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { acquireDirectoryLock } from "./directory-lock.ts";
import { checkDataFile } from "./data-file.ts";
import { readFormat, syncDirectory } from "./format-version.ts";
import { commitError } from "./lmdb-error.ts";
import { openRoot, usedBytes } from "./lmdb-root.ts";
import { dataFile, fileNoteKey, stateKey } from "./lmdb-tables.ts";
import { SpaceReserve } from "./space-reserve.ts";
import { readCount } from "./table-codec.ts";

/** What a defragmented file says of itself, in its table `meta`. */
export interface FileNote {
  readonly writtenAt: string;
  /** Of the store at that time. */
  readonly revision: number;
  /** How many values it took over, by what `kindOf` said of each. */
  readonly kinds: Readonly<Record<string, number>>;
}

const anewSuffix = "-anew";
const formerSuffix = "-former";
/** What is written at once. */
const batchEntries = 1000;
const batchBytes = 4 * 1024 * 1024;
/** What a batch may add beside its entries: inner pages, the list of free pages. */
const batchOverheadBytes = 1024 * 1024;
const pageBytes = 4096;
const zeros = Buffer.alloc(1024 * 1024);

export interface Defragmentation {
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly note: FileNote;
}

export interface DefragmentOptions {
  /** Of a store. */
  readonly directory: string;
  /** A name for what a value is, to be noted in the new file. */
  readonly kindOf: (value: Uint8Array) => string;
  readonly now: () => Date;
  /** For tests: told of each step before it is done. */
  readonly onStep?: ((step: DefragmentStep) => void) | undefined;
}

export type DefragmentStep = "copy" | "note" | "link" | "rename" | "overwrite" | "remove";

/** Raises `unavailable` while another process has the store or the disk has no space, `corrupt` for no store. Reads no key. */
export async function defragment(options: DefragmentOptions): Promise<Defragmentation> {
  const { directory, onStep = () => {} } = options;
  const path = join(directory, dataFile);
  if (readFormat(directory) === undefined)
    throw new StrongroomError("not-found", `the directory ${directory} must be that of a store`);
  using _lock = acquireDirectoryLock(directory);
  endDefragmentation(path);
  checkDataFile(path);
  const bytesBefore = statSync(path).size;
  onStep("copy");
  const note = await writeAnew(path, options).catch((error: unknown) => {
    removeAnew(path);
    throw error;
  });
  takeOver(path);
  onStep("link");
  linkSync(path, path + formerSuffix);
  syncDirectory(directory);
  onStep("rename");
  renameSync(path + anewSuffix, path);
  syncDirectory(directory);
  removeAnew(path); // its lock file
  rmSync(`${path}-lock`, { force: true }); // has readers of the former file
  onStep("overwrite");
  overwrite(path + formerSuffix);
  onStep("remove");
  rmSync(path + formerSuffix);
  syncDirectory(directory);
  return { bytesBefore, bytesAfter: statSync(path).size, note };
}

/**
 * Every file of a store that values can be in. Not its lock files: POSIX locks of a process on a file end when it closes any descriptor
 * of that file, and whoever read them would unlock the store.
 */
export function dataFilePaths(directory: string): readonly string[] {
  return ["", anewSuffix, formerSuffix].map((suffix) => join(directory, dataFile + suffix));
}

/** Ends what a crash cut off; the directory must be locked. */
export function endDefragmentation(path: string): void {
  removeAnew(path);
  const former = path + formerSuffix;
  if (!existsSync(former)) return;
  // Before the new file took its name, both are names of the same file.
  if (!existsSync(path) || statSync(former).ino === statSync(path).ino) {
    if (!existsSync(path)) linkSync(former, path);
  } else {
    // A crash may have come before that of the new name: without it, the power going now would leave that name to zeros.
    syncDirectory(dirname(path));
    overwrite(former);
  }
  rmSync(former);
}

/** The new file is whose the former one was: an administrator may do this, and the server runs as somebody else. */
function takeOver(path: string): void {
  const { uid, gid } = statSync(path);
  const anew = statSync(path + anewSuffix);
  if (anew.uid !== uid || anew.gid !== gid) chownSync(path + anewSuffix, uid, gid);
}

function removeAnew(path: string): void {
  for (const each of ["", "-lock", "-trial"]) rmSync(path + anewSuffix + each, { force: true });
}

function overwrite(path: string): void {
  const file = openSync(path, "r+");
  try {
    const { size } = statSync(path);
    for (let at = 0; at < size;) at += writeSync(file, zeros, 0, Math.min(zeros.length, size - at), at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

async function writeAnew(path: string, { kindOf, now, directory, onStep }: DefragmentOptions): Promise<FileNote> {
  await using from = opened(directory, dataFile);
  await using to = opened(directory, dataFile + anewSuffix);
  using reserve = new SpaceReserve(path + anewSuffix);
  const writing = { root: to.root, reserve, directory };
  const kinds = new Map<string, number>();
  for (const name of from.root.getKeys()) {
    for (const page of pagesOf(openTable(from.root, name))) {
      if (name === "values") for (const { value } of page) count(kinds, kindOf(value));
      await write(writing, name, page);
    }
  }
  onStep?.("note");
  const state = openTable(from.root, "meta").get(Buffer.from(stateKey));
  if (state === undefined) throw new StrongroomError("corrupt", "a store must have a state");
  const revision = readCount(state, 0); // state-codec.ts
  const note = { writtenAt: now().toISOString(), revision, kinds: Object.fromEntries(kinds) };
  await write(writing, "meta", [{ key: Buffer.from(fileNoteKey), value: Buffer.from(JSON.stringify(note)) }]);
  return note;
}

interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** The part of an lmdb-js database that is used here: keys and values as the file has them. */
interface RawTable {
  get(key: Buffer): Buffer | undefined;
  getRange(interval: { readonly start?: Buffer; readonly limit: number }): Iterable<Entry>;
  put(key: Buffer, value: Buffer): unknown;
}

interface Writing {
  readonly root: RootDatabase<Buffer, string>;
  readonly reserve: SpaceReserve;
  readonly directory: string;
}

function opened(directory: string, file: string) {
  const root = openRoot(directory, file);
  return { root, [Symbol.asyncDispose]: () => root.close() };
}

function openTable(root: RootDatabase<Buffer, string>, name: string): RawTable {
  const table = { name, keyEncoding: "binary", encoding: "binary" } as const;
  return root.openDB<Buffer, Buffer>(table) as unknown as RawTable; // the encodings make keys and values these
}

/** Everything in order of keys. Each page is read in one turn, so that no cursor is open while others run. */
function* pagesOf(table: RawTable): Generator<readonly Entry[]> {
  for (let after: Buffer | undefined; ;) {
    const page: Entry[] = [];
    let bytes = 0;
    const interval = { limit: batchEntries + 1, ...(after !== undefined && { start: after }) };
    for (const { key, value } of table.getRange(interval)) {
      if (after?.equals(key) === true) continue;
      page.push({ key, value });
      bytes += value.length;
      if (bytes > batchBytes) break;
    }
    if (page.length === 0) return;
    after = page.at(-1)?.key;
    yield page;
  }
}

async function write({ root, reserve, directory }: Writing, name: string, page: readonly Entry[]): Promise<void> {
  const values = page.reduce((sum, { key, value }) => sum + key.length + value.length + 2 * pageBytes, 0);
  const space = { bytes: values + batchOverheadBytes, contiguousBytes: 0, onlyRemoves: true };
  try {
    await reserve.ensure(space, usedBytes(root), () => 0);
    const table = openTable(root, name);
    await root.batch(() => {
      for (const { key, value } of page) table.put(key, value);
    });
  } catch (cause) {
    throw (await commitError(directory, cause)).error;
  }
}

function count(kinds: Map<string, number>, kind: string): void {
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
}
