/**
 * Removes what no longer belongs to any secret: payloads whose promotion was
 * never committed, and trash past its retention with its versions.
 */
import { toRevision } from "../../store/revision.ts";
import type { Operation, Store } from "../../store/store.ts";
import { payloadIdOfPromotionKey, payloadPrefix, promotionPrefix, trashPrefix } from "../registry-keys.ts";
import type { SecretIdentity } from "../registry-keys.ts";

/** A payload may wait this long for the transaction that makes it current. */
const orphanAgeMs = 60 * 60 * 1000;
/** Deleted secrets stay restorable this long. */
export const defaultTrashRetentionMs = 30 * 24 * 60 * 60 * 1000;

const pageRecords = 1000;

export interface SweepResult {
  readonly orphans: number;
  readonly purged: number;
}

/** One sweep over the whole store, in pages of keys; nothing is decrypted. */
export async function sweepSecrets(request: {
  readonly store: Store;
  readonly now: Date;
  readonly trashRetentionMs: number;
}): Promise<SweepResult> {
  return { purged: await purgeTrash(request), orphans: await removeOrphans(request.store, request.now) };
}

async function purgeTrash(request: {
  readonly store: Store;
  readonly now: Date;
  readonly trashRetentionMs: number;
}): Promise<number> {
  let purged = 0;
  const horizon = request.now.getTime() - request.trashRetentionMs;
  for await (const record of keys(request.store, trashPrefix())) {
    // The time of deletion is in the record, which is the only one read here.
    const stored = await request.store.get(record.key);
    if (stored === undefined || deletedAtMs(stored.value) > horizon) continue;
    const [namespaceUid = "", uid = ""] = record.key.slice(trashPrefix().length).split("/");
    await purge(request.store, { namespaceUid, uid }, record.key);
    purged++;
  }
  return purged;
}

function deletedAtMs(value: Uint8Array): number {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  // Written by Secrets.delete: the first line names who deleted it, and when.
  const head = JSON.parse(bytes.toString("utf8", 0, bytes.indexOf(10))) as { deleted: { time: string } };
  return Date.parse(head.deleted.time);
}

/** Payloads and promotions first, the trash record last: an interrupted purge is taken up again by the next sweep. */
async function purge(store: Store, identity: SecretIdentity, key: string): Promise<void> {
  for (const prefix of [promotionPrefix(identity), payloadPrefix(identity)]) {
    for await (const record of keys(store, prefix)) {
      await store.txn({ compares: [], thens: [{ type: "delete", key: record.key }] });
    }
  }
  await store.txn({ compares: [], thens: [{ type: "delete", key }] });
}

async function removeOrphans(store: Store, now: Date): Promise<number> {
  const old = (await store.revisionAt(now.getTime() - orphanAgeMs)) ?? toRevision(0);
  let removed = 0;
  let identity = "";
  let referenced = new Set<string>();
  for await (const record of keys(store, "/strongroom/payloads/")) {
    if (record.modRevision > old) continue;
    const [namespaceUid = "", uid = "", payload = ""] = record.key.slice("/strongroom/payloads/".length).split("/");
    if (identity !== `${namespaceUid}/${uid}`) {
      identity = `${namespaceUid}/${uid}`;
      referenced = await referencedPayloads(store, { namespaceUid, uid });
    }
    if (referenced.has(payload)) continue;
    const thens: Operation[] = [{ type: "delete", key: record.key }];
    await store.txn({ compares: [], thens });
    removed++;
  }
  return removed;
}

async function referencedPayloads(store: Store, identity: SecretIdentity): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const record of keys(store, promotionPrefix(identity))) ids.add(payloadIdOfPromotionKey(record.key));
  return ids;
}

async function* keys(store: Store, prefix: string) {
  let after: string | undefined;
  do {
    const page = await store.range(prefix, { after, limit: pageRecords, keysOnly: true });
    yield* page.records;
    after = page.more ? page.records.at(-1)?.key : undefined;
  } while (after !== undefined);
}
