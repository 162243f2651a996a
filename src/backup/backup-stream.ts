/**
 * What is inside a backup: one sequence of frames, as in a snapshot of the store (store/mvcc/snapshot-stream.ts), with values in
 * the clear. All numbers are big-endian.
 *
 *   magic     "strongroom-backup 1\n"
 *   frames    kind (1 byte), length of the payload (4 bytes), payload:
 *     B       JSON: what the backup is of ({@link BackupHead}); exactly one, first
 *     L, R    TTL leases and records, as in a snapshot; records in byte order of their keys
 *     M       JSON: how much there is of what ({@link BackupManifest}), with the SHA-256 of all bytes before this frame and,
 *             perhaps, a signature of it; exactly one, last: nothing follows it
 *
 * Until the last frame has come nothing of it may be believed.
 */
import { createHash } from "node:crypto";
import { BackupError } from "./backup-error.ts";
import { FrameReader } from "../store/mvcc/frame-reader.ts";
import {
  frameHeaderBytes,
  frameOf,
  payloadBytesMax,
  snapshotFrame,
  snapshotItem,
} from "../store/mvcc/snapshot-stream.ts";
import type { SnapshotItem } from "../store/mvcc/snapshot-stream.ts";
import { checkKey } from "../store/key.ts";
import { readHead, readManifest } from "./backup-manifest.ts";
import type { BackupHead, BackupManifest, SignBackup } from "./backup-manifest.ts";
import { ContentCounts, isInBackup } from "./contents.ts";

/** The format that this code writes, and the newest that it reads. */
export const backupFormat = 1;

const magicText = "strongroom-backup ";
const magic = Buffer.from(`${magicText}${backupFormat}\n`, "latin1");

/** A TTL lease or a record. */
export type BackupContent = Exclude<SnapshotItem, { readonly type: "header" }>;

export type BackupItem =
  | { readonly type: "head"; readonly head: BackupHead }
  | BackupContent
  | { readonly type: "manifest"; readonly manifest: BackupManifest };

/** Writes the frames of a backup, each in parts, and the manifest at the end. */
export class BackupWriter {
  readonly #head: BackupHead;
  readonly #hash = createHash("sha256");
  readonly #counts = new ContentCounts();

  constructor(head: BackupHead) {
    this.#head = head;
  }

  start(): Uint8Array[] {
    return this.#hashed([magic, ...frameOf("B", [Buffer.from(JSON.stringify(this.#head))])]);
  }

  add(content: BackupContent): Uint8Array[] {
    if (content.type === "record") this.#counts.add(content.record);
    return this.#hashed(snapshotFrame(content));
  }

  end(sign: SignBackup | undefined): Uint8Array[] {
    const sha256 = this.#hash.digest();
    const signature = sign?.(sha256);
    const manifest: BackupManifest = {
      records: this.#counts.records,
      contents: this.#counts.toRecord(),
      sha256: sha256.toString("hex"),
      ...(signature !== undefined && { signature }),
    };
    return frameOf("M", [Buffer.from(JSON.stringify(manifest))]);
  }

  #hashed(parts: Uint8Array[]): Uint8Array[] {
    for (const part of parts) this.#hash.update(part);
    return parts;
  }
}

/**
 * Reads the frames, item by item: the head first, the manifest last. Raises `invalid` for a newer format, and `corrupt` as soon as
 * it is seen that something is not as it was written: damaged, cut, out of order, or followed by anything.
 */
export async function* decodeBackup(stream: AsyncIterable<Uint8Array>): AsyncGenerator<BackupItem> {
  const reader = new FrameReader(stream, () => damaged("it ends too early, or goes on after its end"));
  await readMagic(reader);
  const head = readHead(await frame(reader, "B"));
  yield { type: "head", head };
  const checked = new CheckedContents(head);
  for (;;) {
    const { kind, length } = await frameHeader(reader);
    const sha256 = kind === "M" ? reader.digestBeforeLast() : undefined;
    const payload = await reader.take(length);
    if (sha256 === undefined) {
      yield checked.add(kind, payload);
      continue;
    }
    await reader.end();
    yield { type: "manifest", manifest: checked.end(readManifest(payload), sha256.toString("hex")) };
    return;
  }
}

