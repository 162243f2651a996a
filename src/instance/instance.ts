/**
 * The instance record of a data directory: who it is, and which root key its data
 * were encrypted with. Read before anything is opened.
 */
import { randomBytes } from "node:crypto";
import { mkdir, readFile, readdir, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { createPrivateFile, errorCodeOf } from "../crypto/private-file.ts";
import { Redacted } from "../crypto/redacted.ts";
import { KmsPluginClient } from "../crypto/kms/kms-plugin-client.ts";
import { KeyFileCustody } from "../crypto/root-key/key-file-custody.ts";
import { defaultKeyFilePath } from "../crypto/root-key/key-file.ts";
import { kmsForm } from "../crypto/root-key/kms-form.ts";
import { passphraseForm } from "../crypto/root-key/passphrase-form.ts";
import { plainForm } from "../crypto/root-key/plain-form.ts";
import type { CustodyName, RootKeyCustody } from "../crypto/root-key/root-key-custody.ts";
import type { RootKey } from "../crypto/root-key/root-key.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { RootKeyConfig } from "./root-key-config.ts";

export interface Instance {
  readonly id: string;
  readonly rootKey: RootKey;
  readonly isNew: boolean;
  /** Where the root key is kept, for people. */
  readonly rootKeyPlace: string;
  readonly custody: CustodyName;
}

const recordFile = "instance.json";
/** The folder that stands in a data directory while it is being restored: what else is there is not whole. */
export const restoringFolder = "restoring";

/**
 * Opens the root key of a data directory, or makes both when the directory is new. Raises `sealed`, `corrupt`, and
 * `invalid` for a directory that others may write to.
 */
export async function openInstance(dataDir: string, config: RootKeyConfig): Promise<Instance> {
  const known = await readInstance(dataDir, config);
  return known ?? createInstance(dataDir, custodyOf(config));
}

/** The same for a directory that must have an instance; makes nothing. Raises `not-found` too. */
export async function openExistingInstance(dataDir: string, config: RootKeyConfig): Promise<Instance> {
  const known = await readInstance(dataDir, config);
  if (known !== undefined) return known;
  throw new StrongroomError("not-found", `the data directory ${dataDir} must be one that a server has made`);
}

async function readInstance(dataDir: string, config: RootKeyConfig): Promise<Instance | undefined> {
  const custody = custodyOf(config);
  await requireClosedToOthers(dataDir);
  const record = await readRecord(dataDir);
  if (record === undefined) return undefined;
  const rootKey = await custody.load(record.instanceId);
  rootKey.verify(record.rootKeyId);
  return { id: record.instanceId, rootKey, isNew: false, ...(await placeOf(custody, record.instanceId)) };
}

async function createInstance(dataDir: string, custody: RootKeyCustody): Promise<Instance> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const names = await readdir(dataDir);
  if (names.includes(restoringFolder)) throw halfRestored(dataDir);
  // Data without an instance record is somebody's data, and not ours to overwrite.
  if (names.includes("store")) {
    throw new StrongroomError("corrupt", `the data directory ${dataDir} must have its file ${recordFile}`);
  }
  const id = newInstanceId();
  const rootKey = await custody.create(id);
  // Durable before anything is encrypted.
  await writeInstanceRecord(dataDir, { id, rootKey });
  // A restore that began since does not go on in an instance, and what it made is not one's own.
  if ((await readdir(dataDir)).includes(restoringFolder)) {
    await rm(join(dataDir, recordFile));
    throw halfRestored(dataDir);
  }
  return { id, rootKey, isNew: true, ...(await placeOf(custody, id)) };
}

function halfRestored(dataDir: string): StrongroomError {
  const remedy = "restore the backup into it again, or remove the directory";
  return new StrongroomError("corrupt", `the data directory ${dataDir} must be restored to the end: ${remedy}`);
}

