/**
 * How much history a secret keeps. History yields before writes do: over a
 * limit, the oldest versions go; a write is never refused for its history.
 */
import type { Operation, Store, StoredRecord } from "../../store/store.ts";
import { payloadIdOfPromotionKey, payloadKey, payloadPrefix, promotionPrefix } from "../registry-keys.ts";
import type { Revision } from "../../store/revision.ts";
import type { SecretBook } from "./canonical-secret.ts";

export interface VersionLimits {
  /** Promotions kept per secret, the current one included. */
  readonly promotionsMax: number;
  /** Payload bytes kept per secret. */
  readonly secretBytesMax: number;
  /** Payload bytes kept per namespace; over it, a write keeps no older versions of its secret. */
  readonly namespaceBytesMax: number;
}

export const defaultVersionLimits: VersionLimits = {
  promotionsMax: 100,
  secretBytesMax: 256 * 1024 * 1024,
  namespaceBytesMax: 4 * 1024 * 1024 * 1024,
};

export interface Pruned {
  readonly operations: readonly Operation[];
  /** Payload bytes of all kept versions after these operations, the new one included. */
  readonly versionsBytes: number;
}

/**
 * What must go so that the new current version in `book` fits the limits: the
 * oldest promotions first, and payloads that no kept promotion points at.
 */
export async function pruneVersions(request: {
  readonly store: Store;
  /** Bookkeeping of the new state: promotion number and bytes with the new version counted. */
  readonly book: SecretBook;
  readonly limits: VersionLimits;
  readonly namespaceFull: boolean;
}): Promise<Pruned> {
  const { book, limits } = request;
  const number = book.promotion?.number ?? 0;
  const due = number > limits.promotionsMax || book.versionsBytes > limits.secretBytesMax || request.namespaceFull;
  if (!due) return { operations: [], versionsBytes: book.versionsBytes };

  const promotions = await request.store.range(promotionPrefix(book), { keysOnly: true });
  const payloads = await request.store.range(payloadPrefix(book), { keysOnly: true });
  const sizes = new Map(payloads.records.map((record) => [record.key, record.sizeBytes]));
  const kept = keepNewest(promotions.records, { book, limits, sizes, namespaceFull: request.namespaceFull });

  const keptPayloads = new Set(kept.records.map((record) => payloadKey(book, payloadIdOfPromotionKey(record.key))));
  const keptKeys = new Set(kept.records.map((record) => record.key));
  const operations: Operation[] = [];
  for (const record of promotions.records) {
    if (!keptKeys.has(record.key)) operations.push({ type: "delete", key: record.key });
  }
  for (const record of payloads.records) {
    if (!keptPayloads.has(record.key)) operations.push({ type: "delete", key: record.key });
  }
  return { operations, versionsBytes: kept.bytes };
}

function keepNewest(
  promotions: readonly StoredRecord[],
  request: {
    readonly book: SecretBook;
    readonly limits: VersionLimits;
    readonly sizes: ReadonlyMap<string, number>;
    readonly namespaceFull: boolean;
  },
): { readonly records: readonly StoredRecord[]; readonly bytes: number } {
  // The new version is not stored yet; it takes one of the promotions and its own bytes.
  let bytes = request.book.payloadBytes;
  const records: StoredRecord[] = [];
  if (request.namespaceFull) return { records, bytes };
  for (const record of promotions.toReversed()) {
    if (records.length + 1 >= request.limits.promotionsMax) break;
    const size = request.sizes.get(payloadKey(request.book, payloadIdOfPromotionKey(record.key))) ?? 0;
    if (bytes + size > request.limits.secretBytesMax) break;
    bytes += size;
    records.push(record);
  }
  return { records, bytes };
}

/**
 * Payload bytes per namespace, to hold the budget. Counted once per namespace in
 * the background from key sizes (no value is decrypted), then kept by addition;
 * until the count is there, a namespace is taken to be within its budget. What is
 * removed beside writes (trash, orphans) asks for a new count.
 */
export class NamespaceUsage {
  readonly #store: Store;
  readonly #bytes = new Map<string, number>();
  /** What was noted while a count of the namespace was under way, in which it may or may not be. */
  readonly #noted = new Map<string, { readonly bytes: number; readonly revision: Revision }[]>();
  /** Namespaces whose count, under way, may have begun before what it has to see. */
  readonly #again = new Set<string>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Notes a change that was committed at `revision`; starts the count of a namespace not seen before. */
  add(namespaceUid: string, bytes: number, revision: Revision): void {
    const known = this.#bytes.get(namespaceUid);
    this.#bytes.set(namespaceUid, (known ?? 0) + bytes);
    this.#noted.get(namespaceUid)?.push({ bytes, revision });
    if (known !== undefined) return;
    this.#count(namespaceUid).catch(() => {
      // The count is only needed for the budget; it starts again with the next write.
      this.#bytes.delete(namespaceUid);
    });
  }

  /** Counts anew what was counted before; until that is done, the old count holds. Raises as the store's reads. */
  async recount(namespaceUid: string): Promise<void> {
    if (this.#noted.has(namespaceUid)) this.#again.add(namespaceUid);
    else if (this.#bytes.has(namespaceUid)) await this.#count(namespaceUid);
  }

  /** Whether the namespace is known to hold more than `bytesMax`. */
  exceeds(namespaceUid: string, bytesMax: number): boolean {
    return (this.#bytes.get(namespaceUid) ?? 0) > bytesMax;
  }

  async #count(namespaceUid: string): Promise<void> {
    const noted: { readonly bytes: number; readonly revision: Revision }[] = [];
    this.#noted.set(namespaceUid, noted);
    try {
      let counted;
      do {
        counted = await this.#stored(payloadPrefix({ namespaceUid }));
      } while (this.#again.delete(namespaceUid));
      const later = noted.filter(({ revision }) => revision > counted.revision);
      this.#bytes.set(
        namespaceUid,
        later.reduce((sum, { bytes }) => sum + bytes, counted.bytes),
      );
    } finally {
      this.#again.delete(namespaceUid);
      this.#noted.delete(namespaceUid);
    }
  }

  /** The bytes under a prefix at one revision. */
  async #stored(prefix: string): Promise<{ readonly bytes: number; readonly revision: Revision }> {
    let page = await this.#store.range(prefix, { keysOnly: true, limit: 1000 });
    const { revision } = page;
    let bytes = 0;
    for (;;) {
      for (const record of page.records) bytes += record.sizeBytes;
      if (!page.more) return { bytes, revision };
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      const after = page.records.at(-1)?.key;
      page = await this.#store.range(prefix, { after, revision, keysOnly: true, limit: 1000 });
    }
  }
}
