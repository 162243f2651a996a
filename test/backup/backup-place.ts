/** Backups of test servers, and servers from backups. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { BackupKey, BackupLock } from "../../src/backup/age-file.ts";
import { newIdentity } from "../../src/backup/age-file.ts";
import { Redacted } from "../../src/crypto/redacted.ts";
import { backupOf } from "../../src/instance/backups.ts";
import type { BackupPlace } from "../../src/instance/backups.ts";

const made = await newIdentity();

/** For whom the backups of these tests are. */
export const lock: BackupLock = { type: "recipients", recipients: [made.recipient] };
export const identity = made.identity.reveal();
export const key: BackupKey = { type: "identities", identities: new Redacted([identity]) };

/** The data directory and the root key of a server in a folder, as `startTestServer` has them. */
export function placeIn(folder: string): BackupPlace {
  return { dataDir: join(folder, "data"), rootKey: { type: "file", path: join(folder, "root.key") } };
}

export function placeOf({ dataDir }: { readonly dataDir: string }): BackupPlace {
  return placeIn(dirname(dataDir));
}

/** The backup of a server that runs or not. */
export async function backupBytes(place: BackupPlace): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of backupOf(place, lock)) parts.push(piece);
  return Buffer.concat(parts);
}

export async function* chunks(whole: Uint8Array, size = 100_000): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < whole.length; start += size) yield whole.subarray(start, start + size);
}

/** A folder of its own, with a file in it. */
export async function folderWith(whole: Uint8Array) {
  const folder = await mkdtemp(join(tmpdir(), "strongroom-backup-"));
  const file = join(folder, "backup.age");
  await writeFile(file, whole);
  return {
    folder,
    read: () => createReadStream(file),
    file,
    place: placeIn(folder),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
