import { createSecretKey, hkdfSync, randomFillSync } from "node:crypto";
import type { KeyObject } from "node:crypto";

import { StrongroomError } from "../../errors/strongroom-error.ts";
import { equalSecrets } from "../constant-time.ts";

/** Length of a root key, and of every key derived from it. */
export const rootKeyBytes = 32;

/**
 * The key that everything stored depends on. It encrypts nothing itself: each use
 * has its own subkey ({@link RootKey.derive}), so that no two uses share a key.
 *
 * The bytes live in a `KeyObject` and there is no way to get them back out of
 * this class; only the custody that made or read them ever held them.
 */
export class RootKey {
  /**
   * Names the key: 32 hex digits, derived from it by HKDF. It is public (it stands in
   * stored records and in the instance record), reveals nothing about the key, and
   * doubles as the check value of {@link RootKey.verify}.
   */
  readonly id: string;
  readonly #key: KeyObject;

  /**
   * Takes 32 uniformly random bytes and zeroes the caller's buffer. Raises RangeError
   * for any other length. Never pass a passphrase: that is what `PassphraseCustody` is for.
   */
  constructor(bytes: Uint8Array) {
    if (bytes.length !== rootKeyBytes) throw new RangeError(`a root key must be ${rootKeyBytes} bytes`);
    this.#key = createSecretKey(bytes); // keeps a copy of its own
    bytes.fill(0);
    this.id = this.#expand("id", 16).toString("hex");
  }

  /**
   * The subkey of a use: HKDF-SHA256 (RFC 5869) of the root key, with the empty salt and
   * the info `strongroom.dev/root-key/v1/<label>`; 32 bytes. The same label always gives
   * the same subkey, and a label must never be given a second meaning. Labels are lower
   * case words joined by `-`, `.` or `/`; anything else raises RangeError.
   */
  derive(label: string): KeyObject {
    if (!/^[a-z0-9]+([-./][a-z0-9]+)*$/.test(label) || label === "id") {
      throw new RangeError(`a subkey label must be lower case words joined by "-", "." or "/", got "${label}"`);
    }
    const bytes = this.#expand(label, rootKeyBytes);
    const key = createSecretKey(bytes);
    bytes.fill(0);
    return key;
  }

  /**
   * Raises `sealed` unless this is the key of that id. The caller does this with the id
   * in the instance record before it opens, writes or migrates anything else.
   */
  verify(expectedId: string): void {
    if (equalSecrets(this.id, expectedId)) return;
    throw new StrongroomError(
      "sealed",
      `the root key must be the one that this data was encrypted with: expected key id ${expectedId}, got ${this.id}`,
    );
  }

  #expand(label: string, length: number): Buffer {
    return Buffer.from(hkdfSync("sha256", this.#key, "", `strongroom.dev/root-key/v1/${label}`, length));
  }
}

/** Fresh random bytes for a root key, in a buffer outside of the shared pool; the caller zeroes it. */
export function generateRootKeyBytes(): Buffer {
  return randomFillSync(Buffer.alloc(rootKeyBytes));
}
