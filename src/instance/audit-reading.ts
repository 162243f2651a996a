/** Reading the audit log of a data directory, from outside of the server that may run on it. */
import { encodePublicKey } from "../audit/log/checkpoint.ts";
import type { AuditLogFile } from "../audit/log/audit-log-file.ts";
import type { Checkpoint } from "../audit/log/checkpoint.ts";
import type { LogReader, TellUnreadable } from "../audit/log/log-reader.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { Store } from "../store/store.ts";
import { auditAnswers } from "./audit-access.ts";
import type { AuditAnswer, AuditRequest } from "./audit-access.ts";
import { openAuditKeys } from "./audit-keys.ts";
import { instanceAuditReader, openInstanceAudit } from "./audit-log.ts";
import type { Pruned, PruneRequest } from "./audit-pruning.ts";
import { askForAudit } from "./control-socket.ts";
import { openDataStore } from "./data-store.ts";
import { openExistingInstance } from "./instance.ts";
import type { RootKeyConfig } from "./root-key-config.ts";

export interface DataDirectory {
  readonly dataDir: string;
  readonly rootKey: RootKeyConfig;
}

/** Has the log of a data directory open, as a server would; nobody else may. Raises `sealed`, `not-found`, `unavailable`. */
async function withLog<T>(place: DataDirectory, use: (log: AuditLogFile, store: Store) => Promise<T>): Promise<T> {
  const instance = await openExistingInstance(place.dataDir, place.rootKey);
  await using data = await openDataStore(place.dataDir, instance.rootKey, undefined, warn);
  const log = await openInstanceAudit({ ...place, instance, store: data.store }, {}, ({ message }) => warn(message));
  try {
    return await use(log, data.store);
  } finally {
    await log.close();
  }
}

/** A checkpoint about all entries; undefined when there are none. Raises as {@link readAudit}. */
export async function auditCheckpoint(place: DataDirectory): Promise<Checkpoint | undefined> {
  const answered = await askForAudit(place.dataDir, { action: "checkpoint" });
  return answered === undefined ? withLog(place, (log) => log.checkpoint()) : answered.checkpoint;
}

/** A reader for entries before `end`, whose use is on record. Raises `sealed`, `not-found`, `unavailable`. */
export async function readAudit(
  place: DataDirectory,
  what: string,
  tell: TellUnreadable,
): Promise<{ readonly reader: LogReader; readonly end: number }> {
  const instance = await openExistingInstance(place.dataDir, place.rootKey);
  const reader = instanceAuditReader(place.dataDir, instance, tell);
  const request = { action: "read", what } as const;
  const { end } = (await askForAudit(place.dataDir, request)) ?? (await answered(place, request));
  return { reader, end };
}

/** Deletes the oldest entries, or says which it would. Raises `invalid` while a follower has not delivered them. */
export async function pruneAuditLog(place: DataDirectory, asked: Omit<PruneRequest, "action">): Promise<Pruned> {
  const request = { action: "prune", ...asked } as const;
  const { pruned } = (await askForAudit(place.dataDir, request)) ?? (await answered(place, request));
  if (pruned !== undefined) return pruned;
  throw new StrongroomError("unavailable", "the server that runs must be of this version to delete entries");
}

/** Has checkpoints signed with a new key; resolves to it, SubjectPublicKeyInfo in base64. Raises as {@link readAudit}. */
export async function changeAuditKey(place: DataDirectory): Promise<string> {
  const request = { action: "change-key" } as const;
  return ((await askForAudit(place.dataDir, request)) ?? (await answered(place, request))).publicKey;
}

/** The answer that a server would give. */
function answered(place: DataDirectory, request: AuditRequest): Promise<AuditAnswer> {
  return withLog(place, (log, store) =>
    auditAnswers(log, log, { door: "data-directory", dataDir: place.dataDir, store })(request),
  );
}

/** The key of checkpoints, from whoever cannot be made to lie by the log's files. Raises as {@link readAudit}. */
export async function auditPublicKey({ dataDir, rootKey }: DataDirectory): Promise<string> {
  const answered = await askForAudit(dataDir, { action: "public-key" });
  if (answered !== undefined) return answered.publicKey;
  const instance = await openExistingInstance(dataDir, rootKey);
  await using data = await openDataStore(dataDir, instance.rootKey, undefined, warn);
  return encodePublicKey((await openAuditKeys(instance, data.store)).publicKey);
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
