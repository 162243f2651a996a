import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";

const nonceBytes = 12;
const tagBytes = 16;

/**
 * A key, encrypted under another: nonce (12 random bytes), AES-256-GCM ciphertext, tag (16). `authenticatedData` says what the key
 * is for. For keys that are made now and then: random nonces allow 2^32 of them.
 */
export function wrapKey(wrappingKey: KeyObject, key: Uint8Array, authenticatedData: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", wrappingKey, nonce).setAAD(authenticatedData);
  return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
}

/** The key, in a buffer that the caller zeroes. Raises unless it was wrapped so, with the same authenticated data. */
export function unwrapKey(wrappingKey: KeyObject, wrapped: Uint8Array, authenticatedData: Uint8Array): Buffer {
  if (wrapped.length <= nonceBytes + tagBytes) throw new RangeError("a wrapped key must hold a nonce, a key and a tag");
  const nonce = wrapped.subarray(0, nonceBytes);
  const decipher = createDecipheriv("aes-256-gcm", wrappingKey, nonce, { authTagLength: tagBytes });
  decipher.setAAD(authenticatedData).setAuthTag(wrapped.subarray(-tagBytes));
  const key = decipher.update(wrapped.subarray(nonceBytes, -tagBytes));
  decipher.final(); // raises unless authentic
  return key;
}
