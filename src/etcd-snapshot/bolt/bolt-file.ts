import { fileFault } from "../file-fault.ts";
import type { ReadOnlyFile } from "../read-only-file.ts";
import { LeafPage } from "./leaf-page.ts";
import { readMeta } from "./meta-page.ts";
import type { Meta } from "./meta-page.ts";
import { bucketFlag, bucketHeaderBytes, elementBytes, pageFlags, pageHeaderBytes, readUint64 } from "./page-format.ts";
import { PageSet } from "./page-set.ts";

/** A value of etcd is 1.5 MiB at most unless somebody allows more, and a leaf of more than a page has two or three. */
const pageBytesMax = 64 * 1024 * 1024;
/** Trees of real files have at most five levels. */
const levelsMax = 32;
/** How much of what nothing refers to is read at once. */
const unreachedBytesMax = 1 << 20;
/** etcd has ten. */
const bucketsMax = 1000;

/** A bucket of the file: a tree of its own, or, if it is small, a page within the page that names it. */
export interface Bucket {
  readonly name: string;
  readonly rootPage: number;
  readonly inlinePage: Buffer | undefined;
}

/**
 * A bbolt file as it was after its last transaction, read page by page: a page for each level of a tree is in memory, and a bit for each page of
 * the file. Whatever the bytes are, reading takes each page once, and ends.
 */
export class BoltFile {
  readonly meta: Meta;
  /** What was read so far. */
  readonly reached: PageSet;
  readonly #file: ReadOnlyFile;
  readonly #databaseBytes: number;
  /** The page at hand; leaves are views of it. */
  readonly #scratch: Buffer;

  /** Raises `invalid` when the file has no meta page, or less pages than that says. */
  constructor(file: ReadOnlyFile, databaseBytes: number) {
    this.#file = file;
    this.#databaseBytes = databaseBytes;
    this.meta = readMeta(file, databaseBytes);
    this.reached = new PageSet(this.meta.pageCount);
    this.#scratch = Buffer.alloc(this.meta.pageSizeBytes);
  }

  /** The buckets that the file has. To be called once, as is {@link leavesFromLast} for each of them. */
  buckets(): ReadonlyMap<string, Bucket> {
    const buckets = new Map<string, Bucket>();
    for (const leaf of this.#leaves(this.meta.rootPage, "the meta page")) {
      for (let index = 0; index < leaf.count; index++) {
        const bucket = readBucket(leaf, index);
        if (buckets.size === bucketsMax) throw fileFault(leaf.place, `be of a file with at most ${bucketsMax} buckets`);
        buckets.set(bucket.name, bucket);
      }
    }
    return buckets;
  }

  /** The leaves of a bucket, from the one with the last keys to the one with the first. A leaf is to be used before the next is taken. */
  *leavesFromLast({ name, rootPage, inlinePage }: Bucket): Generator<LeafPage> {
    if (inlinePage === undefined) yield* this.#leaves(rootPage, `bucket ${name}`);
    else yield new LeafPage(inlinePage, `the page within bucket ${name}`);
  }

  /** What is in the pages that were not reached, in pieces of up to 1 MiB that lie one behind the other. A piece is to be used before the next. */
  *unreached(): Generator<Buffer> {
    const { pageSizeBytes } = this.meta;
    const piece = Buffer.alloc(Math.max(pageSizeBytes, unreachedBytesMax));
    for (const { first, count } of this.reached.gaps(piece.length / pageSizeBytes)) {
      const bytes = piece.subarray(0, count * pageSizeBytes);
      this.#file.readInto(bytes, first * pageSizeBytes);
      yield bytes;
    }
  }

