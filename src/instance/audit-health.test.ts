import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { auditEvent, FaultyDisk, LogFixture } from "../../test/support/audit-log-fixture.ts";
import { watchAuditHealth } from "./audit-health.ts";

async function metricsOf(registry: Registry): Promise<Record<string, number>> {
  const lines = (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(lines.map((line) => [line.split(" ")[0] ?? "", Number(line.split(" ")[1])]));
}

test("A log that cannot be written to is not ready, and the metrics count what was refused", async () => {
  using fixture = new LogFixture();
  const disk = new FaultyDisk();
  const registry = new Registry();
  await fixture.with(
    async (log) => {
      const health = watchAuditHealth(log, registry);
      await log.write(auditEvent("a"));
      await log.checkpoint();
      health.check();
      assert.deepEqual(await metricsOf(registry), {
        strongroom_audit_entries: 1,
        strongroom_audit_signed_entries: 1,
        strongroom_audit_reserve_bytes: 0,
        strongroom_audit_reserve_wanted_bytes: 0,
        strongroom_audit_damages: 0,
        'strongroom_audit_refused_total{kind="read"}': 0,
        'strongroom_audit_refused_total{kind="write"}': 0,
      });
      disk.fault = "sync";
      await assert.rejects(log.write(auditEvent("b")));
      assert.throws(() => health.check(), { code: "unavailable" });
      assert.equal((await metricsOf(registry))['strongroom_audit_refused_total{kind="read"}'], 1);
      disk.fault = "none";
      await log.write(auditEvent("c"));
      health.check();
    },
    { files: disk },
  );
});

test("A log with less than half of its reserve on a full disk is not ready", async () => {
  using fixture = new LogFixture();
  const full = async () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
  const reserveFile = {
    sizeBytes: 100,
    extend: full,
    sync: async () => {},
    cut: async () => {},
    close: async () => {},
  };
  await fixture.with(
    async (log) => {
      const health = watchAuditHealth(log, new Registry());
      await log.write(auditEvent("a"));
      assert.throws(() => health.check(), { code: "unavailable", message: /must have space/ });
    },
    { reserveFile, reserveBytes: 300 },
  );
});
