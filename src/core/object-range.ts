import type { Revision } from "../store/revision.ts";
import type { RangeResult, Store } from "../store/store.ts";
import { objectKey, objectPrefix } from "./registry-keys.ts";

/** A page of a resource's objects: of a namespace or all ("") and, with a name, of that one object. */
export interface ObjectRange {
  readonly namespace: string;
  readonly name?: string | undefined;
  /** Storage key to continue after. */
  readonly after?: string | undefined;
  readonly limit: number;
  readonly revision?: Revision | undefined;
}

/**
 * A page ends early when its values have so many bytes, so that a list needs memory for a page, whatever the size of
 * its objects.
 */
export const objectPageBytesMax = 4 * 1024 * 1024;

/** Reads a page of records. One name is read as a range too, so that it has the revision of a snapshot. */
export async function rangeOfObjects(store: Store, resource: string, range: ObjectRange): Promise<RangeResult> {
  const { after, revision } = range;
  if (range.name === undefined) {
    const bytesMax = objectPageBytesMax;
    return store.range(objectPrefix(resource, range.namespace), { after, revision, limit: range.limit, bytesMax });
  }
  // The key itself sorts before every longer key that begins with it.
  const key = objectKey(resource, range.namespace, range.name);
  const found = await store.range(key, { after, revision, limit: 1 });
  return { ...found, records: found.records.filter((record) => record.key === key), more: false };
}
