/**
 * The state record, which every commit replaces:
 *
 *   revision 8, compacted 8, scrubbed 12, TTL lease sequence 8, superseded bytes 8,
 *   last tick 8, restoring 1, has a live set 1;
 *   with a live set: its keys 8, nonce 16, masked sum 32, MAC 32
 *
 * The sum is masked with PRF(2, nonce), new for every commit: who sees the files
 * over time must not learn differences of sums (live-set-digest.ts). The MAC is
 * PRF(3, all bytes before it).
 */
import { randomFillSync, timingSafeEqual } from "node:crypto";

import { StrongroomError } from "../../errors/strongroom-error.ts";
import { toRevision } from "../revision.ts";
import type { IndexAuthenticator } from "../mvcc/live-set-digest.ts";
import type { LiveSetSum, StoreState } from "../mvcc/tables.ts";
import { readCount, writeCount } from "./table-codec.ts";

const maskDomain = 2;
const stateDomain = 3;
const plainBytes = 54;
const nonceStart = plainBytes + 8;
const sumStart = nonceStart + 16;
const macStart = sumStart + 32;
const sealedBytes = macStart + 32;

/** Writes a state; its live set needs the authenticator. */
export function encodeState(state: StoreState, authenticator: IndexAuthenticator | undefined): Buffer {
  const { liveSet } = state;
  const target = Buffer.alloc(liveSet ? sealedBytes : plainBytes);
  let offset = writeCount(target, state.revision, 0);
  offset = writeCount(target, state.compacted, offset);
  offset = writeCount(target, state.scrubbed.revision, offset);
  offset = target.writeUInt32BE(state.scrubbed.sub, offset);
  offset = writeCount(target, state.ttlLeaseSequence, offset);
  offset = writeCount(target, state.supersededBytes, offset);
  offset = writeCount(target, state.lastTick, offset);
  target[offset++] = state.restoring ? 1 : 0;
  target[offset] = liveSet ? 1 : 0;
  if (!liveSet || !authenticator) return target;
  writeCount(target, liveSet.keys, plainBytes);
  randomFillSync(target, nonceStart, 16);
  target.set(masked(target, liveSet.sum, authenticator), sumStart);
  target.set(stateMac(target, authenticator), macStart);
  return target;
}

/** Reads what is not secret in a state: everything but the live set, which is given. */
export function decodeState(source: Buffer, liveSet: LiveSetSum | undefined): StoreState {
  return {
    revision: toRevision(readCount(source, 0)),
    compacted: toRevision(readCount(source, 8)),
    scrubbed: { revision: toRevision(readCount(source, 16)), sub: source.readUInt32BE(24) },
    ttlLeaseSequence: readCount(source, 28),
    supersededBytes: readCount(source, 36),
    lastTick: readCount(source, 44),
    restoring: source[52] === 1,
    liveSet,
  };
}

/**
 * Authenticates a state and returns its live set; undefined when it keeps none.
 * Raises `corrupt` unless it is as it was written, `invalid` when it keeps a live set
 * and there is no authenticator.
 */
export function openLiveSet(source: Buffer, authenticator: IndexAuthenticator | undefined): LiveSetSum | undefined {
  const isSealed = source[plainBytes - 1] === 1;
  if (!authenticator && !isSealed) return undefined;
  if (!authenticator) {
    throw new StrongroomError("invalid", "a store with an authenticated index must be opened with its index key");
  }
  // Not sealed: somebody took the seal off, or the store never had one. Both end here.
  const isAuthentic =
    isSealed &&
    source.length === sealedBytes &&
    timingSafeEqual(stateMac(source, authenticator), source.subarray(macStart));
  if (!isAuthentic) throw new StrongroomError("corrupt", "the state of the store must be authentic");
  return {
    sum: masked(source, source.subarray(sumStart, macStart), authenticator),
    keys: readCount(source, plainBytes),
  };
}

function masked(state: Buffer, sum: Uint8Array, authenticator: IndexAuthenticator): Uint8Array {
  const mask = authenticator.mac(Buffer.concat([Buffer.of(maskDomain), state.subarray(nonceStart, sumStart)]));
  return Uint8Array.from(sum, (byte, i) => byte ^ mask[i]!); // both are 32 bytes
}

function stateMac(state: Buffer, authenticator: IndexAuthenticator): Uint8Array {
  return authenticator.mac(Buffer.concat([Buffer.of(stateDomain), state.subarray(0, macStart)]));
}