  /** Raises `invalid` when somebody has written to the file since it was opened: what was read may be of two states. */
  assertUnchanged(): void {
    const isSame = JSON.stringify(readMeta(this.#file, this.#databaseBytes)) === JSON.stringify(this.meta);
    if (!isSame || this.#file.sizeNow() !== this.#file.sizeBytes) throw changedMeanwhile();
  }

  *#leaves(root: number, from: string): Generator<LeafPage> {
    const branches: { readonly page: Buffer; readonly place: string; next: number }[] = [];
    let target: { readonly id: number; readonly from: string } | undefined = { id: root, from };
    let firstKey: Buffer | undefined;
    while (target !== undefined) {
      const bytes = this.#read(target.id, target.from);
      const place = `page ${target.id}`;
      if (bytes.readUInt16LE(8) === pageFlags.leaf) {
        const leaf = new LeafPage(bytes, place);
        firstKey = checkOrder(leaf, firstKey);
        yield leaf;
      } else {
        if (branches.length === levelsMax) throw fileFault(place, `be at most ${levelsMax} levels below the root`);
        branches.push({ page: Buffer.from(bytes), place, next: checkBranch(bytes, place) - 1 });
      }
      while (branches.at(-1)?.next === -1) branches.pop();
      const branch = branches.at(-1);
      target = branch && { id: childOf(branch.page, branch.next--), from: branch.place };
    }
  }

  /** The page with its overflow, in memory that the next call may take. */
  #read(id: number, from: string): Buffer {
    this.reached.add(id, 1, from);
    const { pageSizeBytes } = this.meta;
    this.#file.readInto(this.#scratch, id * pageSizeBytes);
    const overflow = checkHeader(this.#scratch, id);
    if (overflow === 0) return this.#scratch;
    this.reached.add(id + 1, overflow, `page ${id}`);
    const bytes = (overflow + 1) * pageSizeBytes;
    if (bytes > pageBytesMax) throw fileFault(`page ${id}, of ${bytes} bytes,`, `have at most ${pageBytesMax}`);
    const whole = Buffer.alloc(bytes);
    this.#file.readInto(whole, id * pageSizeBytes);
    return whole;
  }
}

function changedMeanwhile(): Error {
  return fileFault(
    "the file",
    "not be written to while it is read: take a snapshot of a running etcd by etcdctl snapshot save",
  );
}

/** Returns how many pages it goes on for. */
function checkHeader(page: Buffer, id: number): number {
  if (readUint64(page, 0) !== id) throw fileFault(`page ${id}`, "have its own number in it");
  const flags = page.readUInt16LE(8);
  if (flags !== pageFlags.branch && flags !== pageFlags.leaf) {
    throw fileFault(`page ${id}`, "be a branch or a leaf, since a tree refers to it");
  }
  return page.readUInt32LE(12);
}

/** Returns how many children it has: at least one. */
function checkBranch(page: Buffer, place: string): number {
  const count = page.readUInt16LE(10);
  if (count > 0 && pageHeaderBytes + count * elementBytes <= page.length) return count;
  throw fileFault(`${place}, a branch of ${page.length} bytes,`, `hold its ${count} elements, and one at least`);
}

function childOf(page: Buffer, index: number): number {
  return readUint64(page, pageHeaderBytes + index * elementBytes + 8);
}

/** Returns the first key of the leaf, or that of the one behind it when it has none. */
function checkOrder(leaf: LeafPage, keyBehind: Buffer | undefined): Buffer | undefined {
  if (leaf.count === 0) return keyBehind;
  if (keyBehind !== undefined && Buffer.compare(leaf.key(leaf.count - 1), keyBehind) >= 0) {
    throw fileFault(leaf.place, "have keys before those of the page that comes behind it");
  }
  return Buffer.from(leaf.key(0));
}

function readBucket(leaf: LeafPage, index: number): Bucket {
  const name = leaf.key(index).toString("latin1");
  const value = leaf.value(index);
  const place = `element ${index} of ${leaf.place}`;
  if ((leaf.flags(index) & bucketFlag) === 0) throw fileFault(place, "be a bucket");
  if (value.length < bucketHeaderBytes) throw fileFault(place, `have the ${bucketHeaderBytes} bytes of a bucket`);
  const rootPage = readUint64(value, 0);
  if (rootPage !== 0) return { name, rootPage, inlinePage: undefined };
  const inlinePage = Buffer.from(value.subarray(bucketHeaderBytes));
  if (inlinePage.length < pageHeaderBytes || inlinePage.readUInt16LE(8) !== pageFlags.leaf) {
    throw fileFault(place, "have a root, or a leaf within it");
  }
  return { name, rootPage, inlinePage };
}
