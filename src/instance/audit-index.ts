/** The index of the audit log of a data directory, in the folder `audit-index` of it: derived, so that it may be deleted. */
import { join } from "node:path";
import { Gauge } from "prom-client";
import type { Registry } from "prom-client";
import type { AuditLogReader } from "../audit/audit-log.ts";
import { AuditIndex } from "../audit/index/audit-index.ts";
import type { Logger } from "../log/logger.ts";
import type { Instance } from "./instance.ts";

export interface IndexedLog {
  readonly dataDir: string;
  readonly instance: Pick<Instance, "rootKey">;
  readonly log: AuditLogReader;
}

/** Opens the index and follows the log with it; says in metrics how far it is. */
export async function openAuditIndex(
  { dataDir, instance, log }: IndexedLog,
  registry: Registry,
  logger: Logger,
): Promise<AuditIndex> {
  const index = await AuditIndex.open({
    directory: join(dataDir, "audit-index"),
    key: instance.rootKey.derive("audit/index"),
    log,
    onError: (error) => logger.error("Index of the audit log could not be kept", error),
  });
  const registers = [registry];
  const position: Gauge = new Gauge({
    name: "strongroom_audit_index_position",
    help: "Entries of the audit log before this one are indexed.",
    registers,
    collect: () => position.set(index.position),
  });
  const bytes: Gauge = new Gauge({
    name: "strongroom_audit_index_bytes",
    help: "What the index of the audit log takes on the disk.",
    registers,
    collect: () => bytes.set(index.sizeBytes),
  });
  return index;
}
