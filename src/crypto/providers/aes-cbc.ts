/**
 * The provider aescbc: prefix, IV (16 random bytes), AES-CBC with padding of PKCS #7.
 *
 * Nothing in it is authenticated: whoever can write to the disk can change what is read without being noticed, or put the
 * record of another key in its place. Upstream advises against it, and so do we.
 *
 * Source: kubernetes/apiserver pkg/storage/value/encrypt/aes/aes.go, cbc.
 */
import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import { notAuthentic } from "../not-authentic.ts";
import { RandomPool } from "../random-pool.ts";
import type { PrefixedTransformer } from "../transformer-chain.ts";
import { keyPrefix } from "./provider-prefix.ts";

const blockBytes = 16;
const ivs = new RandomPool(256 * blockBytes);

/** `key` has 16, 24 or 32 bytes (else RangeError), is copied, and may be zeroed after. */
export function aesCbcTransformer(keyName: string, key: Uint8Array): PrefixedTransformer {
  const prefix = keyPrefix("aescbc", keyName);
  const cipherName = `aes-${key.length * 8}-cbc`;
  const keyObject = createSecretKey(key);
  const dataStart = prefix.length + blockBytes;
  createCipheriv(cipherName, keyObject, Buffer.alloc(blockBytes)); // raises for a length that is none of AES
  return {
    prefix,
    toStorage(plaintext) {
      const head = Buffer.allocUnsafe(dataStart);
      head.set(prefix);
      ivs.fillInto(head, prefix.length, blockBytes);
      const cipher = createCipheriv(cipherName, keyObject, head.subarray(prefix.length));
      return Buffer.concat([head, cipher.update(plaintext), cipher.final()]);
    },
    fromStorage(stored) {
      try {
        const decipher = createDecipheriv(cipherName, keyObject, stored.subarray(prefix.length, dataStart));
        const start = decipher.update(stored.subarray(dataStart));
        return { plaintext: Buffer.concat([start, decipher.final()]), stale: false };
      } catch (error) {
        throw notAuthentic(error); // one text for a bad length and a bad padding
      }
    },
  };
}
