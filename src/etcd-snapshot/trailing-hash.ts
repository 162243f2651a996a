import { createHash } from "node:crypto";
import { fileFault } from "./file-fault.ts";
import type { ReadOnlyFile } from "./read-only-file.ts";

const hashBytes = 32;
/** What a database's size is always a multiple of, and a snapshot's is not, by which etcd tells them apart. */
const sizeUnit = 512;
const pieceBytes = 1 << 20;

/** What of the file is the database, and whether a hash of it follows. */
export interface DatabaseExtent {
  readonly databaseBytes: number;
  readonly hasHash: boolean;
}

/**
 * `etcdctl snapshot save` puts the SHA-256 of the database behind it; the database of a member (`member/snap/db`) has none. Raises `invalid`
 * when the size is that of neither, which is how a transfer that broke off looks.
 *
 * Source: etcd-io/etcd etcdutl/snapshot/v3_snapshot.go.
 */
export function databaseExtent({ sizeBytes }: ReadOnlyFile): DatabaseExtent {
  const rest = sizeBytes % sizeUnit;
  if (sizeBytes > hashBytes && rest === hashBytes) return { databaseBytes: sizeBytes - hashBytes, hasHash: true };
  if (sizeBytes > 0 && rest === 0) return { databaseBytes: sizeBytes, hasHash: false };
  throw fileFault(
    `the file, of ${sizeBytes} bytes,`,
    `be whole: a database is a multiple of ${sizeUnit} bytes long, and a snapshot has a hash of ${hashBytes} bytes behind it`,
  );
}

/** Raises `invalid` unless the bytes after the database are its hash. */
export function verifyTrailingHash(file: ReadOnlyFile, { databaseBytes }: DatabaseExtent): void {
  const hash = createHash("sha256");
  const piece = Buffer.alloc(pieceBytes);
  for (let position = 0; position < databaseBytes; position += pieceBytes) {
    const bytes = piece.subarray(0, Math.min(pieceBytes, databaseBytes - position));
    file.readInto(bytes, position);
    hash.update(bytes);
  }
  const written = Buffer.alloc(hashBytes);
  file.readInto(written, databaseBytes);
  if (!hash.digest().equals(written)) {
    throw fileFault("the last 32 bytes", "be the SHA-256 of what is before them: the snapshot was changed or cut");
  }
}
