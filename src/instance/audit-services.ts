/** What works behind the audit log of a server: its verification, who follows it, and the index that it is asked by. */
import type { Registry } from "prom-client";
import type { AuditOutput } from "../audit/followers/follower-config.ts";
import { AuditRecords } from "../audit/index/audit-records.ts";
import type { SecretFacts } from "../audit/index/audit-records.ts";
import type { AuditLogFile } from "../audit/log/audit-log-file.ts";
import type { Logger } from "../log/logger.ts";
import { followAuditLog } from "./audit-followers.ts";
import { watchAuditHealth } from "./audit-health.ts";
import type { AuditHealth } from "./audit-health.ts";
import { openAuditIndex } from "./audit-index.ts";
import { watchAuditIntegrity } from "./audit-integrity.ts";
import { logReports } from "./audit-log.ts";
import type { Instance } from "./instance.ts";

export interface AuditServices extends AsyncDisposable {
  /** What the log is asked. */
  readonly records: AuditRecords;
  readonly health: AuditHealth;
}

export interface ServedLog {
  readonly dataDir: string;
  readonly instance: Pick<Instance, "rootKey">;
  readonly log: AuditLogFile;
  readonly output: AuditOutput | undefined;
  readonly announce: (line: string) => void;
  /** What belongs to answers about secrets and is not on record. */
  readonly facts?: SecretFacts;
}

/** Starts all of it; raises what {@link followAuditLog} raises. */
export async function startAuditServices(
  served: ServedLog,
  registry: Registry,
  logger: Logger,
): Promise<AuditServices> {
  const { log, output, facts } = served;
  await using stack = new AsyncDisposableStack();
  stack.use(watchAuditIntegrity(log, registry, logger));
  stack.use(await followAuditLog({ ...served, registry, report: logReports(logger) }, output));
  const index = stack.use(await openAuditIndex(served, registry, logger));
  const parts = stack.move();
  const [records, health] = [
    new AuditRecords(index, log, { ...(facts !== undefined && { facts }) }),
    watchAuditHealth(log, registry),
  ];
  return { records, health, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}
