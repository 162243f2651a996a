import { LocalKeyManagementService } from "../../crypto/kms-v2/key-management-service.ts";
import type { KeyManagementService } from "../../crypto/kms-v2/key-management-service.ts";
import { RootKey, rootKeyBytes } from "../../crypto/root-key/root-key.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";

/** What anybody may know of a key. */
export interface KeyFacts {
  /** 32 hex digits, derived from the key: what kube-apiserver sees and stores as `key_id`. */
  readonly id: string;
  readonly madeAt: Date;
  /** From when on new seeds are encrypted under it, until the next key writes. It reads from the start. */
  readonly writesFrom: Date;
}

/** Most keys of a ring. */
export const ringKeysMax = 256;

/**
 * The keys of a plugin, the oldest first. One writes, all read.
 *
 * Which one writes depends on the clock only, so that all plugins of a control plane that have the same ring change to a new key
 * at the same time; and in one process it never goes back, whatever the clock does: kube-apiserver takes every change of the key id for
 * a rotation.
 */
export class KeyRing {
  readonly facts: readonly KeyFacts[];
  readonly #keys: readonly RootKey[];
  readonly #services: (KeyManagementService | undefined)[] = [];
  #writing = 0;

  /** Takes the bytes of all keys, one after the other, and zeroes them. Raises `sealed` unless each has the id that its facts name. */
  constructor(facts: readonly KeyFacts[], bytes: Buffer) {
    if (facts.length === 0 || bytes.length !== facts.length * rootKeyBytes) {
      bytes.fill(0);
      throw new StrongroomError("sealed", "a key ring must have the bytes of each of its keys");
    }
    this.facts = facts;
    this.#keys = facts.map((_, index) => new RootKey(bytes.subarray(index * rootKeyBytes, (index + 1) * rootKeyBytes)));
    for (const [index, { id }] of facts.entries()) this.#keys[index]?.verify(id);
  }

  /** The key that writes at a time: the last that is to, the first where none is yet. */
  writeKey(now: Date): KeyFacts {
    return at(this.facts, this.#indexAt(now));
  }

  /** Encrypts under the key that writes at that time, decrypts under each. */
  serviceAt(now: Date): KeyManagementService {
    const index = this.#indexAt(now);
    const writer = at(this.#keys, index);
    return (this.#services[index] ??= new LocalKeyManagementService(writer, this.#keys));
  }

  #indexAt(now: Date): number {
    this.#writing = Math.max(this.#writing, writingIndex(this.facts, now));
    return this.#writing;
  }
}

/** The place of the key that writes at a time. */
export function writingIndex(facts: readonly KeyFacts[], now: Date): number {
  return Math.max(
    0,
    facts.findLastIndex(({ writesFrom }) => writesFrom <= now),
  );
}

function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new RangeError("a key ring has a key at each of its places");
  return value;
}
