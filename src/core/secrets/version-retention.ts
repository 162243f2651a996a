/**
 * How much history a secret keeps. History yields before writes do: over a
 * limit, the oldest versions go; a write is never refused for its history.
 */
import type { Operation, Store, StoredRecord } from "../../store/store.ts";
import {
  numberOfPromotionKey,
  payloadIdOfPromotionKey,
  payloadKey,
  payloadPrefix,
  promotionPrefix,
} from "../registry-keys.ts";
import type { Revision } from "../../store/revision.ts";
import { decodePayloadBytes, decodePromotion } from "./canonical-secret.ts";
import type { Promotion, SecretBook } from "./canonical-secret.ts";

export interface VersionLimits {
  /** Promotions kept per secret, the current one included. */
  readonly promotionsMax: number;
  /** Younger promotions are kept beyond that number. */
  readonly keptMsMin: number;
  /** Payload bytes kept per secret. */
  readonly secretBytesMax: number;
  /** Payload bytes kept per namespace; over it, a write keeps no older versions of its secret. */
  readonly namespaceBytesMax: number;
}

export const defaultVersionLimits: VersionLimits = {
  promotionsMax: 100,
  keptMsMin: 24 * 60 * 60 * 1000,
  secretBytesMax: 256 * 1024 * 1024,
  namespaceBytesMax: 4 * 1024 * 1024 * 1024,
};

export interface Pruned {
  readonly operations: readonly Operation[];
  /** Payload bytes of all kept versions after these operations, the new one included. */
  readonly versionsBytes: number;
  /** How many of them the number and the age would have kept: they go for their bytes. */
  readonly cutShort: number;
}

/** What a kept version costs beside its payload: its records, and that somebody lists it. Bounds versions that are empty. */
const overheadBytes = 1024;

/** A write removes at most so many versions; the next ones remove the rest. Two records each, within a transaction of etcd. */
const removedMax = 48;

/** Nearly always one version is over the limit, and the one after it is not. */
const firstLookPromotions = 2;

/**
 * What must go so that the new current version in `book` fits the limits: the oldest promotions first, and payloads that
 * no kept promotion points at.
 */
export async function pruneVersions(request: PruneRequest): Promise<Pruned> {
  const { book, limits } = request;
  const number = book.promotion?.number ?? 0;
  const overBytes = book.versionsBytes + number * overheadBytes > limits.secretBytesMax;
  if (number <= limits.promotionsMax && !overBytes && !request.namespaceFull) {
    return { operations: [], versionsBytes: book.versionsBytes, cutShort: 0 };
  }
  return new Pruning(request, number).run();
}

export interface PruneRequest {
  readonly store: Store;
  /** Bookkeeping of the new state: promotion number and bytes with the new version counted. */
  readonly book: SecretBook;
  readonly limits: VersionLimits;
  readonly namespaceFull: boolean;
  readonly now: Date;
}

class Pruning {
  readonly #request: PruneRequest;
  readonly #newest: number;
  readonly #operations: Operation[] = [];
  #bytes: number;
  #removed = 0;
  #cutShort = 0;
  #referenced: ReadonlyMap<string, number> | undefined;

  constructor(request: PruneRequest, newest: number) {
    this.#request = request;
    this.#newest = newest;
    this.#bytes = request.book.versionsBytes;
  }

  async run(): Promise<Pruned> {
    const { store, book } = this.#request;
    let after: string | undefined;
    for (let limit = firstLookPromotions; this.#removed < removedMax; limit = removedMax) {
      const page = await store.range(promotionPrefix(book), { after, limit });
      for (const record of page.records) {
        if (!(await this.#removeIfOver(record))) return this.#result();
        if (this.#removed >= removedMax) return this.#result();
      }
      after = page.records.at(-1)?.key;
      if (!page.more) return this.#result();
    }
    return this.#result();
  }

  #result(): Pruned {
    return { operations: this.#operations, versionsBytes: this.#bytes, cutShort: this.#cutShort };
  }

  /** Whether the oldest version that is left was over a limit, and goes. */
  async #removeIfOver(record: StoredRecord): Promise<boolean> {
    const { limits, namespaceFull, now, book } = this.#request;
    const promotion = decodePromotion(record.value);
    const kept = this.#newest - promotion.number + 1;
    const isYoung = now.getTime() - Date.parse(promotion.time) < limits.keptMsMin;
    const isAskedFor = kept <= limits.promotionsMax || isYoung;
    const overBytes = namespaceFull || this.#bytes + kept * overheadBytes > limits.secretBytesMax;
    if (isAskedFor && !overBytes) return false;
    if (isAskedFor) this.#cutShort++;
    this.#removed++;
    this.#operations.push({ type: "delete", key: record.key });
    if (!(await this.#isNeeded(promotion))) {
      this.#operations.push({ type: "delete", key: payloadKey(book, promotion.payload) });
      this.#bytes -= await this.#lengthOf(promotion);
    }
    return true;
  }

  /** Whether the new promotion or a later one points at the same payload. */
  async #isNeeded({ payload, number }: Promotion): Promise<boolean> {
    const { book } = this.#request;
    if (book.promotion?.payload === payload) return true;
    if (book.sharesPayloads !== true) return false;
    this.#referenced ??= await this.#lastReferences();
    return (this.#referenced.get(payload) ?? 0) > number;
  }

  async #lastReferences(): Promise<ReadonlyMap<string, number>> {
    const { store, book } = this.#request;
    const { records } = await store.range(promotionPrefix(book), { keysOnly: true });
    return new Map(records.map(({ key }) => [payloadIdOfPromotionKey(key), numberOfPromotionKey(key)]));
  }

  async #lengthOf({ bytes, payload }: Promotion): Promise<number> {
    if (bytes !== undefined) return bytes;
    const key = payloadKey(this.#request.book, payload);
    const stored = await this.#request.store.get(key);
    return stored === undefined ? 0 : decodePayloadBytes(key, stored.value).length;
  }
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
