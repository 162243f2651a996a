import { randomBytes } from "node:crypto";
import { BoltFile } from "./bolt/bolt-file.ts";
import type { Bucket } from "./bolt/bolt-file.ts";
import type { LeafPage } from "./bolt/leaf-page.ts";
import { fileFault } from "./file-fault.ts";
import { KeySet } from "./key-set.ts";
import { decodeKeyValue } from "./key-value.ts";
import type { KeyValue } from "./key-value.ts";
import { ReadOnlyFile } from "./read-only-file.ts";
import { databaseExtent, verifyTrailingHash } from "./trailing-hash.ts";

/** A key as it is, or as it was. Key and value are views that hold until the next one is taken. */
export interface StoredRevision {
  readonly key: Buffer;
  /** Empty for a deletion. */
  readonly value: Buffer;
  /** The revision of the write, and how many writes its transaction had before it. */
  readonly modRevision: number;
  readonly subRevision: number;
  readonly createRevision: number;
  readonly isDeletion: boolean;
  /** Whether nothing was done to the key after it. */
  readonly isCurrent: boolean;
}

/** How much of the file is what. */
export interface PageCounts {
  readonly total: number;
  readonly pageSizeBytes: number;
  /** Of the trees of all buckets, and two of meta. */
  readonly reached: number;
  /** Free, or the list of what is free: bytes of former pages may still be in them ({@link EtcdSnapshot.freeBytes}). */
  readonly unreached: number;
}

/**
 * What an etcd holds, from the file that `etcdctl snapshot save` wrote, or from the database of a member that does not run. Memory is a page
 * for each level of the tree and some 16 bytes for each key.
 *
 *     using snapshot = EtcdSnapshot.open("etcd.db");
 *     for (const { key, value, modRevision } of snapshot.current()) { ... }
 *
 * Everything that is read is checked; the file may be anybody's. Raises `invalid`, with the page, for what is no such file, was cut, changed, or
 * is written to meanwhile.
 */
export class EtcdSnapshot implements Disposable {
  readonly sizeBytes: number;
  /** Whether a hash followed the database; it was verified then. */
  readonly hasHash: boolean;
  readonly #file: ReadOnlyFile;
  readonly #bolt: BoltFile;

  private constructor(file: ReadOnlyFile) {
    const extent = databaseExtent(file);
    this.#file = file;
    this.#bolt = new BoltFile(file, extent.databaseBytes);
    if (extent.hasHash) verifyTrailingHash(file, extent);
    this.sizeBytes = file.sizeBytes;
    this.hasHash = extent.hasHash;
  }

  /** Opens a file, and reads it once if it has a hash. */
  static open(path: string): EtcdSnapshot {
    const file = new ReadOnlyFile(path);
    try {
      return new EtcdSnapshot(file);
    } catch (error) {
      file[Symbol.dispose]();
      throw error;
    }
  }

  /** The pages that were reached so far: all there are, after {@link revisions} has ended. */
  get pages(): PageCounts {
    const { pageCount: total, pageSizeBytes } = this.#bolt.meta;
    const reached = this.#bolt.reached.size + 2;
    return { total, pageSizeBytes, reached, unreached: total - reached };
  }

  /** Every revision in the file, from the newest to the oldest. To be called once. */
  *revisions(): Generator<StoredRevision> {
    const buckets = this.#bolt.buckets();
    const keys = buckets.get("key");
    if (keys === undefined)
      throw fileFault("the file", "have a bucket key, as the database of an etcd of version 3 has");
    const seen = new KeySet(randomBytes(4).readUInt32LE());
    for (const leaf of this.#bolt.leavesFromLast(keys)) {
      for (let index = leaf.count - 1; index >= 0; index--) yield readRevision(leaf, index, seen);
    }
    for (const bucket of buckets.values()) if (bucket !== keys) this.#passOver(bucket);
    this.#bolt.assertUnchanged();
  }

  /** Every key that is there, with its value. To be called instead of {@link revisions}. */
  *current(): Generator<StoredRevision> {
    for (const revision of this.revisions()) if (revision.isCurrent && !revision.isDeletion) yield revision;
  }

  /**
   * The bytes of free pages, in no form: what was deleted, superseded or only moved, as far as nothing was written over it. To be called after
   * {@link revisions} has ended. A piece, of 1 MiB at most, holds until the next one is taken.
   */
  *freeBytes(): Generator<Buffer> {
    yield* this.#bolt.unreached();
    this.#bolt.assertUnchanged();
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  /** So that what no tree reaches is known, and that all trees are sound. */
  #passOver(bucket: Bucket): void {
    for (const leaf of this.#bolt.leavesFromLast(bucket)) void leaf;
  }
}

const revisionBytes = 17;
const deletionMark = "t".charCodeAt(0);
const separator = "_".charCodeAt(0);

/**
 * The key of a revision is its number, `_` and the number within its transaction, each 8 bytes and big-endian, and `t` for a deletion.
 * Source: etcd-io/etcd server/storage/mvcc/revision.go.
 */
function readRevision(leaf: LeafPage, index: number, seen: KeySet): StoredRevision {
  const name = leaf.key(index);
  const isDeletion = name.length === revisionBytes + 1 && name[revisionBytes] === deletionMark;
  if ((name.length !== revisionBytes && !isDeletion) || name[8] !== separator || leaf.flags(index) !== 0) {
    throw fileFault(`element ${index} of ${leaf.place}`, "be a revision");
  }
  const modRevision = name.readUInt32BE(0) * 2 ** 32 + name.readUInt32BE(4);
  const subRevision = name.readUInt32BE(9) * 2 ** 32 + name.readUInt32BE(13);
  const { key, value, createRevision } = readKeyValue(leaf, index, modRevision, isDeletion);
  return { key, value, modRevision, subRevision, createRevision, isDeletion, isCurrent: seen.add(key) };
}

function readKeyValue(leaf: LeafPage, index: number, modRevision: number, isDeletion: boolean): KeyValue {
  const decoded = decodeKeyValue(leaf.value(index));
  const place = `element ${index} of ${leaf.place}, revision ${modRevision},`;
  if (decoded === undefined || decoded.key.length === 0) throw fileFault(place, "be a key with its value");
  // A deletion has its key only.
  if (!isDeletion && decoded.modRevision !== modRevision) throw fileFault(place, "say that it is of that revision");
  return decoded;
}