/** How the root key of an instance is kept, as the instance tells it. */
export async function placeOf(
  custody: RootKeyCustody,
  instanceId: string,
): Promise<Pick<Instance, "rootKeyPlace" | "custody">> {
  const facts = await custody.inspect(instanceId);
  return { rootKeyPlace: facts.place, custody: facts.custody };
}

export function newInstanceId(): string {
  return randomBytes(8).toString("hex");
}

/** Whether a directory has an instance already. */
export async function hasInstance(dataDir: string): Promise<boolean> {
  return (await readRecord(dataDir)) !== undefined;
}

/** Makes a directory that of an instance; never over another one: two first starts at the same time must not mix. */
export async function writeInstanceRecord(
  dataDir: string,
  { id, rootKey }: Pick<Instance, "id" | "rootKey">,
): Promise<void> {
  const record = { apiVersion: "strongroom.dev/v1", kind: "Instance", instanceId: id, rootKeyId: rootKey.id };
  await createPrivateFile(join(dataDir, recordFile), `${JSON.stringify(record, null, 2)}\n`);
}

/**
 * Whoever may write to the directory can put another one in place of the store, the socket or the audit log in it, so
 * one that was there before must be ours alone. One that is not there yet is made so.
 */
export async function requireClosedToOthers(dataDir: string): Promise<void> {
  const { mode } = await stat(dataDir).catch((error: unknown) => {
    if (errorCodeOf(error) === "ENOENT") return { mode: 0 };
    throw new StrongroomError("unavailable", `the data directory ${dataDir} must be readable`, { cause: error });
  });
  if ((mode & writableByOthers) === 0) return;
  const remedy = `run chmod go-w ${dataDir}, or name a directory in it that does not exist yet`;
  throw new StrongroomError(
    "invalid",
    `the data directory ${dataDir} must not be writable by its group or by others: ${remedy}`,
  );
}

const writableByOthers = 0o022;

/** The instance record of a directory; undefined where there is none. Raises `corrupt`. */
export async function readRecord(dataDir: string): Promise<{ instanceId: string; rootKeyId: string } | undefined> {
  let text: string;
  try {
    text = await readFile(join(dataDir, recordFile), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new StrongroomError("unavailable", `the data directory ${dataDir} must be readable`, { cause: error });
  }
  const { instanceId, rootKeyId } = parseRecord(text);
  if (typeof instanceId === "string" && typeof rootKeyId === "string") return { instanceId, rootKeyId };
  throw new StrongroomError("corrupt", `${join(dataDir, recordFile)} must name the instance and its root key`);
}

function parseRecord(text: string): { instanceId?: unknown; rootKeyId?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {}; // told as corrupt by the caller, with the path
  }
}

/** Where the root key of an instance is kept. */
export function rootKeyPath(config: RootKeyConfig, instanceId: string): string {
  const home = { xdgConfigHome: process.env["XDG_CONFIG_HOME"], home: homedir() };
  return config.path ?? defaultKeyFilePath(home, instanceId);
}

export function custodyOf(config: RootKeyConfig): RootKeyCustody {
  const pathOf = (instanceId: string) => rootKeyPath(config, instanceId);
  const openPlugin = (endpoint: string) => new KmsPluginClient(endpoint);
  if (config.type === "file") return new KeyFileCustody(pathOf, plainForm, [kmsForm(openPlugin)]);
  if (config.type === "kms") return new KeyFileCustody(pathOf, kmsForm(openPlugin, config.endpoint));
  return new KeyFileCustody(
    pathOf,
    passphraseForm(() => readPassphrase(config.passphraseFile)),
  );
}

/** The passphrase is the file without its last line end. */
async function readPassphrase(path: string): Promise<Redacted<Uint8Array>> {
  const bytes = await readFile(path);
  const end = bytes.at(-1) === 10 ? (bytes.at(-2) === 13 ? -2 : -1) : bytes.length;
  return new Redacted(bytes.subarray(0, end));
}
