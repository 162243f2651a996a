/** Writes a backup: everything of a store at one revision, encrypted for others than the store is. */
import type { Disclosure } from "../audit/audit-event.ts";
import { decodeCurrentRecord, objectUidOf } from "../core/secrets/canonical-secret.ts";
import { objectPrefix, trashPrefix } from "../core/registry-keys.ts";
import { decodeTrashHead } from "../core/secrets/secret-trash.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { OpenedSnapshots } from "../store/encrypted-store.ts";
import type { SnapshotItem, SnapshotRecord } from "../store/mvcc/snapshot-stream.ts";
import { checkBackupLock, encryptAge } from "./age-file.ts";
import type { BackupLock } from "./age-file.ts";
import type { BackupHead, SignBackup } from "./backup-manifest.ts";
import { BackupWriter } from "./backup-stream.ts";
import { isInBackup } from "./contents.ts";

/** Some bytes of a backup, and the secrets whose values are in it from here on: they must be on record before these bytes leave. */
export interface BackupPiece {
  readonly bytes: Buffer;
  readonly disclosed: readonly Disclosure[];
}

export interface CreateBackupOptions {
  readonly store: OpenedSnapshots;
  readonly lock: BackupLock;
  /** The data directory's id. */
  readonly instance: string;
  readonly productVersion: string;
  readonly now: () => Date;
  readonly sign: SignBackup | undefined;
}

/** Plaintext is gathered into pieces of about this size. */
const pieceBytes = 128 * 1024;
/** A backup has a secret with all of its keys, and of all of its versions. */
const everyKey = ["*"];
const secretsPrefix = objectPrefix("secrets", "");

/**
 * The backup, piece by piece, in bounded memory. `started` is told of what it is before the first piece. Raises `invalid` for a lock that
 * is none, `compacted` when the history that it is read from has gone before it was done, and `corrupt` for a record that does not open:
 * a backup that is not whole is none.
 */
export async function* createBackup(
  options: CreateBackupOptions,
  started: (head: BackupHead) => Promise<void>,
): AsyncGenerator<BackupPiece> {
  await checkBackupLock(options.lock);
  const disclosed: Disclosure[] = [];
  const plain = plaintext(options, started, (secret) => void disclosed.push(secret));
  // Not even the envelope's header leaves before `started` was told.
  const first = await plain.next();
  // What a piece was made of has been read by then, so nothing leaves before it is told of.
  for await (const bytes of encryptAge(joined(first, plain), options.lock)) {
    yield { bytes, disclosed: disclosed.splice(0) };
  }
}

async function* joined(first: IteratorResult<Buffer>, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}

async function* plaintext(
  options: CreateBackupOptions,
  started: (head: BackupHead) => Promise<void>,
  disclose: (secret: Disclosure) => void,
): AsyncGenerator<Buffer> {
  let writer: BackupWriter | undefined;
  let parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const item of readable(options.store)) {
    if (item.type === "header") {
      const head = headOf(options, item.header);
      await started(head);
      writer = new BackupWriter(head);
      parts = writer.start();
      continue;
    }
    if (item.type === "record" && !isInBackup(item.record.key)) continue;
    if (item.type === "record") discloseSecret(item.record, disclose);
    for (const part of writer?.add(item) ?? []) {
      parts.push(part);
      bytes += part.length;
    }
    if (bytes < pieceBytes) continue;
    yield Buffer.concat(parts);
    parts = [];
    bytes = 0;
  }
  yield Buffer.concat([...parts, ...(writer?.end(options.sign) ?? [])]);
}

/** Says what a backup can do about history that went: be made again. */
async function* readable(store: OpenedSnapshots): AsyncGenerator<SnapshotItem> {
  try {
    yield* store.openedSnapshot();
  } catch (error) {
    if (!(error instanceof StrongroomError) || error.code !== "compacted") throw error;
    const text =
      "the history of the store must outlast the backup: keep more of it (history.retainBytes), or try again";
    throw new StrongroomError("unavailable", text, { cause: error });
  }
}

function headOf(
  { instance, productVersion, now }: CreateBackupOptions,
  header: { readonly revision: number; readonly ttlLeaseSequence: number },
): BackupHead {
  const { revision, ttlLeaseSequence } = header;
  const created = now().toISOString();
  return {
    apiVersion: "strongroom.dev/v1",
    kind: "Backup",
    instance,
    productVersion,
    revision,
    created,
    ttlLeaseSequence,
  };
}

/** Secrets, and deleted ones: their values and those of their versions are in other records, which come later. */
function discloseSecret({ key, value, modRevision }: SnapshotRecord, disclose: (secret: Disclosure) => void): void {
  const resourceVersion = String(modRevision);
  if (key.startsWith(secretsPrefix)) {
    const [namespace = "", name = ""] = key.slice(secretsPrefix.length).split("/");
    const uid = objectUidOf(decodeCurrentRecord(key, value).book);
    disclose({ namespace, name, uid, resourceVersion, keys: everyKey });
  } else if (key.startsWith(trashPrefix())) {
    const { namespace, name, book } = decodeTrashHead(key, value);
    disclose({ namespace, name, uid: objectUidOf(book), resourceVersion, keys: everyKey });
  }
}
