/**
 * The provider secretbox: prefix, nonce (24 random bytes), the box of NaCl (tag of 16 bytes, XSalsa20 ciphertext). A changed
 * record does not open; one that was moved from another storage key does, because the box knows no authenticated data.
 *
 * node:crypto has no XSalsa20: libsodium, in WebAssembly, does the work (docs/dependencies.md has what was measured).
 *
 * Source: kubernetes/apiserver pkg/storage/value/encrypt/secretbox/secretbox.go.
 */
import { createSecretKey } from "node:crypto";
import { notAuthentic } from "../not-authentic.ts";
import { RandomPool } from "../random-pool.ts";
import type { PrefixedTransformer } from "../transformer-chain.ts";
import { keyPrefix } from "./provider-prefix.ts";

const keyBytes = 32;
const nonceBytes = 24;
const nonces = new RandomPool(256 * nonceBytes);

/** `key` has 32 bytes (else RangeError), is copied, and may be zeroed after. A promise, because the library is loaded only for it. */
export async function secretboxTransformer(keyName: string, key: Uint8Array): Promise<PrefixedTransformer> {
  if (key.length !== keyBytes) throw new RangeError(`a key of secretbox must have ${keyBytes} bytes`);
  const keyObject = createSecretKey(key);
  const { default: sodium } = await import("libsodium-wrappers");
  await sodium.ready;
  const prefix = keyPrefix("secretbox", keyName);
  const boxStart = prefix.length + nonceBytes;
  return {
    prefix,
    toStorage(plaintext) {
      const head = Buffer.allocUnsafe(boxStart);
      head.set(prefix);
      nonces.fillInto(head, prefix.length, nonceBytes);
      const box = withKey((bytes) => sodium.crypto_secretbox_easy(plaintext, head.subarray(prefix.length), bytes));
      return Buffer.concat([head, box]);
    },
    fromStorage(stored) {
      try {
        const nonce = stored.subarray(prefix.length, boxStart);
        const box = stored.subarray(boxStart);
        return { plaintext: withKey((bytes) => sodium.crypto_secretbox_open_easy(box, nonce, bytes)), stale: false };
      } catch (error) {
        throw notAuthentic(error);
      }
    },
  };

  function withKey<T>(use: (bytes: Uint8Array) => T): T {
    const bytes = keyObject.export();
    try {
      return use(bytes);
    } finally {
      bytes.fill(0);
    }
  }
}
