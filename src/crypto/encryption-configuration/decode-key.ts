import type { Redacted } from "../redacted.ts";

/**
 * The bytes of a key, in a buffer that the caller zeroes; undefined when it is not base64 as Go reads it: the standard alphabet with
 * padding, line ends passed over, bits beyond the last byte not looked at.
 */
export function decodeKey(secret: Redacted<string>): Buffer | undefined {
  const text = secret.reveal().replaceAll(/[\r\n]/g, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined;
  const shared = Buffer.from(text, "base64"); // may be of node's pool, which nobody zeroes
  const bytes = Buffer.alloc(shared.length, shared);
  shared.fill(0);
  return bytes;
}
