/**
 * Removes what no longer belongs to any secret: payloads whose promotion was
 * never committed, and trash past its retention with its versions.
 */
import type { Store } from "../../store/store.ts";
import { payloadIdOfPromotionKey, promotionPrefix, trashPrefix } from "../registry-keys.ts";
import type { SecretIdentity } from "../registry-keys.ts";
import { decodePayloadAuthorship } from "./canonical-secret.ts";
import { decodeTrashHead, purgeDeleted } from "./secret-trash.ts";

/** A payload may wait this long for the transaction that makes it current. */
const orphanAgeMs = 60 * 60 * 1000;
/** Deleted secrets stay restorable this long. */
export const defaultTrashRetentionMs = 30 * 24 * 60 * 60 * 1000;

const pageRecords = 1000;
const payloadsPrefix = "/strongroom/payloads/";

export interface SweepResult {
  readonly orphans: number;
  readonly purged: number;
}

export interface SweepRequest {
  readonly store: Store;
  readonly now: Date;
  readonly trashRetentionMs: number;
  /** Ends the sweep between two records: it rejects with the signal's reason, and the next one takes it up. */
  readonly signal?: AbortSignal | undefined;
  /** Told of each namespace in which payloads were removed, at the end. */
  readonly freed?: ((namespaceUid: string) => Promise<void>) | undefined;
}

/** One sweep over the whole store, in pages of keys; of values only those of trash and of orphans are read. */
export async function sweepSecrets(request: SweepRequest): Promise<SweepResult> {
  const sweep = new Sweep(request);
  const result = { purged: await sweep.purgeTrash(), orphans: await sweep.removeOrphans() };
  for (const namespaceUid of sweep.freed) await request.freed?.(namespaceUid);
  return result;
}

class Sweep {
  readonly #request: SweepRequest;
  readonly #store: Store;
  readonly freed = new Set<string>();

  constructor(request: SweepRequest) {
    this.#request = request;
    this.#store = request.store;
  }

  async purgeTrash(): Promise<number> {
    let purged = 0;
    const horizon = this.#request.now.getTime() - this.#request.trashRetentionMs;
    for await (const { key } of this.#keys(trashPrefix())) {
      const stored = await this.#store.get(key);
      if (stored === undefined || !isDue(decodeTrashHead(key, stored.value), horizon)) continue;
      const [namespaceUid = "", uid = ""] = key.slice(trashPrefix().length).split("/");
      const { signal } = this.#request;
      const removed = await purgeDeleted(this.#store, { namespaceUid, uid }, stored.modRevision, signal);
      // Restored since.
      if (removed === undefined) continue;
      this.freed.add(namespaceUid);
      purged++;
    }
    return purged;
  }

  async removeOrphans(): Promise<number> {
    let removed = 0;
    let identity = "";
    let referenced: ReadonlySet<string> = new Set();
    for await (const { key } of this.#keys(payloadsPrefix)) {
      const [namespaceUid = "", uid = "", payload = ""] = key.slice(payloadsPrefix.length).split("/");
      if (identity !== `${namespaceUid}/${uid}`) {
        identity = `${namespaceUid}/${uid}`;
        referenced = await this.#referencedPayloads({ namespaceUid, uid });
      }
      // A younger one may have been promoted since, or may be about to be.
      if (referenced.has(payload) || !(await this.#isOld(key))) continue;
      await this.#remove(key);
      this.freed.add(namespaceUid);
      removed++;
    }
    return removed;
  }

  /** By the time in the record: the store's own history may reach back less than an hour, e.g. after a restore. */
  async #isOld(key: string): Promise<boolean> {
    const stored = await this.#store.get(key);
    if (stored === undefined) return false;
    const { time } = decodePayloadAuthorship(key, stored.value);
    return Date.parse(time) <= this.#request.now.getTime() - orphanAgeMs;
  }

  async #referencedPayloads(identity: SecretIdentity): Promise<ReadonlySet<string>> {
    const ids = new Set<string>();
    for await (const { key } of this.#keys(promotionPrefix(identity))) ids.add(payloadIdOfPromotionKey(key));
    return ids;
  }

  async #remove(key: string): Promise<void> {
    await this.#store.txn({ compares: [], thens: [{ type: "delete", key }] });
  }

  /** Raises when the sweep is to end, rather than ending early: half of the promotions would make orphans of the rest. */
  async *#keys(prefix: string) {
    let after: string | undefined;
    do {
      const page = await this.#store.range(prefix, { after, limit: pageRecords, keysOnly: true });
      for (const record of page.records) {
        this.#request.signal?.throwIfAborted();
        yield record;
      }
      after = page.more ? page.records.at(-1)?.key : undefined;
    } while (after !== undefined);
  }
}

/** What somebody began to purge is due at once. */
function isDue({ deleted, purging }: ReturnType<typeof decodeTrashHead>, horizonMs: number): boolean {
  return purging === true || Date.parse(deleted.time) <= horizonMs;
}
