/** Backups of a data directory and data directories from backups, from outside of the server that may run on it. */
import type { BackupLock } from "../backup/age-file.ts";
import { snapshotOf } from "../backup/read-backup.ts";
import type { BackupSummary, ReadBackupOptions } from "../backup/read-backup.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { openInstanceAudit } from "./audit-log.ts";
import { auditedBackups, restoreEvent } from "./backup-access.ts";
import { askForBackup } from "./control-socket.ts";
import { openDataStore } from "./data-store.ts";
import type { DataStore } from "./data-store.ts";
import { openExistingInstance } from "./instance.ts";
import type { Instance } from "./instance.ts";
import { restoreDataDirectory } from "./restored-directory.ts";
import type { RestoreStep } from "./restored-directory.ts";
import type { RootKeyConfig } from "./root-key-config.ts";

export interface BackupPlace {
  readonly dataDir: string;
  readonly rootKey: RootKeyConfig;
}

/**
 * A backup, from the server that runs on the data directory or, when none does, from the directory itself, which is locked meanwhile;
 * `open` opens its store. Raises `sealed`, `not-found`, `unavailable`, `invalid` and `corrupt`.
 */
export async function* backupOf(
  place: BackupPlace,
  lock: BackupLock,
  open: (instance: Instance) => Promise<DataStore> = ({ rootKey }) =>
    openDataStore(place.dataDir, rootKey, undefined, warn),
): AsyncGenerator<Uint8Array> {
  const answered = await askForBackup(place.dataDir, lock);
  if (answered !== undefined) {
    yield* answered;
    return;
  }
  const instance = await openExistingInstance(place.dataDir, place.rootKey);
  await using data = await open(instance);
  const { store } = data;
  const audit = await openInstanceAudit({ dataDir: place.dataDir, instance, store }, {}, ({ message }) =>
    warn(message),
  );
  try {
    yield* auditedBackups({ instance, store, audit, door: "data-directory", now: () => new Date() })(lock);
  } finally {
    await audit.close();
  }
}

/** Restores a backup into a data directory that is not there yet, or empty. Raises as reading it does, `already-exists`, `unavailable`. */
export async function restoreBackup(
  place: BackupPlace,
  backup: ReadBackupOptions,
  onStep?: (step: RestoreStep) => void,
): Promise<{ readonly instance: Instance; readonly summary: BackupSummary }> {
  let summary: BackupSummary | undefined;
  const whole = () => {
    if (summary !== undefined) return summary;
    throw new StrongroomError("corrupt", "the backup must be read to its end");
  };
  const instance = await restoreDataDirectory({
    ...place,
    items: snapshotOf(backup, (read) => (summary = read)),
    event: () => restoreEvent(whole().head, new Date()),
    report: warn,
    onStep,
  });
  return { instance, summary: whole() };
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
