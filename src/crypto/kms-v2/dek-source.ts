/**
 * `encryptedData` of a stored object: sealing and opening it with a seed or a key.
 *
 *     type 1, seed:  info (32 random bytes) | nonce (12) | ciphertext | tag (16)
 *                    key = HKDF-Expand-SHA256(seed, info), 32 bytes
 *     type 0, key:   nonce (12) | ciphertext | tag (16)       (read, never written)
 *
 * A fresh key for every {@link recordsPerKey} records is what lifts the limit that 96-bit random nonces
 * set on AES-GCM: among so few nonces a collision has a chance of 2^-77, so no number of writes is near
 * one, and a seed needs no rotation schedule. Upstream derives a key for each record; whoever reads by the
 * format cannot tell, and deriving took a third of sealing and of opening 1 KiB.
 *
 * Source: kubernetes/apiserver pkg/storage/value/encrypt/aes/aes_extended_nonce.go; RFC 5869 section 2.3.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, randomFillSync } from "node:crypto";
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

/** Enough for 256 records. */
const nonces = new RandomPool(256 * nonceBytes);

/** Length of a seed that is written; longer ones are read. */
export const seedBytes = 32;
/** By how much `encryptedData` is longer than the plaintext. */
export const sealedOverheadBytes = infoBytes + nonceBytes + tagBytes;

/** How many records are sealed under one derived key. */
export const recordsPerKey = 1024;
/** Derived keys that are remembered for reading, per seed: 64 bytes each and what a KeyObject takes. */
export const readKeysMax = 1024;

/** An unwrapped seed or key. */
export interface DekSource {
  readonly key: KeyObject;
  readonly type: DekSourceType;
  /** What was derived from a seed for reading, by its info; the oldest goes first. */
  readonly readKeys: Map<string, KeyObject>;
}

/** Takes the bytes of a seed or key and zeroes them. Raises RangeError for a wrong length. */
export function createDekSource(bytes: Uint8Array, type: DekSourceType): DekSource {
  const fits = type === dekSourceTypes.aesGcmKey ? bytes.length === 32 : bytes.length >= seedBytes;
  if (!fits) throw new RangeError("a seed must have at least 32 bytes, a key exactly 32");
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return { key, type, readKeys: new Map() };
}

/** Seals records under a seed, with keys derived from it. */
export class Sealer {
  readonly #seed: KeyObject;
  readonly #info = Buffer.alloc(infoBytes);
  #key: KeyObject | undefined;
  #recordsLeft = 0;

  constructor(seed: KeyObject) {
    this.#seed = seed;
  }

  /**
   * Encrypts `plaintext` into `out` from `offset` on, where there must be room for its length and
   * {@link sealedOverheadBytes}.
   */
  sealInto(out: Buffer, offset: number, plaintext: Uint8Array, authenticatedData: Uint8Array): void {
    const key = this.#currentKey();
    const nonceOffset = offset + infoBytes;
    const dataOffset = nonceOffset + nonceBytes;
    this.#info.copy(out, offset);
    nonces.fillInto(out, nonceOffset, nonceBytes);
    const cipher = createCipheriv(cipherName, key, out.subarray(nonceOffset, dataOffset));
    cipher.setAAD(authenticatedData);
    out.set(cipher.update(plaintext), dataOffset);
    cipher.final(); // GCM has no padding: nothing comes out, but the tag is there only afterwards
    out.set(cipher.getAuthTag(), dataOffset + plaintext.length);
  }

  #currentKey(): KeyObject {
    if (this.#key === undefined || this.#recordsLeft === 0) {
      randomFillSync(this.#info);
      this.#key = expand(this.#seed, this.#info);
      this.#recordsLeft = recordsPerKey;
    }
    this.#recordsLeft -= 1;
    return this.#key;
  }
}

/** Decrypts `encryptedData`. Raises when it is too short or not authentic; the caller makes one error of both. */
export function openSealed(source: DekSource, sealed: Uint8Array, authenticatedData: Uint8Array): Uint8Array {
  const seeded = source.type === dekSourceTypes.hkdfSha256ExtendedNonceSeed;
  const nonceOffset = seeded ? infoBytes : 0;
  if (sealed.length < nonceOffset + nonceBytes + tagBytes)
    throw new RangeError("sealed data must hold a nonce and a tag");
  const key = seeded ? readKey(source, sealed.subarray(0, infoBytes)) : source.key;
  const nonce = sealed.subarray(nonceOffset, nonceOffset + nonceBytes);
  const decipher = createDecipheriv(cipherName, key, nonce, tagLength);
  decipher.setAAD(authenticatedData);
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  const plaintext = decipher.update(sealed.subarray(nonceOffset + nonceBytes, -tagBytes));
  decipher.final(); // raises unless authentic; until then `plaintext` is not to be looked at
  return plaintext;
}

function readKey({ key: seed, readKeys }: DekSource, info: Uint8Array): KeyObject {
  const name = Buffer.from(info.buffer, info.byteOffset, info.length).toString("latin1");
  const known = readKeys.get(name);
  if (known !== undefined) return known;
  const key = expand(seed, info);
  readKeys.set(name, key);
  if (readKeys.size > readKeysMax) {
    const oldest = readKeys.keys().next();
    if (!oldest.done) readKeys.delete(oldest.value);
  }
  return key;
}

/** A `KeyObject`, because raw bytes as a key make AES-GCM three times as slow on Node 24 (28 against 9 us per KiB). */
function expand(seed: KeyObject, info: Uint8Array): KeyObject {
  const bytes = createHmac("sha256", seed).update(info).update(firstBlock).digest();
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}
