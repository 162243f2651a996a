/** Removes a key that nothing needs: by the word of a snapshot of the cluster's etcd, history included. Whatever is not proven keeps it. */
import { readFile, stat } from "node:fs/promises";
import { errorCodeOf } from "../../crypto/private-file.ts";
import { strongroomCaller } from "../../crypto/kms/kms-plugin-client.ts";
import { rootKeyBytes } from "../../crypto/root-key/root-key.ts";
import { StoredForms } from "../../encryption-audit/stored-form.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { EtcdSnapshot } from "../../etcd-snapshot/etcd-snapshot.ts";
import { openRing, sealRing } from "./key-ring-file.ts";
import { writingIndex } from "./key-ring.ts";
import type { KeyFacts } from "./key-ring.ts";
import { replaceKeyFile } from "./manage-keys.ts";
import type { KeyFolder } from "./manage-keys.ts";
import { readKeyFileText, recordFilePath } from "./plugin-folder.ts";

/** For how long an API server may go on writing with a former key: a minute until it asks, three until it stops, and one more. */
export const stillWritingMs = 5 * 60_000;

/**
 * Takes a key out of the ring. Raises `not-found` for an id that is none of the ring's, and `conflict`, with the count, while anything needs
 * it or may: it writes or will; the snapshot is from before all API servers wrote with another key; a revision in the snapshot
 * names it or cannot be understood; the plugin was asked for it since; a Strongroom server is on record as having used it.
 */
export async function removeKey(at: KeyFolder, keyId: string, snapshotPath: string, now: Date): Promise<void> {
  const before = await readKeyFileText(at.folder);
  const { facts, bytes } = await openRing(before, at.passphrase);
  try {
    const index = facts.keys.findIndex(({ id }) => id === keyId);
    const stoppedAt = stoppedWriting(facts.keys, index, now);
    const takenAt = await snapshotTime(snapshotPath, stoppedAt);
    requireUnused(
      snapshotPath,
      keyId,
      facts.keys.slice(index + 1).map(({ id }) => id),
    );
    await requireNotOnRecord(at.folder, keyId, takenAt);
    const keys = facts.keys.toSpliced(index, 1);
    const rest = Buffer.concat([bytes.subarray(0, index * rootKeyBytes), bytes.subarray((index + 1) * rootKeyBytes)]);
    const sealed = await sealRing({ ...facts, keys, removed: [...facts.removed, keyId] }, rest, at.passphrase).finally(
      () => rest.fill(0),
    );
    await replaceKeyFile(at.folder, before, sealed);
  } finally {
    bytes.fill(0);
  }
}

/** From when on another key has written. */
function stoppedWriting(keys: readonly KeyFacts[], index: number, now: Date): Date {
  const next = keys[index + 1];
  if (index < 0) throw new StrongroomError("not-found", "the key must be one of the ring: strongroom kms-plugin keys");
  if (index >= writingIndex(keys, now) || next === undefined) throw inUse("it writes, or will: rotate first");
  return next.writesFrom;
}

async function snapshotTime(path: string, stoppedAt: Date): Promise<Date> {
  const { mtime } = await stat(path).catch((cause: unknown) => {
    throw new StrongroomError("invalid", `the snapshot ${path} must be readable (${errorCodeOf(cause)})`, { cause });
  });
  const soonest = new Date(stoppedAt.getTime() + stillWritingMs);
  if (mtime >= soonest) return mtime;
  throw inUse(`the snapshot must be from after ${soonest.toISOString()}, when all API servers write with another key`);
}

/** The time of a file is that of its last copy, so what is in it must be from after the key: something under a later one. */
function requireUnused(path: string, keyId: string, later: readonly string[]): void {
  const forms = new StoredForms();
  const counts = { current: 0, superseded: 0, unknown: 0, later: 0 };
  using snapshot = EtcdSnapshot.open(path);
  for (const { value, isCurrent, isDeletion } of snapshot.revisions()) {
    if (isDeletion) continue;
    const form = forms.of(value);
    if (form.provider === "unknown") counts.unknown++;
    if (form.keyId !== undefined && later.includes(form.keyId)) counts.later++;
    if (form.keyId === keyId) counts[isCurrent ? "current" : "superseded"]++;
  }
  const { current, superseded, unknown } = counts;
  if (current > 0) throw inUse(`${current} records in the snapshot need it: write them once more`);
  if (superseded > 0) throw inUse(`${superseded} superseded revisions in the snapshot need it: compact the etcd`);
  if (unknown > 0) throw inUse(`${unknown} revisions in the snapshot are in no form that is known`);
  if (counts.later === 0)
    throw inUse("the snapshot has no record under a later key: it may be from before, or another cluster's");
}

/**
 * Whoever still asks for it has something that needs it, whatever the snapshot says; and what a Strongroom server had encrypted - its root
 * key, its seeds - is in no etcd.
 */
async function requireNotOnRecord(folder: string, keyId: string, since: Date): Promise<void> {
  const text = await readFile(recordFilePath(folder), "utf8").catch((error: unknown) => {
    if (errorCodeOf(error) === "ENOENT") return "";
    throw error;
  });
  for (const line of text.split("\n")) {
    if (!line.includes(keyId)) continue;
    const { event, keyId: asked, time, uid } = parseRecord(line);
    if (asked !== keyId) continue;
    if (event === "encrypt" && String(uid).startsWith(strongroomCaller))
      throw inUse(`a Strongroom server had its root key or a seed encrypted under it at ${String(time)}`);
    if (event === "decrypt" && new Date(String(time)) >= since)
      throw inUse(`the plugin was asked for it at ${String(time)}, after the snapshot`);
  }
}

/** A line that was cut off is one of no call that was answered. */
function parseRecord(line: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(line)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function inUse(why: string): StrongroomError {
  return new StrongroomError("conflict", `a key is removed when nothing needs it: ${why}`);
}
