/**
 * How much history a secret keeps. History yields before writes do: over a
 * limit, the oldest versions go; a write is never refused for its history.
 */
import type { Operation, Store, StoredRecord } from "../../store/store.ts";
import { payloadIdOfPromotionKey, payloadKey, payloadPrefix, promotionPrefix } from "../registry-keys.ts";
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
 * until the count is there, a namespace is taken to be within its budget.
 */
export class NamespaceUsage {
  readonly #store: Store;
  readonly #bytes = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Notes a change; starts the count of a namespace not seen before. */
  add(namespaceUid: string, bytes: number): void {
    const known = this.#bytes.get(namespaceUid);
    this.#bytes.set(namespaceUid, (known ?? 0) + bytes);
    if (known !== undefined) return;
    this.#count(namespaceUid).catch(() => {
      // The count is only needed for the budget; it starts again with the next write.
      this.#bytes.delete(namespaceUid);
    });
  }

  /** Whether the namespace is known to hold more than `bytesMax`. */
  exceeds(namespaceUid: string, bytesMax: number): boolean {
    return (this.#bytes.get(namespaceUid) ?? 0) > bytesMax;
  }

  async #count(namespaceUid: string): Promise<void> {
    const prefix = payloadPrefix({ namespaceUid });
    let total = 0;
    let after: string | undefined;
    do {
      const page = await this.#store.range(prefix, { after, keysOnly: true, limit: 1000 });
      for (const record of page.records) total += record.sizeBytes;
      after = page.more ? page.records.at(-1)?.key : undefined;
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    } while (after !== undefined);
    this.#bytes.set(namespaceUid, total);
  }
}
