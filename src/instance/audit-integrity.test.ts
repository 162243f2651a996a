import assert from "node:assert/strict";
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Registry } from "prom-client";
import { segmentNames } from "../../test/support/audit-attacker.ts";
import { LogFixture, numbered, writeAll } from "../../test/support/audit-log-fixture.ts";
import type { AuditLogFile } from "../audit/log/audit-log-file.ts";
import { createLogger } from "../log/logger.ts";
import { firstLookMs, watchAuditIntegrity } from "./audit-integrity.ts";

/** Lets the first look happen, and resolves to what the metric and the server's log say then. */
async function look(context: TestContext, log: AuditLogFile): Promise<{ intact: number; told: string[] }> {
  context.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const registry = new Registry();
  const told: string[] = [];
  const logger = createLogger(
    "json",
    (line) => told.push(line),
    () => new Date(),
  );
  let looked: Promise<unknown> = Promise.resolve();
  const verify = () => {
    const verdict = log.verify();
    looked = verdict.catch(() => undefined);
    return verdict;
  };
  using _ = watchAuditIntegrity({ verify }, registry, logger);
  context.mock.timers.tick(firstLookMs);
  await looked;
  await new Promise((resolve) => setImmediate(resolve)); // what hangs on it has had its turn
  const metrics = await registry.metrics();
  context.mock.timers.reset();
  return { intact: Number(/^strongroom_audit_intact (\d)$/m.exec(metrics)?.[1]), told };
}

/** A log of three segments or more, with a checkpoint about all of it. */
async function withLog(use: (log: AuditLogFile, paths: string[], fixture: LogFixture) => Promise<void>): Promise<void> {
  using fixture = new LogFixture();
  const log = await fixture.open({ segmentBytes: 1500 });
  await writeAll(log, numbered(20));
  await log.checkpoint();
  await use(
    log,
    segmentNames(fixture.directory).map((name) => join(fixture.directory, name)),
    fixture,
  );
  await log.close();
}

test("A log that nobody touched is intact", (context) =>
  withLog(async (log) => assert.deepEqual(await look(context, log), { intact: 1, told: [] })));

test("A change in an old segment is found by the server, which says where", (context) =>
  withLog(async (log, [path = ""]) => {
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 5) ^ 1, bytes.length - 5);
    writeFileSync(path, bytes);
    const { intact, told } = await look(context, log);
    assert.equal(intact, 0);
    assert.match(told[0] ?? "", /Audit log was changed from outside.*0000000000000000\.segment/);
  }));

test("An end that was cut off is found by the checkpoint that the server remembers", (context) =>
  withLog(async (log, paths) => {
    const last = paths.at(-1) ?? "";
    truncateSync(last, statSync(last).size - 300);
    assert.equal((await look(context, log)).intact, 0);
  }));

test("A log that cannot be verified is not said to be intact", (context) =>
  withLog(async (log) => {
    const verify = () => Promise.reject(new Error("EIO"));
    const { intact, told } = await look(context, Object.assign(Object.create(log) as AuditLogFile, { verify }));
    assert.equal(intact, 0);
    assert.match(told[0] ?? "", /Verification of the audit log failed/);
  }));

test("A loss that the server has put on record is not told of again", (context) =>
  withLog(async (log, paths) => {
    rmSync(paths.at(-1) ?? "");
    await writeAll(log, ["next"]);
    await log.checkpoint();
    assert.deepEqual(await look(context, log), { intact: 1, told: [] });
  }));
