/**
 * The entries of one block on their way to the disk and back: lines of JSON, compressed, then encrypted.
 *
 *     nonce (12 random bytes) | AES-256-GCM of raw DEFLATE of the lines | tag (16)
 *
 * Authenticated with them is the block's header. Each segment has a key of its own: with at most some 100,000 blocks under one, random
 * nonces are far from any limit. A block can be read without those before it. What all events have in common is in the segment's
 * dictionary, because most blocks hold a few events only: 1,135 bytes of JSON make 136 alone, 116 in a batch of 32.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { RandomPool } from "../../crypto/random-pool.ts";
import { blockBytesMax } from "./block.ts";

const nonceBytes = 12;
const tagBytes = 16;
export const dataKeyBytes = 32;
/** Level 6 costs nothing more while so little is compressed, and twice the time of 3 for a tenth less when it is much. */
const smallBytes = 4 * 1024;
/** A window of 16 KiB holds the dictionary and saves a fifth of the time, most of which is making windows. */
const smallEffort = { level: 6, windowBits: 14 } as const;
const largeEffort = { level: 3, windowBits: 15 } as const;
const nonces = new RandomPool(256 * nonceBytes);
/** Deflate makes at most 1,032 bytes of one. Only what is authentic is inflated, but by nobody is more believed than could be. */
const plaintextBytesMax = 8 * blockBytesMax;

export class EntryCipher {
  readonly #key: KeyObject;
  readonly #dictionary: Buffer;

  constructor(key: KeyObject, dictionary: Buffer) {
    this.#key = key;
    this.#dictionary = dictionary;
  }

  /**
   * With another dictionary, and a key that is made of it: what was compressed with one dictionary opens with no other. Else whoever
   * takes the dictionary out of a segment would have authentic bytes inflate to something else.
   */
  boundTo(dictionary: Buffer): EntryCipher {
    const key = createHmac("sha256", this.#key)
      .update("strongroom.dev/audit/dictionary/v1\0")
      .update(dictionary)
      .digest();
    const bound = new EntryCipher(createSecretKey(key), dictionary);
    key.fill(0);
    return bound;
  }

  /** The same key with another dictionary, as segments have it that do not say `bound`. */
  with(dictionary: Buffer): EntryCipher {
    return new EntryCipher(this.#key, dictionary);
  }

  /** The bytes of a payload: `header` makes the header when their number is known. */
  seal(lines: Buffer, header: (payloadBytes: number) => Buffer): { header: Buffer; payload: readonly Buffer[] } {
    const effort = lines.length < smallBytes ? smallEffort : largeEffort;
    const compressed = deflateRawSync(lines, { ...effort, dictionary: this.#dictionary });
    const encoded = header(nonceBytes + compressed.length + tagBytes);
    const nonce = Buffer.allocUnsafe(nonceBytes);
    nonces.fillInto(nonce, 0, nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(encoded);
    const ciphertext = cipher.update(compressed);
    cipher.final(); // GCM has no padding: nothing comes out, but the tag is there only afterwards
    return { header: encoded, payload: [nonce, ciphertext, cipher.getAuthTag()] };
  }

  /** The lines of a payload. Raises `corrupt` unless it is authentic for its header. */
  open(payload: Buffer, header: Buffer): Buffer {
    try {
      if (payload.length < nonceBytes + tagBytes) throw new RangeError("a payload must hold a nonce and a tag");
      const nonce = payload.subarray(0, nonceBytes);
      const decipher = createDecipheriv("aes-256-gcm", this.#key, nonce, { authTagLength: tagBytes });
      decipher.setAAD(header).setAuthTag(payload.subarray(-tagBytes));
      const compressed = decipher.update(payload.subarray(nonceBytes, -tagBytes));
      decipher.final(); // raises unless authentic
      return inflateRawSync(compressed, { dictionary: this.#dictionary, maxOutputLength: plaintextBytesMax });
    } catch (cause) {
      throw new StrongroomError("corrupt", "entries of the audit log must be those that were written", { cause });
    }
  }
}
