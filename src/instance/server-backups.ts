/** The backups of a server that runs: those that are asked for by the control socket, and those that it makes by itself. */
import type { Registry } from "prom-client";
import type { Logger } from "../log/logger.ts";
import { systemClock } from "../store/clock.ts";
import { auditedBackups } from "./backup-access.ts";
import type { BackupSource, MakeBackup } from "./backup-access.ts";
import { scheduleBackups } from "./scheduled-backups.ts";
import type { BackupSchedule } from "./scheduled-backups.ts";

export interface ServerBackups extends AsyncDisposable {
  /** For the control socket. */
  readonly make: MakeBackup;
}

/** Begins those of the schedule, if there is one. Raises as {@link scheduleBackups}. */
export async function openBackups(
  source: Pick<BackupSource, "instance" | "store" | "audit">,
  schedule: BackupSchedule | undefined,
  { registry, log }: { readonly registry: Registry; readonly log: Logger },
): Promise<ServerBackups> {
  const backups = { ...source, now: () => new Date() };
  await using parts = new AsyncDisposableStack();
  if (schedule !== undefined) {
    const make = auditedBackups({ ...backups, door: "schedule" });
    const instanceId = source.instance.id;
    parts.use(await scheduleBackups({ schedule, instanceId, make, registry, log, clock: systemClock }));
  }
  const onError = (error: unknown) => log.error("Backup failed", error);
  const make = auditedBackups({ ...backups, door: "control-socket", onError });
  const opened = parts.move();
  return { make, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
