/**
 * The stream of Store.snapshot: everything that is live, in one self-contained,
 * checksummed sequence of bytes. All numbers are big-endian.
 *
 *   magic     "strongroom-snapshot 1\n"
 *   frames    kind (1 byte), length of the payload (4 bytes), payload:
 *     H       revision (8), sequence of TTL leases (8); exactly one, first
 *     L       TTL lease: id (8), TTL in seconds (8), expiry in ms since the epoch (8)
 *     R       record: create revision (8), mod revision (8), version (8),
 *             TTL lease or 0 (8), length of the key (2), key, value
 *     E       number of R frames (8), SHA-256 of all bytes before this frame (32);
 *             exactly one, last: nothing follows it
 *
 * Records come in byte order of their keys. The checksum finds damage and cuts;
 * it is no protection against an author of streams: values are (for records that
 * were encrypted) authenticated one by one, the set of them is not.
 */
import { createHash } from "node:crypto";

import { StrongroomError } from "../../errors/strongroom-error.ts";
import { keyBytesMax, valueBytesMax } from "../key.ts";
import { toRevision } from "../revision.ts";
import type { Revision } from "../revision.ts";
import type { TtlLease, TtlLeaseId } from "../store.ts";
import { FrameReader } from "./frame-reader.ts";
import type { KeyHead } from "./revision-reader.ts";

const magic = Buffer.from("strongroom-snapshot 1\n", "latin1");
/** Length of a frame's kind and length. */
export const frameHeaderBytes = 5;
const two32 = 0x1_0000_0000;
const recordHeaderBytes = 4 * 8 + 2;
/** Longest payload of a frame. */
export const payloadBytesMax = recordHeaderBytes + keyBytesMax + valueBytesMax;
/** Frames are gathered into chunks of about this size. */
const chunkBytes = 64 * 1024;

export interface SnapshotHeader {
  readonly revision: Revision;
  readonly ttlLeaseSequence: number;
}

export interface SnapshotRecord {
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  readonly version: number;
  readonly ttlLease: TtlLeaseId | undefined;
}

export type SnapshotItem =
  | { readonly type: "header"; readonly header: SnapshotHeader }
  | { readonly type: "ttl-lease"; readonly ttlLease: TtlLease }
  | { readonly type: "record"; readonly record: SnapshotRecord };

/** What an engine of this process can do beside: `snapshot` and `restore` of items that are not written and read in between. */
export interface ItemSnapshots {
  snapshotItems(): AsyncIterable<SnapshotItem>;
  restoreItems(items: AsyncIterable<SnapshotItem>): Promise<void>;
}

/** What a snapshot is made of; `records` gives pages of keys and `value` the bytes of one. */
export interface SnapshotSource {
  readonly header: SnapshotHeader;
  readonly ttlLeases: readonly TtlLease[];
  readonly records: AsyncIterable<readonly KeyHead[]>;
  value(head: KeyHead): Uint8Array;
}

/** Writes the stream. */
export function encodeSnapshot(source: SnapshotSource): AsyncGenerator<Uint8Array> {
  return encodeSnapshotItems(snapshotItems(source));
}

/** The items of the stream, in their order. */
export async function* snapshotItems({
  header,
  ttlLeases,
  records,
  value,
}: SnapshotSource): AsyncGenerator<SnapshotItem> {
  yield { type: "header", header };
  for (const ttlLease of ttlLeases) yield { type: "ttl-lease", ttlLease };
  for await (const page of records) {
    for (const each of page) {
      const { createRevision, place, version, ttlLease } = each.head;
      const record = { key: each.key, createRevision, modRevision: place.revision, version, ttlLease };
      yield { type: "record", record: { ...record, value: value(each) } };
    }
  }
}

/** Writes the stream of items in their order: the header, TTL leases, records by their keys. */
export async function* encodeSnapshotItems(items: AsyncIterable<SnapshotItem>): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let chunk: Uint8Array[] = [magic];
  let bytes = magic.length;
  let count = 0;
  const take = (): Buffer => {
    const whole = Buffer.concat(chunk);
    hash.update(whole);
    chunk = [];
    bytes = 0;
    return whole;
  };
  for await (const item of items) {
    const frame = snapshotFrame(item);
    chunk.push(...frame);
    for (const part of frame) bytes += part.length;
    if (item.type === "record") count++;
    if (bytes >= chunkBytes) yield take();
  }
  const last = take();
  yield Buffer.concat([last, ...frameOf("E", [counts(count), hash.digest()])]);
}

