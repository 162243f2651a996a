/** What is done to the keys of a plugin from the command line. A new key is in escrow before anything can be encrypted under it. */
import { access } from "node:fs/promises";
import { createPrivateFile, replacePrivateFile } from "../../crypto/private-file.ts";
import type { Redacted } from "../../crypto/redacted.ts";
import { generateRootKeyBytes, RootKey } from "../../crypto/root-key/root-key.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { openEscrow, sealEscrow } from "./escrow.ts";
import type { EscrowKey, EscrowLock } from "./escrow.ts";
import { openRing, readRingFacts, sealRing } from "./key-ring-file.ts";
import type { RingFacts } from "./key-ring-file.ts";
import { KeyRing, ringKeysMax } from "./key-ring.ts";
import type { KeyFacts } from "./key-ring.ts";
import { ensureClosedFolder, keyFilePath, readKeyFileText } from "./plugin-folder.ts";

/** What every change needs. */
export interface KeyFolder {
  readonly folder: string;
  readonly passphrase: Redacted<Uint8Array>;
}

/** Where an escrow copy goes, and who can open it. */
export interface Escrow {
  readonly path: string;
  readonly lock: EscrowLock;
}

/** Makes the first key. Raises `already-exists` when there are keys, or something at the place of the copy. */
export async function initKeys(at: KeyFolder, escrow: Escrow, now: Date): Promise<KeyFacts> {
  await ensureClosedFolder(at.folder, "the keys");
  await requireNoKeys(at.folder);
  const { facts, bytes } = newKey(now, now);
  const ring = { keys: [facts], escrowRecipients: recipientsOf(escrow.lock), removed: [] };
  try {
    const sealed = await sealRing(ring, bytes, at.passphrase);
    await createPrivateFile(escrow.path, await sealEscrow(ring, bytes, escrow.lock));
    await createPrivateFile(keyFilePath(at.folder), sealed);
  } finally {
    bytes.fill(0);
  }
  return facts;
}

/** Adds a key that writes from `writesFrom` on; the plugin that runs takes it up by itself. */
export async function rotateKeys(at: KeyFolder, escrow: Escrow, now: Date, writesFrom: Date): Promise<KeyFacts> {
  const before = await readKeyFileText(at.folder);
  const { facts: ring, bytes: old } = await openRing(before, at.passphrase);
  const added = newKey(now, writesFrom);
  const bytes = Buffer.concat([old, added.bytes]);
  try {
    requireLater(ring, writesFrom);
    const grown = { ...ring, keys: [...ring.keys, added.facts], escrowRecipients: recipientsOf(escrow.lock) };
    const sealed = await sealRing(grown, bytes, at.passphrase);
    await createPrivateFile(escrow.path, await sealEscrow(grown, bytes, escrow.lock));
    await replaceKeyFile(at.folder, before, sealed);
  } finally {
    for (const buffer of [old, added.bytes, bytes]) buffer.fill(0);
  }
  return added.facts;
}

/** Makes the sealed file out of an escrow copy, under a passphrase that may be another. Raises `already-exists` when there are keys. */
export async function restoreKeys(at: KeyFolder, copy: string, key: EscrowKey): Promise<readonly KeyFacts[]> {
  await ensureClosedFolder(at.folder, "the keys");
  await requireNoKeys(at.folder);
  const { facts, bytes } = await openEscrow(copy, key);
  try {
    const ring = new KeyRing(facts.keys, Buffer.from(bytes)); // raises unless each key is the one that its id names
    await createPrivateFile(keyFilePath(at.folder), await sealRing(facts, bytes, at.passphrase));
    return ring.facts;
  } finally {
    bytes.fill(0);
  }
}

/** The keys of a folder as its file names them; takes no passphrase, and proves nothing. */
export async function listKeys(folder: string): Promise<RingFacts> {
  return readRingFacts(await readKeyFileText(folder));
}

function newKey(madeAt: Date, writesFrom: Date): { readonly facts: KeyFacts; readonly bytes: Buffer } {
  const bytes = generateRootKeyBytes();
  const { id } = new RootKey(Buffer.from(bytes)); // zeroes the copy
  return { facts: { id, madeAt, writesFrom }, bytes };
}

function requireLater(ring: RingFacts, writesFrom: Date): void {
  if (ring.keys.length >= ringKeysMax) throw new StrongroomError("invalid", `at most ${ringKeysMax} keys may be kept`);
  const last = ring.keys.at(-1);
  if (last === undefined || writesFrom > last.writesFrom) return;
  throw new StrongroomError(
    "invalid",
    `a new key must write later than the last one, which writes from ${last.writesFrom.toISOString()}`,
  );
}

async function requireNoKeys(folder: string): Promise<void> {
  const path = keyFilePath(folder);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) throw new StrongroomError("already-exists", `${path} must not exist yet: keys are never replaced`);
}

/** Replaces the key file. Raises `conflict` unless it is still `before`: two people who change keys at once must not lose one of them. */
export async function replaceKeyFile(folder: string, before: string, sealed: string): Promise<void> {
  if ((await readKeyFileText(folder)) !== before) {
    throw new StrongroomError("conflict", `${keyFilePath(folder)} must not be changed by others meanwhile`);
  }
  await replacePrivateFile(keyFilePath(folder), sealed);
}

function recipientsOf(lock: EscrowLock): readonly string[] {
  return lock.type === "recipients" ? lock.recipients : [];
}
