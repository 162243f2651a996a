/**
 * Makes a data directory from a snapshot: all of it, or nothing that a server would start on.
 *
 *   1. the folder `restoring` says that what is beside it is not whole; in it are a lock and the id of the instance to be
 *   2. the root key is made and kept
 *   3. the store is filled, encrypted under it
 *   4. the audit log begins, with the record of the restore
 *   5. the instance record: from here on it is a data directory
 *   6. `restoring` goes
 *
 * A server refuses a directory that has `restoring` and no instance record. Whoever restores into it again throws away what the
 * interrupted restore left, and goes on with its id and root key.
 */
import { existsSync } from "node:fs";
import { mkdir, open, readFile, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { AuditEvent } from "../audit/audit-event.ts";
import { createPrivateFile } from "../crypto/private-file.ts";
import { checkInstanceId } from "../crypto/root-key/root-key-custody.ts";
import type { RootKeyCustody } from "../crypto/root-key/root-key-custody.ts";
import type { RootKey } from "../crypto/root-key/root-key.ts";
import { StrongroomError, isStrongroomError } from "../errors/strongroom-error.ts";
import { acquireDirectoryLock } from "../store/embedded/directory-lock.ts";
import type { SnapshotItem } from "../store/mvcc/snapshot-stream.ts";
import { openInstanceAudit } from "./audit-log.ts";
import { openDataStore } from "./data-store.ts";
import {
  custodyOf,
  hasInstance,
  newInstanceId,
  requireClosedToOthers,
  restoringFolder,
  rootKeyPath,
  writeInstanceRecord,
  placeOf,
} from "./instance.ts";
import type { Instance } from "./instance.ts";
import type { RootKeyConfig } from "./root-key-config.ts";

/** In the order in which they are done. */
export const restoreSteps = ["marked", "named", "keyed", "filled", "recorded", "committed"] as const;
export type RestoreStep = (typeof restoreSteps)[number];

export interface RestoreOptions {
  /** Must not exist, or be empty. */
  readonly dataDir: string;
  readonly rootKey: RootKeyConfig;
  /** What the store is filled with, in the clear. */
  readonly items: AsyncIterable<SnapshotItem>;
  /** The record of the restore; asked for when `items` have ended. */
  readonly event: (instance: Instance) => AuditEvent;
  readonly report: (error: unknown) => void;
  /** Told when a step is done; for tests of crashes. */
  readonly onStep?: ((step: RestoreStep) => void) | undefined;
}

/**
 * Restores. Raises `already-exists` for a directory that has anything in it, `unavailable` for one that somebody else restores into or
 * that has no space, and what `items` raise; then nothing is left of it.
 */
export async function restoreDataDirectory(options: RestoreOptions): Promise<Instance> {
  const { dataDir, rootKey: config, onStep = () => {} } = options;
  const isNew = await requireRestorable(dataDir);
  const restoring = join(dataDir, restoringFolder);
  await mkdir(restoring, { recursive: true, mode: 0o700 });
  await syncFolder(dataDir);
  using lock = acquireDirectoryLock(restoring);
  onStep("marked");
  const remove = async () => {
    lock.release();
    await rm(restoring, { recursive: true, force: true });
  };
  let keyPath: string | undefined;
  let instance: Instance;
  try {
    if (await hasInstance(dataDir)) throw notEmpty(dataDir); // begun by somebody else since it was looked at
    await removeContents(dataDir); // of a restore that was interrupted
    const { id, isInterrupted } = await nameInstance(restoring);
    onStep("named");
    const custody = custodyOf(config);
    const rootKey = await makeKey(custody, id, isInterrupted);
    keyPath = rootKeyPath(config, id);
    onStep("keyed");
    instance = { id, rootKey, isNew: true, ...(await placeOf(custody, id)) };
    await fill({ ...options, onStep }, instance);
    await writeInstanceRecord(dataDir, instance);
  } catch (error) {
    // With an instance it is that of a server which started meanwhile, and its data are not ours to remove.
    if (!(await hasInstance(dataDir))) await removeContents(dataDir);
    if (keyPath !== undefined) await rm(keyPath, { force: true });
    await remove();
    if (isNew && !(await hasInstance(dataDir))) await rmdir(dataDir);
    throw error;
  }
  onStep("committed");
  await remove();
  return instance;
}

/** Whether it is not there yet. Raises unless it can be restored into. */
async function requireRestorable(dataDir: string): Promise<boolean> {
  await requireClosedToOthers(dataDir);
  if (!existsSync(dataDir)) return true;
  const names = (await readdir(dataDir)).filter((name) => name !== "lost+found"); // of a file system of its own
  const isInterrupted = names.includes(restoringFolder) && !(await hasInstance(dataDir));
  if (names.length === 0 || isInterrupted) return false;
  throw notEmpty(dataDir);
}

function notEmpty(dataDir: string): StrongroomError {
  const text = `the data directory ${dataDir} must be empty: a backup is restored into a new one, and nothing is overwritten`;
  return new StrongroomError("already-exists", text);
}

/** The id is on the disk before the key is, so that a key which is made is found again. */
async function nameInstance(restoring: string): Promise<{ readonly id: string; readonly isInterrupted: boolean }> {
  const path = join(restoring, "id");
  const isInterrupted = existsSync(path);
  const id = isInterrupted ? await readFile(path, "utf8") : newInstanceId();
  checkInstanceId(id);
  if (!isInterrupted) await createPrivateFile(path, id);
  return { id, isInterrupted };
}

/** A new key; after an interrupted restore the one that it made, if it came so far. */
async function makeKey(custody: RootKeyCustody, id: string, isInterrupted: boolean): Promise<RootKey> {
  try {
    return await custody.create(id);
  } catch (error) {
    if (!isInterrupted || !isStrongroomError(error, "already-exists")) throw error;
    return await custody.load(id);
  }
}

async function fill(
  options: RestoreOptions & { readonly onStep: (step: RestoreStep) => void },
  instance: Instance,
): Promise<void> {
  const { dataDir, items, report, onStep } = options;
  await using data = await openDataStore(dataDir, instance.rootKey, undefined, report);
  await data.store.restoreOpened(items);
  onStep("filled");
  const audit = await openInstanceAudit({ dataDir, instance, store: data.store }, {}, ({ message }) => report(message));
  try {
    await audit.write(options.event(instance));
  } finally {
    await audit.close();
  }
  onStep("recorded");
}

async function removeContents(dataDir: string): Promise<void> {
  for (const name of ["store", "audit"]) await rm(join(dataDir, name), { recursive: true, force: true });
}

/** A new name is durable only once its folder is. */
async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}
