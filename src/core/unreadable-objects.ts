/** Objects whose records are not what was stored: nobody can read them, and so nothing but their name is known. */
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { Revision } from "../store/revision.ts";
import type { Store } from "../store/store.ts";
import { readable } from "./object-range.ts";

/** A record that cannot be read, as it is stored now. */
export interface UnreadableRecord {
  readonly key: string;
  readonly revision: Revision;
}

/** The record under `key`, when there is one and `read`, which reads its object, raises `corrupt`; else undefined. */
export async function findUnreadable(
  store: Store,
  key: string,
  read: () => Promise<unknown>,
): Promise<UnreadableRecord | undefined> {
  let isUnreadable = false;
  await readable(read, () => (isUnreadable = true));
  if (!isUnreadable) return undefined;
  const record = await store.get(key, { keysOnly: true });
  return record === undefined ? undefined : { key, revision: record.modRevision };
}

/**
 * Removes such a record and nothing else: which versions and owners its object had, nobody can say. Raises `conflict` when it was
 * replaced or removed since.
 */
export async function removeUnreadable(store: Store, { key, revision }: UnreadableRecord): Promise<Revision> {
  const result = await store.txn({
    compares: [{ key, target: "mod-revision", relation: "=", value: revision }],
    thens: [{ type: "delete", key, keysOnly: true }],
  });
  if (!result.succeeded)
    throw new StrongroomError("conflict", "the record must not have changed since it was looked at");
  return result.revision;
}
