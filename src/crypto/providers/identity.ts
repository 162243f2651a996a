import { notAuthentic } from "../not-authentic.ts";
import { startsWith } from "../starts-with.ts";
import type { PrefixedTransformer } from "../transformer-chain.ts";
import { encryptedPrefix } from "./provider-prefix.ts";

const encrypted = Buffer.from(encryptedPrefix);

/**
 * The provider that does not encrypt: what it writes can be read by whoever has the disk. It reads nothing that says of itself
 * that it is encrypted, so that the providers after it have their turn.
 *
 * Source: kubernetes/apiserver pkg/storage/value/encrypt/identity/identity.go.
 */
export const identityTransformer: PrefixedTransformer = {
  prefix: new Uint8Array(0),
  toStorage: (plaintext) => plaintext,
  fromStorage(stored) {
    if (!startsWith(stored, encrypted)) return { plaintext: stored, stale: false };
    throw notAuthentic(new Error("identity transformer tried to read encrypted data"));
  },
};
