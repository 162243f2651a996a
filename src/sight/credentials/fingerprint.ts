/** Tells equal values from different ones without keeping them. */
import { createHmac, createSecretKey, randomBytes } from "node:crypto";

/** The fingerprint of a value: 16 hexadecimal digits. */
export type Fingerprinter = (value: string | Uint8Array) => string;

/**
 * By HMAC-SHA-256, cut to 64 bits. The key must stay with whoever compares: with it, values of few possibilities can be
 * guessed. Without a key one is made, and fingerprints are comparable within the process only.
 */
export function fingerprinter(key: Uint8Array = randomBytes(32)): Fingerprinter {
  // A `KeyObject`: with raw bytes an Hmac takes five times as long.
  const copy = createSecretKey(key);
  return (value) => createHmac("sha256", copy).update(value).digest("hex").slice(0, 16);
}

/** Of this process: the key is nowhere else and ends with it. */
export const fingerprintOfProcess: Fingerprinter = fingerprinter();
