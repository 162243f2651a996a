/** The audit log of a data directory, in the folder `audit` of it. */
import { join } from "node:path";
import { isLastKey } from "../audit/log/key-change.ts";
import { openAuditLog } from "../audit/log/open-audit-log.ts";
import type { AuditLogFile } from "../audit/log/audit-log-file.ts";
import type { LogReport } from "../audit/log/log-keys.ts";
import { LogReader } from "../audit/log/log-reader.ts";
import type { TellUnreadable } from "../audit/log/log-reader.ts";
import type { Logger } from "../log/logger.ts";
import type { Store } from "../store/store.ts";
import { auditHeadFile } from "./audit-head-file.ts";
import { auditSeal, finishKeyChange, openAuditKeys, storedChainHead } from "./audit-keys.ts";
import type { Instance } from "./instance.ts";

export function auditDirectory(dataDir: string): string {
  return join(dataDir, "audit");
}

/** Where followers keep how far they are: a file for each, by its name. */
export function followersDirectory(dataDir: string): string {
  return join(dataDir, "audit-followers");
}

/** How the log is kept, by configuration. */
export interface AuditSettings {
  /** Space that is set aside on the disk for records. */
  readonly reserveBytes: number;
  /** Whether the record of a read is on the disk before the answer leaves, or soon after. */
  readonly reads: "synced" | "batched";
}

/** Opens the log of an instance whose store is open, so that nobody else has it. Rejects as {@link openAuditLog}. */
export async function openInstanceAudit(
  { dataDir, instance, store }: { readonly dataDir: string; readonly instance: Instance; readonly store: Store },
  settings: Partial<AuditSettings>,
  report: (report: LogReport) => void,
): Promise<AuditLogFile> {
  const directory = auditDirectory(dataDir);
  await finishKeyChange(store, (key) => isLastKey(directory, key));
  let isMissing = false;
  const file = auditHeadFile(dataDir, instance);
  const log = await openAuditLog({
    directory,
    keys: await openAuditKeys(instance, store),
    heads: storedChainHead(store, file, () => (isMissing = true)),
    now: () => new Date(),
    report,
    ...settings,
  });
  if (isMissing) await log.put({ message: headMissing, fields: { goesOnAt: log.end } });
  return log;
}

const headMissing =
  "The file that says how long the audit log is was removed or changed: that the last entries were not cut off is not proven";

/** Reads the log of an instance, whether a server has it open or not. `tell` hears of entries that cannot be read. */
export function instanceAuditReader(
  dataDir: string,
  { rootKey }: Pick<Instance, "rootKey">,
  tell: TellUnreadable,
): LogReader {
  return new LogReader(auditDirectory(dataDir), auditSeal(rootKey), tell);
}

/** Has the log of the server tell what the audit log reports. */
export function logReports(log: Logger): (report: LogReport) => void {
  return ({ message, fields, error }) => {
    if (error === undefined) log.warn(message, fields);
    else log.error(message, error, fields);
  };
}
