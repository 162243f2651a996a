import type { TransformContext } from "./transformer.ts";

/**
 * What a ciphertext is bound to, as bytes: the storage key in UTF-8 - exactly upstream's
 * authenticated data - and, where the revision is known, NUL and the mod revision in
 * decimal: `/registry/secrets/default/db\0` + `4711`. Keys hold no NUL, so no two
 * contexts have the same bytes, and a record that is bound to its revision never opens without it.
 */
export function authenticatedDataOf(context: TransformContext): Buffer {
  const { key, revision } = context;
  return Buffer.from(revision === undefined ? key : `${key}\0${revision}`);
}
