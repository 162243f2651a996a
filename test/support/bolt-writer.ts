/**
 * Writes files as bbolt does, as far as reading them takes it: page by page, so that they may be larger than memory. Tests and benchmarks
 * make files with it that no etcd would write, or that would take one long.
 */
import { createHash } from "node:crypto";
import { fnv1a64 } from "../../src/etcd-snapshot/bolt/page-format.ts";

/** A write or, without a value, a deletion. */
export interface WrittenRevision {
  readonly main: number;
  readonly sub?: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

export interface BoltShape {
  readonly pageSizeBytes: number;
  /** How many pages a branch has at most: few make deep trees of little. */
  readonly childrenMax: number;
  /** Pages that nothing refers to, before the others. */
  readonly freePages: number;
}

export const usualShape: BoltShape = { pageSizeBytes: 4096, childrenMax: 100, freePages: 0 };

/** Takes bytes for a position of the file. */
type Sink = (bytes: Buffer, position: number) => void;

interface Element {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly flags: number;
}

const headerBytes = 16;
const elementBytes = 16;
const flags = { branch: 1, leaf: 2, meta: 4 } as const;

/** The same in memory, with the hash of a snapshot unless there is to be none. */
export function boltBytes(revisions: Iterable<WrittenRevision>, shape: BoltShape = usualShape, hash = true): Buffer {
  const pieces: (readonly [bytes: Buffer, position: number])[] = [];
  const sizeBytes = writeBolt(revisions, (bytes, position) => pieces.push([bytes, position]), shape);
  const whole = Buffer.alloc(sizeBytes);
  for (const [bytes, position] of pieces) bytes.copy(whole, position);
  return hash ? withHash(whole) : whole;
}

/** As etcdctl snapshot save ends a file. */
export function withHash(database: Buffer): Buffer {
  return Buffer.concat([database, createHash("sha256").update(database).digest()]);
}

/** Writes a database with the revisions, which must be in ascending order. Returns its size. */
export function writeBolt(revisions: Iterable<WrittenRevision>, sink: Sink, shape: BoltShape = usualShape): number {
  const { pageSizeBytes } = shape;
  let next = 2 + shape.freePages;
  const write = (page: Buffer): number => {
    const id = next;
    const pages = Math.ceil(page.length / pageSizeBytes);
    page.writeBigUInt64LE(BigInt(id), 0);
    page.writeUInt32LE(pages - 1, 12);
    const padded = Buffer.alloc(pages * pageSizeBytes);
    page.copy(padded);
    sink(padded, id * pageSizeBytes);
    next += pages;
    return id;
  };
  const children: { readonly key: Uint8Array; readonly id: number }[] = [];
  for (const elements of leaves(revisions, pageSizeBytes)) {
    children.push({ key: elements[0]?.key ?? Buffer.alloc(0), id: write(leafPage(elements)) });
  }
  let level = children;
  while (level.length > 1) {
    const above: typeof level = [];
    for (let start = 0; start < level.length; start += shape.childrenMax) {
      const part = level.slice(start, start + shape.childrenMax);
      above.push({ key: part[0]?.key ?? Buffer.alloc(0), id: write(branchPage(part)) });
    }
    level = above;
  }
  const root = write(
    leafPage([
      { key: Buffer.from("key"), value: bucketValue(level[0]?.id ?? write(leafPage([]))), flags: 1 },
      { key: Buffer.from("meta"), value: inlineBucket([]), flags: 1 },
    ]),
  );
  for (const id of [0, 1])
    sink(metaPage(id, { pageSizeBytes, root, pageCount: next, transaction: 6 + id }), id * pageSizeBytes);
  return next * pageSizeBytes;
}

function* leaves(revisions: Iterable<WrittenRevision>, pageSizeBytes: number): Generator<Element[]> {
  let elements: Element[] = [];
  let bytes = headerBytes;
  for (const revision of revisions) {
    const element = { key: revisionKey(revision), value: keyValue(revision), flags: 0 };
    const more = elementBytes + element.key.length + element.value.length;
    if (bytes + more > pageSizeBytes && elements.length > 0) {
      yield elements;
      elements = [];
      bytes = headerBytes;
    }
    elements.push(element);
    bytes += more;
  }
  if (elements.length > 0) yield elements;
}

function page(flag: number, count: number, contentBytes: number): Buffer {
  const bytes = Buffer.alloc(headerBytes + contentBytes);
  bytes.writeUInt16LE(flag, 8);
  bytes.writeUInt16LE(count, 10);
  return bytes;
}

function leafPage(elements: readonly Element[]): Buffer {
  const content = elements.reduce((sum, { key, value }) => sum + elementBytes + key.length + value.length, 0);
  const bytes = page(flags.leaf, elements.length, content);
  let position = headerBytes + elements.length * elementBytes;
  for (const [index, { key, value, flags: mark }] of elements.entries()) {
    const at = headerBytes + index * elementBytes;
    bytes.writeUInt32LE(mark, at);
    bytes.writeUInt32LE(position - at, at + 4);
    bytes.writeUInt32LE(key.length, at + 8);
    bytes.writeUInt32LE(value.length, at + 12);
    bytes.set(key, position);
    bytes.set(value, position + key.length);
    position += key.length + value.length;
  }
  return bytes;
}

function branchPage(children: readonly { readonly key: Uint8Array; readonly id: number }[]): Buffer {
  const content = children.reduce((sum, { key }) => sum + elementBytes + key.length, 0);
  const bytes = page(flags.branch, children.length, content);
  let position = headerBytes + children.length * elementBytes;
  for (const [index, { key, id }] of children.entries()) {
    const at = headerBytes + index * elementBytes;
    bytes.writeUInt32LE(position - at, at);
    bytes.writeUInt32LE(key.length, at + 4);
    bytes.writeBigUInt64LE(BigInt(id), at + 8);
    bytes.set(key, position);
    position += key.length;
  }
  return bytes;
}

function bucketValue(rootPage: number): Buffer {
  const value = Buffer.alloc(16);
  value.writeBigUInt64LE(BigInt(rootPage), 0);
  return value;
}

function inlineBucket(elements: readonly Element[]): Buffer {
  return Buffer.concat([bucketValue(0), leafPage(elements)]);
}

/** What a meta page says. */
export interface MetaFields {
  readonly pageSizeBytes: number;
  readonly root: number;
  readonly pageCount: number;
  readonly transaction: number;
}

export function metaPage(id: number, { pageSizeBytes, root, pageCount, transaction }: MetaFields): Buffer {
  const bytes = Buffer.concat([page(flags.meta, 0, 64)], pageSizeBytes);
  bytes.writeBigUInt64LE(BigInt(id), 0);
  const meta = bytes.subarray(headerBytes);
  meta.writeUInt32LE(0xed0cdaed, 0);
  meta.writeUInt32LE(2, 4);
  meta.writeUInt32LE(pageSizeBytes, 8);
  meta.writeBigUInt64LE(BigInt(root), 16);
  meta.writeBigUInt64LE(0xffff_ffff_ffff_ffffn, 32); // the list of free pages is not written
  meta.writeBigUInt64LE(BigInt(pageCount), 40);
  meta.writeBigUInt64LE(BigInt(transaction), 48);
  meta.writeBigUInt64LE(fnv1a64(meta.subarray(0, 56)), 56);
  return bytes;
}

function revisionKey({ main, sub = 0, value }: WrittenRevision): Buffer {
  const key = Buffer.alloc(value === undefined ? 18 : 17);
  key.writeBigUInt64BE(BigInt(main), 0);
  key.write("_", 8);
  key.writeBigUInt64BE(BigInt(sub), 9);
  if (value === undefined) key.write("t", 17);
  return key;
}

function keyValue({ main, key, value }: WrittenRevision): Buffer {
  const parts = [bytesField(1, key)];
  if (value !== undefined)
    parts.push(numberField(2, main), numberField(3, main), numberField(4, 1), bytesField(5, value));
  return Buffer.concat(parts);
}

function bytesField(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function numberField(number: number, value: number): Buffer {
  return Buffer.concat([varint(number << 3), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}