async function readMagic(reader: FrameReader): Promise<void> {
  const start = (await reader.take(magic.length)).toString("latin1");
  if (start === magic.toString("latin1")) return;
  const version = start.startsWith(magicText) ? /^[1-9]\d*/.exec(start.slice(magicText.length))?.[0] : undefined;
  if (version === undefined) throw new BackupError("invalid", "the file must be a backup that Strongroom has made");
  const text = `the backup has format ${version}, and this version of Strongroom reads up to ${backupFormat}`;
  throw new BackupError("invalid", `${text}: it must be restored with a newer version`);
}

async function frame(reader: FrameReader, expected: string): Promise<Buffer> {
  const { kind, length } = await frameHeader(reader);
  if (kind !== expected) throw damaged("it begins with something else than what it is of");
  return reader.take(length);
}

async function frameHeader(reader: FrameReader): Promise<{ readonly kind: string; readonly length: number }> {
  const header = await reader.take(frameHeaderBytes);
  const length = header.readUInt32BE(1);
  if (length > payloadBytesMax) throw damaged("a record is longer than a record can be");
  return { kind: header.toString("latin1", 0, 1), length };
}

/** Looks whether what comes is what a store can hold, and as much as the manifest says. */
class CheckedContents {
  readonly #head: BackupHead;
  readonly #leases = new Set<number>();
  readonly #counts = new ContentCounts();
  #lastKey = "";

  constructor(head: BackupHead) {
    this.#head = head;
  }

  add(kind: string, payload: Buffer): BackupContent {
    if (kind !== "L" && kind !== "R") throw damaged("a frame is of a kind that it cannot have");
    const item = itemOf(kind, payload);
    if (item.type === "ttl-lease") this.#addLease(item.ttlLease.id);
    else this.#addRecord(item.record);
    return item;
  }

  end(manifest: BackupManifest, sha256: string): BackupManifest {
    if (manifest.sha256 !== sha256) throw damaged("its checksum differs");
    const counted = this.#counts.toRecord();
    const names = Object.keys(counted);
    const isSame = names.every((name) => {
      const said = manifest.contents[name];
      return said?.records === counted[name]?.records && said?.bytes === counted[name]?.bytes;
    });
    const isAll = names.length === Object.keys(manifest.contents).length && manifest.records === this.#counts.records;
    if (!isSame || !isAll) throw damaged("it has not what its manifest says");
    return manifest;
  }

  #addLease(id: number): void {
    if (id < 1 || id > this.#head.ttlLeaseSequence || this.#counts.records > 0) throw damaged("a TTL lease cannot be");
    this.#leases.add(id);
  }

  #addRecord(record: (BackupContent & { type: "record" })["record"]): void {
    const { key, createRevision, modRevision, version, ttlLease } = record;
    checkRecordKey(key);
    // Whoever knows a recipient can make a backup: it must not bring a key that signs the audit log.
    if (!isInBackup(key)) throw damaged("a record is one that stays with its data directory");
    if (key <= this.#lastKey) throw damaged("its records are not in order");
    const isPossible = createRevision > 0 && createRevision <= modRevision && modRevision <= this.#head.revision;
    const hasLease = ttlLease === undefined || this.#leases.has(ttlLease);
    if (!isPossible || version < 1 || !hasLease) throw damaged("a record cannot be");
    this.#lastKey = key;
    this.#counts.add(record);
  }
}

function itemOf(kind: string, payload: Buffer): BackupContent {
  let item: SnapshotItem;
  try {
    item = snapshotItem(kind, payload);
  } catch (error) {
    throw damaged("a record cannot be", error);
  }
  if (item.type === "header") throw damaged("it begins twice");
  return item;
}

function checkRecordKey(key: string): void {
  try {
    checkKey(key);
  } catch (error) {
    throw damaged("a key cannot be", error);
  }
}

function damaged(what: string, cause?: unknown): BackupError {
  return new BackupError("corrupt", `the backup must be as it was written: ${what}`, { cause });
}
