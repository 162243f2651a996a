import { createHash, timingSafeEqual } from "node:crypto";

/**
 * Whether two secrets are equal, in a time that does not depend on where they
 * differ. Strings are compared by their UTF-8 bytes. Both sides are hashed with
 * SHA-256 first, so that unequal lengths are no special case (`timingSafeEqual`
 * throws on them) and what is compared is always 32 bytes.
 *
 * The time does depend on the length of each argument. The JavaScript engine
 * gives no formal guarantee about the rest: this removes the early exit, no more.
 */
export function equalSecrets(a: Uint8Array | string, b: Uint8Array | string): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}

/**
 * Whether two digests or MACs of one algorithm are equal, by `timingSafeEqual`.
 * Unequal lengths are unequal digests, never an exception; the length of a digest is no secret.
 */
export function equalDigests(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function sha256(value: Uint8Array | string): Buffer {
  return createHash("sha256").update(value).digest();
}
