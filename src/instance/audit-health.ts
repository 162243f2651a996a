/** How the audit log stands: for readiness, and as metrics. */
import { Counter, Gauge } from "prom-client";
import type { Registry } from "prom-client";
import type { AuditLogFile } from "../audit/log/audit-log-file.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";

export interface AuditHealth {
  /** Raises while records cannot be written, and when less than half of the space that is set aside is left. */
  check(): void;
}

/** Registers the metrics of a log; they are read when they are asked for. */
export function watchAuditHealth(log: AuditLogFile, registry: Registry): AuditHealth {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge("strongroom_audit_entries", "How many entries the audit log has had: the position of the next.", () => log.end);
  gauge("strongroom_audit_signed_entries", "How many entries the last checkpoint since the start is about.", () => {
    return log.lastCheckpoint?.entries ?? 0;
  });
  gauge(
    "strongroom_audit_reserve_bytes",
    "Space set aside for the audit log that is left.",
    () => log.reserve.leftBytes,
  );
  gauge(
    "strongroom_audit_reserve_wanted_bytes",
    "Space to be set aside for the audit log.",
    () => log.reserve.wantedBytes,
  );
  gauge(
    "strongroom_audit_damages",
    "How often since the start the audit log was found changed by others.",
    () => log.damages,
  );
  const refused = new Counter({
    name: "strongroom_audit_refused_total",
    help: "Records that could not be made durable, so that their requests failed; by what they belonged to.",
    labelNames: ["kind"],
    registers: [],
    collect() {
      this.reset();
      for (const kind of ["read", "write"] as const) this.inc({ kind }, log.refused[kind]);
    },
  });
  registry.registerMetric(refused);
  return {
    check() {
      if (log.isFailing) throw new StrongroomError("unavailable", "the audit log must be writable");
      if (log.reserve.isLow) throw new StrongroomError("unavailable", "the disk of the audit log must have space");
    },
  };
}
