/**
 * A keyed multiset hash over all live records: it notices that somebody who edits
 * the engine's files removed a record or put an older one back, which encryption
 * of single records cannot.
 *
 * The sum is taken modulo 2^256 over PRF(key, create revision, mod revision,
 * version, lease) of every live key; a commit subtracts the old tuple and adds
 * the new one. Values are not in it: each is bound to its key and mod revision by
 * its own authenticated data.
 *
 * Sums of known outputs can be forged (Wagner's generalised birthday attack), so
 * the sum must not be readable: an engine stores it masked and authenticated.
 * Source of the construction: Clarke, Devadas, van Dijk, Gassend, Suh,
 * "Incremental Multiset Hash Functions", MSet-Add-Hash.
 */
import type { Head, LiveSetSum } from "./tables.ts";

/** A keyed pseudo-random function whose key never reaches the engine. */
export interface IndexAuthenticator {
  /** 32 bytes that nobody without the key can predict, for any input. */
  mac(data: Uint8Array): Uint8Array;
}

/** The sum of no records. */
export const emptyLiveSet: LiveSetSum = { sum: new Uint8Array(32), keys: 0 };

const tupleDomain = 1;
const tupleHeaderBytes = 1 + 4 * 8;

/** A live set that records are added to and taken from. */
export class LiveSetAccumulator {
  readonly #authenticator: IndexAuthenticator;
  readonly #limbs = new Uint32Array(8);
  #keys: number;

  constructor(authenticator: IndexAuthenticator, start: LiveSetSum) {
    this.#authenticator = authenticator;
    this.#keys = start.keys;
    const view = viewOf(start.sum);
    for (let i = 0; i < 8; i++) this.#limbs[i] = view.getUint32(i * 4, true);
  }

  add(key: string, head: Head): void {
    const term = viewOf(this.#authenticator.mac(liveTuple(key, head)));
    let carry = 0;
    for (let i = 0; i < 8; i++) {
      const total = this.#limbs[i]! + term.getUint32(i * 4, true) + carry; // i < 8, the length
      this.#limbs[i] = total;
      carry = total > 0xffffffff ? 1 : 0;
    }
    this.#keys++;
  }

  subtract(key: string, head: Head): void {
    const term = viewOf(this.#authenticator.mac(liveTuple(key, head)));
    let borrow = 0;
    for (let i = 0; i < 8; i++) {
      const total = this.#limbs[i]! - term.getUint32(i * 4, true) - borrow; // i < 8, the length
      this.#limbs[i] = total;
      borrow = total < 0 ? 1 : 0;
    }
    this.#keys--;
  }

  /** The set as it stands; a copy. */
  result(): LiveSetSum {
    const sum = new Uint8Array(32);
    const view = viewOf(sum);
    for (let i = 0; i < 8; i++) view.setUint32(i * 4, this.#limbs[i]!, true); // i < 8, the length
    return { sum, keys: this.#keys };
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function liveTuple(key: string, head: Head): Uint8Array {
  const tuple = Buffer.allocUnsafe(tupleHeaderBytes + key.length);
  tuple[0] = tupleDomain;
  writeCount(tuple, 1, head.createRevision);
  writeCount(tuple, 9, head.place.revision);
  writeCount(tuple, 17, head.version);
  writeCount(tuple, 25, head.ttlLease ?? 0);
  tuple.write(key, tupleHeaderBytes, "latin1");
  return tuple;
}

// A safe integer as 8 bytes; two 32-bit writes cost a fraction of one BigInt.
function writeCount(target: Buffer, offset: number, value: number): void {
  target.writeUInt32BE(Math.floor(value / 0x100000000), offset);
  target.writeUInt32BE(value >>> 0, offset + 4);
}
