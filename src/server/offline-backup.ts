/** A backup as the configuration of a server has it, whether that server runs or not. */
import { Registry } from "prom-client";
import type { BackupLock } from "../backup/age-file.ts";
import { storedResources } from "../doors/kubernetes/storage/stored-resources.ts";
import { kinds } from "../doors/kubernetes/kinds/kinds.ts";
import { backupOf } from "../instance/backups.ts";
import { openIdleStore } from "../instance/server-store.ts";
import { createLogger } from "../log/logger.ts";
import type { ServerConfig } from "./server-config.ts";

/** Raises as `backupOf`, and `invalid` for a configuration of encryption that cannot be used. */
export function backupOfServer(config: ServerConfig, lock: BackupLock): AsyncGenerator<Uint8Array> {
  const log = createLogger(
    config.logFormat,
    (line) => process.stderr.write(`${line}\n`),
    () => new Date(),
  );
  const reports = { registry: new Registry(), log, announce: () => {} };
  return backupOf(config, lock, (instance) => openIdleStore(config, instance, storedResources(kinds), reports));
}
