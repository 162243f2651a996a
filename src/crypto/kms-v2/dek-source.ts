/**
 * `encryptedData` of a stored object: sealing and opening it with a seed or a key.
 *
 *     type 1, seed:  info (32 random bytes) | nonce (12) | ciphertext | tag (16)
 *                    key = HKDF-Expand-SHA256(seed, info), 32 bytes, used for this record alone
 *     type 0, key:   nonce (12) | ciphertext | tag (16)       (read, never written)
 *
 * A fresh key for each record is what lifts the limit that 96-bit random nonces set
 * on AES-GCM: with 256 + 96 random bits no number of writes is near a collision, and
 * a seed needs no rotation schedule.
 *
 * Source: kubernetes/apiserver pkg/storage/value/encrypt/aes/aes_extended_nonce.go; RFC 5869 section 2.3.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey } from "node:crypto";
import type { KeyObject } from "node:crypto";

import { RandomPool } from "../random-pool.ts";
import { dekSourceTypes } from "./encrypted-object.ts";
import type { DekSourceType } from "./encrypted-object.ts";

const infoBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
const cipherName = "aes-256-gcm";
const tagLength = { authTagLength: tagBytes };
/** HKDF-Expand's counter of its first block, which at 32 bytes is the only one. */
const firstBlock = Uint8Array.of(1);

/** Enough for 64 records. */
const saltsAndNonces = new RandomPool(64 * (infoBytes + nonceBytes));

/** Length of a seed that is written; longer ones are read. */
export const seedBytes = 32;
/** By how much `encryptedData` is longer than the plaintext. */
export const sealedOverheadBytes = infoBytes + nonceBytes + tagBytes;

/** An unwrapped seed or key. */
export interface DekSource {
  readonly key: KeyObject;
  readonly type: DekSourceType;
}

/** Takes the bytes of a seed or key and zeroes them. Raises RangeError for a wrong length. */
export function createDekSource(bytes: Uint8Array, type: DekSourceType): DekSource {
  const fits = type === dekSourceTypes.aesGcmKey ? bytes.length === 32 : bytes.length >= seedBytes;
  if (!fits) throw new RangeError("a seed must have at least 32 bytes, a key exactly 32");
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return { key, type };
}

/**
 * Encrypts `plaintext` under a seed into `out` from `offset` on, where there must be room
 * for its length and {@link sealedOverheadBytes}.
 */
export function sealInto(
  out: Buffer,
  offset: number,
  seed: KeyObject,
  plaintext: Uint8Array,
  authenticatedData: Uint8Array,
): void {
  const dataOffset = offset + infoBytes + nonceBytes;
  saltsAndNonces.fillInto(out, offset, infoBytes + nonceBytes);
  const key = expand(seed, out.subarray(offset, offset + infoBytes));
  const cipher = createCipheriv(cipherName, key, out.subarray(offset + infoBytes, dataOffset));
  cipher.setAAD(authenticatedData);
  out.set(cipher.update(plaintext), dataOffset);
  cipher.final(); // GCM has no padding: nothing comes out, but the tag is there only afterwards
  out.set(cipher.getAuthTag(), dataOffset + plaintext.length);
}

/** Decrypts `encryptedData`. Raises when it is too short or not authentic; the caller makes one error of both. */
export function openSealed(source: DekSource, sealed: Uint8Array, authenticatedData: Uint8Array): Uint8Array {
  const seeded = source.type === dekSourceTypes.hkdfSha256ExtendedNonceSeed;
  const nonceOffset = seeded ? infoBytes : 0;
  if (sealed.length < nonceOffset + nonceBytes + tagBytes)
    throw new RangeError("sealed data must hold a nonce and a tag");
  const key = seeded ? expand(source.key, sealed.subarray(0, infoBytes)) : source.key;
  const nonce = sealed.subarray(nonceOffset, nonceOffset + nonceBytes);
  const decipher = createDecipheriv(cipherName, key, nonce, tagLength);
  decipher.setAAD(authenticatedData);
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  const plaintext = decipher.update(sealed.subarray(nonceOffset + nonceBytes, -tagBytes));
  decipher.final(); // raises unless authentic; until then `plaintext` is not to be looked at
  return plaintext;
}

/** A `KeyObject`, because raw bytes as a key make AES-GCM three times as slow on Node 24 (28 against 9 us per KiB). */
function expand(seed: KeyObject, info: Uint8Array): KeyObject {
  const bytes = createHmac("sha256", seed).update(info).update(firstBlock).digest();
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}
