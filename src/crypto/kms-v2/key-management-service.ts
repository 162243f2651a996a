import type { KeyObject } from "node:crypto";

import { StrongroomError } from "../../errors/strongroom-error.ts";
import { unwrapKey, wrapKey } from "../key-wrapping.ts";
import type { RootKey } from "../root-key/root-key.ts";

/** A seed as a key management service has encrypted it; what `KeyManagementService` of KMS v2 answers to Encrypt. */
export interface WrappedSeed {
  readonly keyId: string;
  readonly ciphertext: Uint8Array;
  readonly annotations: ReadonlyMap<string, Uint8Array>;
}

/**
 * Encrypts and decrypts seeds: the service of Kubernetes KMS v2 (kubernetes/kms apis/v2),
 * called once per process and once per foreign seed, never per record. A plugin behind
 * a socket answers with promises; a key in this process answers at once.
 */
export interface KeyManagementService {
  encrypt(seed: Uint8Array): WrappedSeed | Promise<WrappedSeed>;
  /**
   * The seed, in a buffer that the caller zeroes. Raises `sealed` when the key it names cannot be
   * used here, `unavailable` when it cannot be reached, anything else when it is not authentic.
   */
  decrypt(wrapped: WrappedSeed): Uint8Array | Promise<Uint8Array>;
}

const label = "kms-v2/seed-wrapping";

/**
 * The key management service without a plugin: wraps seeds under a subkey of the root key.
 * The key id is the id of the root key; the ciphertext is nonce (12 random bytes), AES-256-GCM
 * ciphertext, tag (16); authenticated data are the label `strongroom.dev/kms-v2/seed`, NUL and the
 * key id. One seed is wrapped per process start, so random nonces are far from any limit.
 */
export class LocalKeyManagementService implements KeyManagementService {
  readonly #writeKeyId: string;
  readonly #wrappingKeys: ReadonlyMap<string, KeyObject>;

  /** `rootKey` wraps new seeds; `formerRootKeys` are only used to read what they once wrapped. */
  constructor(rootKey: RootKey, formerRootKeys: readonly RootKey[] = []) {
    this.#writeKeyId = rootKey.id;
    this.#wrappingKeys = new Map([...formerRootKeys, rootKey].map((key) => [key.id, key.derive(label)]));
  }

  encrypt(seed: Uint8Array): WrappedSeed {
    const keyId = this.#writeKeyId;
    const ciphertext = wrapKey(this.#wrappingKey(keyId), seed, authenticatedData(keyId));
    return { keyId, ciphertext, annotations: new Map() };
  }

  decrypt(wrapped: WrappedSeed): Uint8Array {
    const { keyId, ciphertext, annotations } = wrapped;
    const key = this.#wrappingKey(keyId);
    if (annotations.size > 0) {
      throw new StrongroomError("corrupt", "a wrapped seed must have the form of the local service");
    }
    return unwrapKey(key, ciphertext, authenticatedData(keyId));
  }

  #wrappingKey(keyId: string): KeyObject {
    const key = this.#wrappingKeys.get(keyId);
    if (key !== undefined) return key;
    throw new StrongroomError("sealed", "the root key that a record names must be available");
  }
}

function authenticatedData(keyId: string): Buffer {
  return Buffer.from(`strongroom.dev/kms-v2/seed\0${keyId}`);
}
