/**
 * Encryption at rest, in the vocabulary of Kubernetes: a transformer turns a
 * record's plaintext *to storage* and back *from storage*.
 *
 * Source of the semantics: kubernetes/apiserver pkg/storage/value/transformer.go.
 */
import type { Revision } from "../store/revision.ts";

/** What a ciphertext is bound to. */
export interface TransformContext {
  /** The storage key, e.g. `/registry/secrets/default/db`: always authenticated. */
  readonly key: string;
  /**
   * The record's mod revision where the engine knows it before the commit
   * (`Store.bindsRevision`): authenticated too, so that an old record of the same
   * key cannot be replayed as a new one. Undefined for bytes that are exchanged
   * with a real cluster's etcd, whose authenticated data is the key alone.
   */
  readonly revision: Revision | undefined;
}

export interface Opened {
  readonly plaintext: Uint8Array;
  /** Decrypted with anything but the key that writes now: a rewrite is due. */
  readonly stale: boolean;
}

export interface Transformer {
  /**
   * Encrypts. Synchronous, because it runs inside the commit that assigns the
   * revision; an implementation that needs a remote key holds a local seed.
   * Raises `sealed` when no key may be used for writing.
   */
  toStorage(plaintext: Uint8Array, context: TransformContext): Uint8Array;
  /**
   * Decrypts and authenticates. A promise only when a key must be fetched first.
   * Raises `corrupt` for bytes that are not authentic for this context - with one
   * text for every cause, so that it is no oracle - and `sealed` without keys.
   */
  fromStorage(stored: Uint8Array, context: TransformContext): Opened | Promise<Opened>;
}
