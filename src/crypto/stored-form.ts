/** What a stored record says of how it was written, without any key. */
import { encryptedPrefix } from "./providers/provider-prefix.ts";
import { startsWith } from "./starts-with.ts";

/** The form of a record that says nothing of encryption: it is in the clear. */
export const identityForm = "identity";

/** Longest beginning that is looked at: prefix, provider, and a name of the most bytes that there may be. */
const headBytesMax = 512;
const encrypted = Buffer.from(encryptedPrefix);

/** The form of what a transformer with this prefix writes: `aescbc:v1:key1`; `identity` for the empty prefix. */
export function formOfPrefix(prefix: Uint8Array): string {
  if (prefix.length === 0) return identityForm;
  return Buffer.from(prefix).toString("utf8").slice(encryptedPrefix.length, -1);
}

/**
 * The form of stored bytes. Names of keys may hold colons, so that one of `known`, the longest that fits, is taken before what ends at the
 * third colon. It says what a record claims, not what it is.
 */
export function formOfRecord(stored: Uint8Array, known: Iterable<string>): string {
  if (!startsWith(stored, encrypted)) return identityForm;
  const head = Buffer.from(stored.subarray(encryptedPrefix.length, headBytesMax)).toString("utf8");
  let longest = "";
  for (const form of known) if (form.length > longest.length && head.startsWith(`${form}:`)) longest = form;
  return longest === "" ? (/^[^:]*:[^:]*:[^:]*(?=:)/.exec(head)?.[0] ?? "unknown") : longest;
}
