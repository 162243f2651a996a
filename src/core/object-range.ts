import { isStrongroomError } from "../errors/strongroom-error.ts";
import type { StrongroomError } from "../errors/strongroom-error.ts";
import type { Revision } from "../store/revision.ts";
import type { RangeOptions, Store, StoredRecord } from "../store/store.ts";
import { objectKey, objectPrefix } from "./registry-keys.ts";

/** A page of a resource's objects: of a namespace or all ("") and, with a name, of that one object. */
export interface ObjectRange {
  readonly namespace: string;
  readonly name?: string | undefined;
  /** Storage key to continue after. */
  readonly after?: string | undefined;
  readonly limit: number;
  readonly revision?: Revision | undefined;
  /**
   * Told of each record that cannot be read, because it is not what was stored; the page has the others. Without it, such a
   * record fails the page.
   */
  readonly unreadable?: TellUnreadable | undefined;
}

export type TellUnreadable = (key: string, error: StrongroomError) => void;

export interface RecordPage {
  readonly records: readonly StoredRecord[];
  readonly revision: Revision;
  /** Key of the last record that was looked at, readable or not, when more follow. */
  readonly continueAfter: string | undefined;
}

/**
 * A page ends early when its values have so many bytes, so that a list needs memory for a page, whatever the size of
 * its objects.
 */
export const objectPageBytesMax = 4 * 1024 * 1024;

/** Reads a page of records. One name is read as a range too, so that it has the revision of a snapshot. */
export async function rangeOfObjects(store: Store, resource: string, range: ObjectRange): Promise<RecordPage> {
  const { after, revision, limit, name } = range;
  if (name === undefined) {
    const options = { after, revision, limit, bytesMax: objectPageBytesMax };
    return readPage(store, objectPrefix(resource, range.namespace), options, range.unreadable);
  }
  // The key itself sorts before every longer key that begins with it.
  const key = objectKey(resource, range.namespace, name);
  const found = await readPage(store, key, { after, revision, limit: 1 }, range.unreadable);
  return { ...found, records: found.records.filter((record) => record.key === key), continueAfter: undefined };
}

async function readPage(
  store: Store,
  prefix: string,
  options: RangeOptions,
  unreadable: TellUnreadable | undefined,
): Promise<RecordPage> {
  try {
    const { records, revision, more } = await store.range(prefix, options);
    return { records, revision, continueAfter: more ? records.at(-1)?.key : undefined };
  } catch (error) {
    if (unreadable === undefined || !isStrongroomError(error, "corrupt")) throw error;
  }
  const { records: places, revision, more } = await store.range(prefix, { ...options, keysOnly: true });
  const records: StoredRecord[] = [];
  for (const { key } of places) {
    const record = await readable(
      () => store.get(key, { revision }),
      (error) => unreadable(key, error),
    );
    if (record !== undefined) records.push(record);
  }
  return { records, revision, continueAfter: more ? places.at(-1)?.key : undefined };
}

/** What `read` resolves to; undefined, and told, when that is not what was stored. */
export async function readable<T>(
  read: () => Promise<T>,
  unreadable: (error: StrongroomError) => void,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isStrongroomError(error, "corrupt")) throw error;
    unreadable(error);
    return undefined;
  }
}
