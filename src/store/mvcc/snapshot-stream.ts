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
import type { KeyHead } from "./revision-reader.ts";

const magic = Buffer.from("strongroom-snapshot 1\n", "latin1");
const frameHeaderBytes = 5;
const recordHeaderBytes = 4 * 8 + 2;
const payloadBytesMax = recordHeaderBytes + keyBytesMax + valueBytesMax;
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

/** What a snapshot is made of; `records` gives pages of keys and `value` the bytes of one. */
export interface SnapshotSource {
  readonly header: SnapshotHeader;
  readonly ttlLeases: readonly TtlLease[];
  readonly records: AsyncIterable<readonly KeyHead[]>;
  value(head: KeyHead): Uint8Array;
}

/** Writes the stream. */
export async function* encodeSnapshot(source: SnapshotSource): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let chunk: Uint8Array[] = [magic];
  let bytes = magic.length;
  let count = 0;
  const add = (frame: readonly Uint8Array[]): void => {
    chunk.push(...frame);
    for (const part of frame) bytes += part.length;
  };
  const take = (): Buffer => {
    const whole = Buffer.concat(chunk);
    chunk = [];
    bytes = 0;
    return whole;
  };
  add(frameOf("H", [counts(source.header.revision, source.header.ttlLeaseSequence)]));
  for (const { id, ttlSeconds, expiresAtMs } of source.ttlLeases)
    add(frameOf("L", [counts(id, ttlSeconds, expiresAtMs)]));
  for await (const page of source.records) {
    for (const record of page) {
      add(recordFrame(record, source.value(record)));
      count++;
      if (bytes < chunkBytes) continue;
      const whole = take();
      hash.update(whole);
      yield whole;
    }
  }
  hash.update((chunk = [take()])[0]!); // one element, just made
  yield Buffer.concat([...chunk, ...frameOf("E", [counts(count), hash.digest()])]);
}

function recordFrame({ key, head }: KeyHead, value: Uint8Array): Uint8Array[] {
  const header = counts(head.createRevision, head.place.revision, head.version, head.ttlLease ?? 0);
  const keyLength = Buffer.alloc(2);
  keyLength.writeUInt16BE(key.length);
  return frameOf("R", [header, keyLength, Buffer.from(key, "latin1"), value]);
}

function frameOf(kind: string, payload: readonly Uint8Array[]): Uint8Array[] {
  const header = Buffer.alloc(frameHeaderBytes);
  header.write(kind, "latin1");
  header.writeUInt32BE(
    payload.reduce((sum, part) => sum + part.length, 0),
    1,
  );
  return [header, ...payload];
}

function counts(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, i) => bytes.writeBigUInt64BE(BigInt(value), i * 8));
  return bytes;
}

/**
 * Reads a stream, item by item: the header first. Raises `corrupt` as soon as the
 * stream is seen to be damaged, cut, or followed by anything; until it has ended
 * without that, nothing it gave may be believed.
 */
export async function* decodeSnapshot(stream: AsyncIterable<Uint8Array>): AsyncGenerator<SnapshotItem> {
  const reader = new FrameReader(stream);
  if (!(await reader.take(magic.length)).equals(magic)) throw damaged();
  let count = 0;
  let isFirst = true;
  for (;;) {
    const digest = reader.digest();
    const header = await reader.take(frameHeaderBytes);
    const length = header.readUInt32BE(1);
    if (length > payloadBytesMax) throw damaged();
    const payload = await reader.take(length);
    const kind = String.fromCharCode(header[0]!); // 5 bytes were taken
    if ((kind === "H") !== isFirst) throw damaged();
    isFirst = false;
    if (kind === "E") {
      if (length !== 40 || countAt(payload, 0) !== count || !payload.subarray(8).equals(digest())) throw damaged();
      await reader.end();
      return;
    }
    const item = itemOf(kind, payload);
    if (item.type === "record") count++;
    yield item;
  }
}

function itemOf(kind: string, payload: Buffer): SnapshotItem {
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
  const value = bytes.readBigUInt64BE(offset);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged();
  return Number(value);
}

function damaged(): StrongroomError {
  return new StrongroomError("corrupt", "a snapshot must be complete and undamaged");
}

/** Takes exact numbers of bytes off a stream of chunks, and hashes what it took. */
class FrameReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #hash = createHash("sha256");
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** The hash of what was taken so far. */
  digest(): () => Buffer {
    const copy = this.#hash.copy();
    return () => copy.digest();
  }

  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks.next();
        if (next.done) throw damaged();
        this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
      }
      const part = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    const whole = Buffer.concat(parts); // a copy: the stream may reuse its chunks
    this.#hash.update(whole);
    return whole;
  }

  /** Raises `corrupt` unless the stream ends here. */
  async end(): Promise<void> {
    if (this.#rest.length > 0) throw damaged();
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done) return;
      if (next.value.length > 0) throw damaged();
    }
  }
}