/** The frame of an item, in parts. */
export function snapshotFrame(item: SnapshotItem): Uint8Array[] {
  if (item.type === "header") return frameOf("H", [counts(item.header.revision, item.header.ttlLeaseSequence)]);
  if (item.type === "record") return recordFrame(item.record);
  const { id, ttlSeconds, expiresAtMs } = item.ttlLease;
  return frameOf("L", [counts(id, ttlSeconds, expiresAtMs)]);
}

function recordFrame({ key, value, createRevision, modRevision, version, ttlLease }: SnapshotRecord): Uint8Array[] {
  const header = counts(createRevision, modRevision, version, ttlLease ?? 0);
  const keyLength = Buffer.alloc(2);
  keyLength.writeUInt16BE(key.length);
  return frameOf("R", [header, keyLength, Buffer.from(key, "latin1"), value]);
}

/** A frame of one of the kinds above, or of another stream that is made of such frames. */
export function frameOf(kind: string, payload: readonly Uint8Array[]): Uint8Array[] {
  const header = Buffer.alloc(frameHeaderBytes);
  header.write(kind, "latin1");
  header.writeUInt32BE(
    payload.reduce((sum, part) => sum + part.length, 0),
    1,
  );
  return [header, ...payload];
}

function counts(...values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 8);
  let offset = 0;
  // Two 32-bit writes cost a fraction of one BigInt.
  for (const value of values)
    offset = bytes.writeUInt32BE(value >>> 0, bytes.writeUInt32BE(Math.floor(value / two32), offset));
  return bytes;
}

/**
 * Reads a stream, item by item: the header first. Raises `corrupt` as soon as the
 * stream is seen to be damaged, cut, or followed by anything; until it has ended
 * without that, nothing it gave may be believed.
 */
export async function* decodeSnapshot(stream: AsyncIterable<Uint8Array>): AsyncGenerator<SnapshotItem> {
  const reader = new FrameReader(stream, damaged);
  if (!(await reader.take(magic.length)).equals(magic)) throw damaged();
  let count = 0;
  let isFirst = true;
  for (;;) {
    const header = await reader.take(frameHeaderBytes);
    const length = header.readUInt32BE(1);
    if (length > payloadBytesMax) throw damaged();
    const kind = String.fromCharCode(header[0]!); // 5 bytes were taken
    const digest = kind === "E" ? reader.digestBeforeLast() : undefined;
    const payload = await reader.take(length);
    if ((kind === "H") !== isFirst) throw damaged();
    isFirst = false;
    if (digest !== undefined) {
      if (length !== 40 || countAt(payload, 0) !== count || !payload.subarray(8).equals(digest)) throw damaged();
      await reader.end();
      return;
    }
    const item = snapshotItem(kind, payload);
    if (item.type === "record") count++;
    yield item;
  }
}

/** The item of a frame. Raises `corrupt` for a frame that is none. */
export function snapshotItem(kind: string, payload: Buffer): SnapshotItem {
  if (kind === "H" && payload.length === 16) {
    return {
      type: "header",
      header: { revision: toRevision(countAt(payload, 0)), ttlLeaseSequence: countAt(payload, 8) },
    };
  }
  if (kind === "L" && payload.length === 24) {
    const id = countAt(payload, 0) as TtlLeaseId; // a lease of the store that wrote the stream
    return {
      type: "ttl-lease",
      ttlLease: { id, ttlSeconds: countAt(payload, 8), expiresAtMs: countAt(payload, 16) },
    };
  }
  if (kind === "R" && payload.length >= recordHeaderBytes) return { type: "record", record: recordOf(payload) };
  throw damaged();
}

function recordOf(payload: Buffer): SnapshotRecord {
  const keyLength = payload.readUInt16BE(recordHeaderBytes - 2);
  const valueStart = recordHeaderBytes + keyLength;
  if (keyLength === 0 || valueStart > payload.length) throw damaged();
  const ttlLease = countAt(payload, 24);
  return {
    key: payload.toString("latin1", recordHeaderBytes, valueStart),
    value: payload.subarray(valueStart),
    createRevision: toRevision(countAt(payload, 0)),
    modRevision: toRevision(countAt(payload, 8)),
    version: countAt(payload, 16),
    ttlLease: ttlLease === 0 ? undefined : (ttlLease as TtlLeaseId), // as above
  };
}

function countAt(bytes: Buffer, offset: number): number {
  const value = bytes.readUInt32BE(offset) * two32 + bytes.readUInt32BE(offset + 4);
  if (!Number.isSafeInteger(value)) throw damaged();
  return value;
}

function damaged(): StrongroomError {
  return new StrongroomError("corrupt", "a snapshot must be complete and undamaged");
}
