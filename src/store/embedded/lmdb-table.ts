import type { RootDatabase } from "lmdb";

import type { KeyCodec, ValueCodec } from "./table-codec.ts";

export interface TableInterval<K> {
  readonly start: K;
  readonly end?: K;
  /** Leave `start` itself out. */
  readonly exclusiveStart?: boolean;
  readonly limit?: number;
}

/**
 * The part of an lmdb-js database that is used, typed by our own keys (the
 * library's types know only the keys of its own encoding). Puts and removes must
 * be made within a batch of the root.
 */
export interface LmdbTable<K, V> {
  get(key: K): V | undefined;
  getRange(interval: TableInterval<K>): Iterable<{ readonly key: K; readonly value: V }>;
  getKeys(interval: TableInterval<K>): Iterable<K>;
  getKeysCount(interval: TableInterval<K>): number;
  put(key: K, value: V): unknown;
  remove(key: K): unknown;
  clearAsync(): unknown;
  getStats(): TableStats;
}

/** How many pages of the file a table has. */
export interface TableStats {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

/** Opens, or creates, a table whose values have a codec. */
export function openTable<K, V>(
  root: RootDatabase<Buffer, string>,
  name: string,
  keyEncoder: KeyCodec<K>,
  encoder: ValueCodec<V>,
): LmdbTable<K, V> {
  return openAny(root, name, keyEncoder, { encoder });
}

/** Opens, or creates, a table of plain bytes; what `get` returns is a copy. */
export function openBytesTable<K>(
  root: RootDatabase<Buffer, string>,
  name: string,
  keyEncoder: KeyCodec<K>,
): LmdbTable<K, Uint8Array> {
  return openAny(root, name, keyEncoder, { encoding: "binary" });
}

function openAny<K, V>(
  root: RootDatabase<Buffer, string>,
  name: string,
  codec: KeyCodec<K>,
  options: object,
): LmdbTable<K, V> {
  const keyEncoder = {
    // To clear a table the library writes a "key" of its own: an empty buffer.
    writeKey: (key: K, target: Buffer, position: number): number =>
      key instanceof Uint8Array ? position : codec.writeKey(key, target, position),
    readKey: (source: Buffer, start: number, end: number): K => codec.readKey(source, start, end),
  };
  const table = { name, keyEncoder, ...options };
  return root.openDB(table) as unknown as LmdbTable<K, V>; // the encoders make keys and values these
}
