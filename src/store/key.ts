import { StrongroomError } from "../errors/strongroom-error.ts";

/** Longest key, in bytes. */
export const keyBytesMax = 1024;
/** Largest value, in bytes. */
export const valueBytesMax = 8 * 1024 * 1024;

// ASCII only, so that the order of JavaScript strings is the order of their bytes.
const printableAscii = /^[\x20-\x7e]*$/;

/** Raises `invalid` unless `key` is 1 to 1,024 bytes of printable ASCII. */
export function checkKey(key: string): void {
  if (key.length === 0) throw new StrongroomError("invalid", "a key must not be empty");
  checkPrefix(key);
}

/** As {@link checkKey}, but the empty string (every key) is a prefix too. */
export function checkPrefix(prefix: string): void {
  if (prefix.length > keyBytesMax) {
    throw new StrongroomError("too-large", `a key must be at most ${keyBytesMax} bytes`);
  }
  if (!printableAscii.test(prefix)) throw new StrongroomError("invalid", "a key must be printable ASCII");
}

/** A string above every key that begins with `prefix` and below every other key above them. */
export function prefixEnd(prefix: string): string {
  return `${prefix}\x7f`; // 0x7f is the first code above printable ASCII
}
