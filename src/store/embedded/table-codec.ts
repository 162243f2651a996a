/**
 * How the tables look in LMDB. Numbers are big-endian, so that the order of bytes
 * is the order of numbers; counts are 8 bytes, of which a safe integer needs 7.
 *
 *   heads          key                -> revision 8, sub 4, create 8, version 8, TTL lease 8, size 4
 *   graves         key                -> revision 8, sub 4
 *   log            revision 8, sub 4  -> kind 1, create 8, version 8, TTL lease 8, size 4,
 *                                        previous size 4, previous place 12 (all ones: none), key
 *   values         revision 8, sub 4  -> the value
 *   ticks          second 8           -> revision 8
 *   ttl-leases     id 8               -> TTL in seconds 8, expiry in ms 8
 *   ttl-lease-keys id 8, key          -> 1
 *   meta           "state"            -> state-codec.ts
 */
import { toRevision } from "../revision.ts";
import type { Revision } from "../revision.ts";
import type { TtlLease, TtlLeaseId } from "../store.ts";
import type { Head, LogEntry, Place } from "../mvcc/tables.ts";

/** What lmdb-js wants for keys: writes at a position, and returns the one after. */
export interface KeyCodec<K> {
  writeKey(key: K, target: Buffer, position: number): number;
  readKey(source: Buffer, start: number, end: number): K;
}

/** What lmdb-js wants for values. `decode` is given a buffer that is reused: it must copy. */
export interface ValueCodec<V> {
  encode(value: V): Buffer;
  decode(source: Buffer): V;
}

const two32 = 0x1_0000_0000;
const placeBytes = 12;
const headBytes = placeBytes + 3 * 8 + 4;
const entryHeaderBytes = 1 + 3 * 8 + 2 * 4 + placeBytes;

/** Writes a safe integer >= 0 as 8 bytes; two 32-bit writes cost a fraction of one BigInt. */
export function writeCount(target: Buffer, value: number, offset: number): number {
  target.writeUInt32BE(Math.floor(value / two32), offset);
  return target.writeUInt32BE(value >>> 0, offset + 4);
}

export function readCount(source: Buffer, offset: number): number {
  return source.readUInt32BE(offset) * two32 + source.readUInt32BE(offset + 4);
}

function readRevision(source: Buffer, offset: number): Revision {
  return toRevision(readCount(source, offset));
}

function writePlace(target: Buffer, { revision, sub }: Place, offset: number): number {
  return target.writeUInt32BE(sub, writeCount(target, revision, offset));
}

function readPlace(source: Buffer, offset: number): Place {
  return { revision: readRevision(source, offset), sub: source.readUInt32BE(offset + 8) };
}

function readTtlLeaseId(source: Buffer, offset: number): TtlLeaseId | undefined {
  const id = readCount(source, offset);
  return id === 0 ? undefined : (id as TtlLeaseId); // written from a TtlLeaseId
}

/** Keys of records: printable ASCII. */
export const recordKeyCodec: KeyCodec<string> = {
  writeKey: (key, target, position) => position + target.write(key, position, "latin1"),
  readKey: (source, start, end) => source.toString("latin1", start, end),
};

export const placeKeyCodec: KeyCodec<Place> = {
  writeKey: (place, target, position) => writePlace(target, place, position),
  readKey: (source, start) => readPlace(source, start),
};

export const countKeyCodec: KeyCodec<number> = {
  writeKey: (count, target, position) => writeCount(target, count, position),
  readKey: (source, start) => readCount(source, start),
};

/** A key that is attached to a TTL lease. */
export interface AttachedKey {
  readonly id: number;
  readonly key: string;
}

export const attachedKeyCodec: KeyCodec<AttachedKey> = {
  writeKey: ({ id, key }, target, position) => recordKeyCodec.writeKey(key, target, writeCount(target, id, position)),
  readKey: (source, start, end) => ({
    id: readCount(source, start),
    key: recordKeyCodec.readKey(source, start + 8, end),
  }),
};

export const headCodec: ValueCodec<Head> = {
  encode(head) {
    const target = Buffer.allocUnsafe(headBytes);
    let offset = writePlace(target, head.place, 0);
    offset = writeCount(target, head.createRevision, offset);
    offset = writeCount(target, head.version, offset);
    offset = writeCount(target, head.ttlLease ?? 0, offset);
    target.writeUInt32BE(head.sizeBytes, offset);
    return target;
  },
  decode: (source) => ({
    place: readPlace(source, 0),
    createRevision: readRevision(source, 12),
    version: readCount(source, 20),
    ttlLease: readTtlLeaseId(source, 28),
    sizeBytes: source.readUInt32BE(36),
  }),
};

export const placeCodec: ValueCodec<Place> = {
  encode(place) {
    const target = Buffer.allocUnsafe(placeBytes);
    writePlace(target, place, 0);
    return target;
  },
  decode: (source) => readPlace(source, 0),
};

export const entryCodec: ValueCodec<LogEntry> = {
  encode(entry) {
    const target = Buffer.allocUnsafe(entryHeaderBytes + entry.key.length);
    target[0] = entry.type === "put" ? 1 : 2;
    let offset = writeCount(target, entry.createRevision, 1);
    offset = writeCount(target, entry.version, offset);
    offset = writeCount(target, entry.ttlLease ?? 0, offset);
    offset = target.writeUInt32BE(entry.sizeBytes, offset);
    offset = target.writeUInt32BE(entry.previousSizeBytes, offset);
    if (entry.previous) writePlace(target, entry.previous, offset);
    else target.fill(0xff, offset, offset + placeBytes);
    target.write(entry.key, offset + placeBytes, "latin1");
    return target;
  },
  decode: (source) => ({
    type: source[0] === 1 ? "put" : "delete",
    createRevision: readRevision(source, 1),
    version: readCount(source, 9),
    ttlLease: readTtlLeaseId(source, 17),
    sizeBytes: source.readUInt32BE(25),
    previousSizeBytes: source.readUInt32BE(29),
    // All ones is no safe integer, so it cannot be a revision.
    previous: source.readUInt32BE(33) === 0xffffffff ? undefined : readPlace(source, 33),
    key: source.toString("latin1", entryHeaderBytes, source.length),
  }),
};

export const revisionCodec: ValueCodec<Revision> = {
  encode(revision) {
    const target = Buffer.allocUnsafe(8);
    writeCount(target, revision, 0);
    return target;
  },
  decode: (source) => readRevision(source, 0),
};

/** A lease without its id, which is its key. */
export type TtlLeaseTerm = Omit<TtlLease, "id">;

export const ttlLeaseCodec: ValueCodec<TtlLeaseTerm> = {
  encode({ ttlSeconds, expiresAtMs }) {
    const target = Buffer.allocUnsafe(16);
    writeCount(target, expiresAtMs, writeCount(target, ttlSeconds, 0));
    return target;
  },
  decode: (source) => ({ ttlSeconds: readCount(source, 0), expiresAtMs: readCount(source, 8) }),
};
