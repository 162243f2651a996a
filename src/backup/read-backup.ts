/** Reads a backup: to verify it, and to fill a store from it. */
import { BackupError } from "./backup-error.ts";
import type { SnapshotItem } from "../store/mvcc/snapshot-stream.ts";
import { toRevision } from "../store/revision.ts";
import { decryptAge } from "./age-file.ts";
import type { BackupKey } from "./age-file.ts";
import { revisionsLeftOut } from "./backup-manifest.ts";
import type { BackupHead, BackupManifest } from "./backup-manifest.ts";
import { isSignatureGood } from "./backup-signature.ts";
import { decodeBackup } from "./backup-stream.ts";
import type { BackupContent, BackupItem } from "./backup-stream.ts";

/** What a whole backup says of itself. */
export interface BackupSummary {
  readonly head: BackupHead;
  readonly manifest: BackupManifest;
}

export interface ReadBackupOptions {
  readonly file: AsyncIterable<Uint8Array>;
  readonly key: BackupKey;
  /** The key that it must be signed with: SubjectPublicKeyInfo, base64. Undefined: by any, or not. */
  readonly publicKey?: string | undefined;
}

/**
 * The items of a backup: its head first, its manifest last; until that has come nothing may be believed. Raises `sealed` for a key that
 * does not open it, `invalid` for what is no backup, or is of a newer format, and `corrupt` for one that is not as it was written, or
 * not signed as it must be.
 */
export async function* readBackup({ file, key, publicKey }: ReadBackupOptions): AsyncGenerator<BackupItem> {
  for await (const item of decodeBackup(decryptAge(file, key))) {
    if (item.type === "manifest") checkSignature(item.manifest, publicKey);
    yield item;
  }
}

/** Reads and authenticates all of it. Raises as {@link readBackup}. */
export async function verifyBackup(options: ReadBackupOptions): Promise<BackupSummary> {
  let head: BackupHead | undefined;
  let manifest: BackupManifest | undefined;
  for await (const item of readBackup(options)) {
    if (item.type === "head") head = item.head;
    else if (item.type === "manifest") manifest = item.manifest;
  }
  if (head !== undefined && manifest !== undefined) return { head, manifest };
  throw new BackupError("corrupt", "the backup must have a head and a manifest");
}

/**
 * A backup as the snapshot that a store is filled with, {@link revisionsLeftOut} above where it was. `done` is told, at the end, of what
 * it was. Raises as {@link readBackup}.
 */
export async function* snapshotOf(
  options: ReadBackupOptions,
  done: (summary: BackupSummary) => void,
): AsyncGenerator<SnapshotItem> {
  let head: BackupHead | undefined;
  for await (const item of readBackup(options)) {
    if (item.type === "head") {
      ({ head } = item);
      const revision = toRevision(head.revision + revisionsLeftOut);
      yield { type: "header", header: { revision, ttlLeaseSequence: head.ttlLeaseSequence } };
    } else if (item.type === "manifest") {
      if (head !== undefined) done({ head, manifest: item.manifest });
    } else yield item satisfies BackupContent;
  }
}

function checkSignature(manifest: BackupManifest, publicKey: string | undefined): void {
  const isGood = isSignatureGood(manifest);
  if (isGood === false) throw new BackupError("corrupt", "the signature of the backup must be good");
  if (publicKey === undefined || manifest.signature?.publicKey === publicKey) return;
  const found = manifest.signature === undefined ? "it has none" : "it is of another key";
  throw new BackupError("corrupt", `the signature of the backup must be of the key that was named: ${found}`);
}
