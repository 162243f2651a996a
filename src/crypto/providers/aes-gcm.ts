/**
 * The provider aesgcm: prefix, nonce (12 random bytes), AES-GCM ciphertext, tag (16); the storage key is authenticated, as
 * upstream has it, and nothing else.
 *
 * Among random nonces a key is good for 2^32 records at most (NIST SP 800-38D); upstream says 200,000 writes. Nobody
 * counts here: whoever chooses it replaces its keys in time.
 *
 * Source: kubernetes/apiserver pkg/storage/value/encrypt/aes/aes.go, gcm.
 */
import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import type { CipherGCMTypes } from "node:crypto";
import { authenticatedDataOf } from "../authenticated-data.ts";
import { notAuthentic } from "../not-authentic.ts";
import { RandomPool } from "../random-pool.ts";
import type { PrefixedTransformer } from "../transformer-chain.ts";
import { keyPrefix } from "./provider-prefix.ts";

const nonceBytes = 12;
const tagBytes = 16;
const options = { authTagLength: tagBytes };
const nonces = new RandomPool(256 * nonceBytes);

const cipherNames: ReadonlyMap<number, CipherGCMTypes> = new Map([
  [16, "aes-128-gcm"],
  [24, "aes-192-gcm"],
  [32, "aes-256-gcm"],
]);

/** `key` has 16, 24 or 32 bytes (else RangeError), is copied, and may be zeroed after. */
export function aesGcmTransformer(keyName: string, key: Uint8Array): PrefixedTransformer {
  const prefix = keyPrefix("aesgcm", keyName);
  const cipherName = cipherNames.get(key.length);
  if (cipherName === undefined) throw new RangeError("a key of AES must have 16, 24 or 32 bytes");
  const keyObject = createSecretKey(key);
  const dataStart = prefix.length + nonceBytes;
  return {
    prefix,
    toStorage(plaintext, { key: storageKey }) {
      const head = Buffer.allocUnsafe(dataStart);
      head.set(prefix);
      nonces.fillInto(head, prefix.length, nonceBytes);
      const cipher = createCipheriv(cipherName, keyObject, head.subarray(prefix.length), options);
      cipher.setAAD(authenticatedDataOf({ key: storageKey, revision: undefined }));
      return Buffer.concat([head, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    },
    fromStorage(stored, { key: storageKey }) {
      try {
        if (stored.length < dataStart + tagBytes) throw new RangeError("a record must hold a nonce and a tag");
        const nonce = stored.subarray(prefix.length, dataStart);
        const decipher = createDecipheriv(cipherName, keyObject, nonce, options);
        decipher.setAAD(authenticatedDataOf({ key: storageKey, revision: undefined }));
        decipher.setAuthTag(stored.subarray(-tagBytes));
        const plaintext = decipher.update(stored.subarray(dataStart, -tagBytes));
        decipher.final(); // raises unless authentic
        return { plaintext, stale: false };
      } catch (error) {
        throw notAuthentic(error);
      }
    },
  };
}
