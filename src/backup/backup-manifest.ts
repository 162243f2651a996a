/** What a backup says of itself, at its begin and at its end. */
import { BackupError } from "./backup-error.ts";

/**
 * How far the revision of a restored store is above that of its backup: further than any server can have come since, so that no client
 * meets a resourceVersion twice with another meaning.
 */
export const revisionsLeftOut = 1_000_000_000;

/** What it is of. */
export interface BackupHead {
  readonly apiVersion: "strongroom.dev/v1";
  readonly kind: "Backup";
  /** The id of the data directory that it was made from. */
  readonly instance: string;
  /** Of the program that made it. */
  readonly productVersion: string;
  /** Everything in it is as it was at this revision. */
  readonly revision: number;
  /** RFC 3339, UTC. */
  readonly created: string;
  readonly ttlLeaseSequence: number;
}

export interface ContentCount {
  readonly records: number;
  /** Sum of the values. */
  readonly bytes: number;
}

/** How much there is of what. */
export interface BackupManifest {
  readonly records: number;
  /** By the resource that records are of, or the part of the store: see contents.ts. */
  readonly contents: Readonly<Record<string, ContentCount>>;
  /** Of all bytes before the manifest, in hexadecimal. */
  readonly sha256: string;
  /** By the key of the instance's audit log: see backup-signature.ts. */
  readonly signature?: BackupSignature;
}

export interface BackupSignature {
  /** SubjectPublicKeyInfo, base64. */
  readonly publicKey: string;
  /** Ed25519, base64. */
  readonly value: string;
}

export type SignBackup = (sha256: Uint8Array) => BackupSignature;

/** Raises `corrupt` unless it has its fields. */
export function readHead(payload: Buffer): BackupHead {
  const head = jsonObject(payload) as Partial<BackupHead>; // each field is checked next
  const texts = [head.instance, head.productVersion, head.created].every((text) => typeof text === "string");
  // The revision of a restored store is further on, and a safe integer too.
  const numbers = [Number(head.revision) + revisionsLeftOut, head.revision, head.ttlLeaseSequence].every(isCount);
  if (texts && numbers && head.kind === "Backup" && !Number.isNaN(Date.parse(head.created ?? ""))) {
    return head as BackupHead;
  }
  throw new BackupError("corrupt", "the backup must say what it is of");
}

/** Raises `corrupt` unless it has its fields. */
export function readManifest(payload: Buffer): BackupManifest {
  const manifest = jsonObject(payload) as Partial<BackupManifest>; // each field is checked next
  const { contents, signature } = manifest;
  const isCounted = typeof contents === "object" && contents !== null;
  const counts = Object.values(Object(contents) as Record<string, unknown>);
  const areCounts = counts.every((count) => {
    const { records, bytes } = Object(count) as Partial<ContentCount>;
    return isCount(records) && isCount(bytes);
  });
  const { publicKey, value } = Object(signature) as Partial<NonNullable<typeof signature>>;
  const isSigned = signature === undefined || [publicKey, value].every((text) => typeof text === "string");
  if (isCount(manifest.records) && isCounted && areCounts && typeof manifest.sha256 === "string" && isSigned) {
    return manifest as BackupManifest;
  }
  throw new BackupError("corrupt", "the backup must say how much is in it");
}

function jsonObject(payload: Buffer): object {
  try {
    return Object(JSON.parse(payload.toString("utf8"))) as object;
  } catch (cause) {
    throw new BackupError("corrupt", "the backup must say in JSON what is in it", { cause });
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
