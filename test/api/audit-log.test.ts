/** The audit log of a server when something is done to it, and when it is older than the server. */
import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { openInstanceAudit } from "../../src/instance/audit-log.ts";
import { openDataStore } from "../../src/instance/data-store.ts";
import type { DataStore } from "../../src/instance/data-store.ts";
import { openExistingInstance } from "../../src/instance/instance.ts";
import type { Instance } from "../../src/instance/instance.ts";
import { encodePublicKey } from "../../src/audit/log/checkpoint.ts";
import { changeSigningKey } from "../../src/instance/audit-keys.ts";
import { verifyAudit } from "../../src/instance/audit-verification.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { looseAuditEvents } from "../support/audit-events.ts";
import { auditEvent } from "../support/audit-log-fixture.ts";

const secrets = "/api/v1/namespaces/default/secrets";

/** Runs with a server on a folder of its own, which is removed. */
async function withServer(use: (server: TestServer) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "strongroom-audit-"));
  const server = await startTestServer({ dataDir: home });
  try {
    await use(server);
  } finally {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

/** Starts again on the folder of a server that was stopped. */
async function withNext(stopped: TestServer, use: (server: TestServer) => Promise<void>): Promise<void> {
  const server = await startTestServer({ dataDir: dirname(stopped.dataDir) });
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

/** Opens the store of a server that was stopped. */
async function withStore(
  { dataDir }: TestServer,
  use: (data: DataStore, instance: Instance) => Promise<void>,
): Promise<void> {
  const instance = await openExistingInstance(dataDir, { type: "file", path: join(dirname(dataDir), "root.key") });
  await using data = await openDataStore(dataDir, instance.rootKey, {}, () => {});
  await use(data, instance);
}

function segmentsOf({ dataDir }: TestServer): string[] {
  const directory = join(dataDir, "audit");
  const names = readdirSync(directory).filter((name) => name.endsWith(".segment"));
  return names.map((name) => join(directory, name));
}

test("Two servers on one log are refused", () =>
  withServer(async (server) => {
    await assert.rejects(startTestServer({ dataDir: dirname(server.dataDir) }), { code: "unavailable" });
    assert.equal((await server.call("GET", secrets)).status, 200);
  }));

test("While the log cannot be written, nothing is answered, and the server is not ready; then all goes on without a gap", () =>
  withServer(async (server) => {
    const directory = join(server.dataDir, "audit");
    await server.call("POST", secrets, { body: { metadata: { name: "a" } } });
    renameSync(directory, `${directory}-away`);
    for (const [method, path, body] of [
      ["GET", `${secrets}/a`, undefined],
      ["GET", `${secrets}/none`, undefined],
      ["DELETE", `${secrets}/a`, undefined],
      ["POST", secrets, { metadata: { name: "b" } }],
    ] as const) {
      const answer = await server.call(method, path, body === undefined ? {} : { body });
      assert.equal(answer.status, 503, answer.text);
      assert.equal(answer.json.data, undefined);
    }
    assert.match((await server.call("GET", "/readyz")).text, /\[-\]audit failed/);
    renameSync(`${directory}-away`, directory);
    const answer = await server.call("GET", `${secrets}/a`);
    assert.equal(answer.status, 200);
    assert.equal((await server.call("GET", "/readyz")).status, 200);
    assert.equal(segmentsOf(server).length, 1);
    const events = await looseAuditEvents(server);
    assert.ok(events.some(({ auditID }) => auditID === answer.headers["audit-id"]));
  }));

test("A log that was deleted under the server is begun again, and says that something is missing", () =>
  withServer(async (server) => {
    await server.call("GET", secrets);
    for (const path of segmentsOf(server)) rmSync(path);
    const answer = await server.call("GET", secrets);
    assert.equal(answer.status, 200);
    const [report, ...events] = await looseAuditEvents(server);
    assert.match(report.annotations["strongroom.dev/report"], /changed under the server/);
    assert.ok(events.some(({ auditID }) => auditID === answer.headers["audit-id"]));
    assert.match((await server.call("GET", "/metrics")).text, /^strongroom_audit_damages 1$/m);
  }));

test("Names of secrets and of their readers are not readable in the data directory's log", () =>
  withServer(async (server) => {
    const name = "payments-canary-credentials";
    await server.call("POST", secrets, { body: { metadata: { name }, stringData: { key: "v" } } });
    for (let n = 0; n < 20; n++) await server.call("GET", `${secrets}/${name}`);
    await server.stop();
    const directory = join(server.dataDir, "audit");
    for (const file of readdirSync(directory)) {
      const bytes = readFileSync(join(directory, file));
      for (const text of [name, "strongroom-admin", "system:masters"]) assert.equal(bytes.includes(text), false, file);
    }
  }));

test("A data directory with a log of JSON lines works on: the file stays, and the new log begins with what is in it", () =>
  withServer(async (server) => {
    await server.stop();
    // As a server of before leaves it.
    for (const path of segmentsOf(server)) rmSync(path);
    rmSync(join(server.dataDir, "audit", "head"));
    await withStore(server, async ({ store }) => {
      await store.txn({ compares: [], thens: [{ type: "delete", key: "/strongroom/audit/head" }] });
      await store.txn({ compares: [], thens: [{ type: "delete", key: "/strongroom/audit/signing-key" }] });
    });
    const former = join(server.dataDir, "audit", "audit.log");
    const line = `${JSON.stringify(auditEvent("of-before"))}\n`;
    writeFileSync(former, line);
    await withNext(server, async (next) => {
      const answer = await next.call("GET", secrets);
      assert.equal(answer.status, 200);
      const events = await looseAuditEvents(next);
      assert.match(events[0].annotations["strongroom.dev/former-logs"], /^audit\.log \d+ bytes sha256:[0-9a-f]{64}$/);
      assert.ok(events.some(({ auditID }) => auditID === answer.headers["audit-id"]));
    });
    assert.equal(readFileSync(former, "utf8"), line);
  }));

test("What became of changes that a crash cut off is on record before anything is served", () =>
  withServer(async (server) => {
    const made = await server.call("POST", secrets, { body: { metadata: { name: "made" } } });
    const { uid, resourceVersion } = made.json.metadata;
    await server.stop();
    const secret = { apiVersion: "v1", resource: "secrets", namespace: "default" };
    const intents = {
      created: { ...secret, name: "made", uid },
      "not-created": { ...secret, name: "not-made", uid: "u" },
      unchanged: { ...secret, name: "made", uid, resourceVersion },
    };
    await withStore(server, async ({ store }, instance) => {
      const log = await openInstanceAudit({ dataDir: server.dataDir, instance, store }, {}, () => {});
      for (const [auditId, objectRef] of Object.entries(intents)) {
        const event = auditEvent(auditId, { stage: "RequestReceived", intentID: auditId, objectRef });
        await log.write(event, { kind: "write" });
      }
      await log.close();
    });
    await withNext(server, async (next) => {
      const events = await looseAuditEvents(next);
      const outcomes = events.filter(({ intentID, stage }) => intentID in intents && stage === "ResponseComplete");
      assert.deepEqual(
        outcomes.map(({ auditID, annotations }) => [auditID, annotations["strongroom.dev/outcome-from-store"]]),
        [
          ["created", "committed"],
          ["not-created", "not-committed"],
          ["unchanged", "not-committed"],
        ],
      );
    });
  }));

test("A crash while the key of checkpoints changes leaves a log that goes on with the key that its end has", () =>
  withServer(async (server) => {
    await server.stop();
    const verify = async () => {
      const rootKey = { type: "file", path: join(dirname(server.dataDir), "root.key") } as const;
      const asked = { outside: [], publicKey: undefined, from: 0, to: Infinity };
      return verifyAudit({ ...asked, place: { dataDir: server.dataDir, rootKey } });
    };
    for (const dies of ["before the log has it", "after the log has it"]) {
      const before = (await verify()).publicKey;
      let next = "";
      await withStore(server, async ({ store }, instance) => {
        const log = await openInstanceAudit({ dataDir: server.dataDir, instance, store }, {}, () => {});
        const dying = {
          async changeKey(key: KeyObject) {
            await log.write(auditEvent("before"));
            if (dies === "after the log has it") await log.changeKey(key);
            next = encodePublicKey(createPublicKey(key));
            throw new Error("the process ends here");
          },
        };
        await assert.rejects(changeSigningKey(dying, store), /ends here/);
        await log.close();
      });
      await withNext(server, async (started) => {
        assert.equal((await started.call("GET", secrets)).status, 200);
      });
      const verdict = await verify();
      assert.deepEqual(verdict.faults, []);
      assert.equal(verdict.keyOrigin, "server");
      assert.equal(verdict.publicKey, dies === "after the log has it" ? next : before);
      assert.equal(verdict.signed?.publicKey, verdict.publicKey);
    }
  }));

test("Without the file that says how long the log is, or with another one, a start goes by the store and says so", () =>
  withServer(async (server) => {
    await server.call("GET", secrets);
    await server.stop();
    const path = join(server.dataDir, "audit", "head");
    const kept = readFileSync(path);
    const reports: string[] = [];
    const openOnce = () =>
      withStore(server, async ({ store }, instance) => {
        const place = { dataDir: server.dataDir, instance, store };
        const log = await openInstanceAudit(place, {}, ({ message }) => reports.push(message));
        await log.write(auditEvent("next"));
        await log.close();
      });
    await openOnce();
    assert.deepEqual(reports, []);
    // An old one is no news: the loss of power may leave it.
    writeFileSync(path, kept);
    await openOnce();
    assert.deepEqual(reports, []);
    for (const harm of [
      () => rmSync(path),
      () => writeFileSync(path, kept.fill("0", 0, 10)),
      () => writeFileSync(path, ""),
    ]) {
      harm();
      await openOnce();
      assert.match(reports.splice(0).join(), /^The file that says how long the audit log is was removed or changed/);
    }
    const events = await looseAuditEvents(server);
    assert.equal(
      events.filter(({ annotations }) => /file that says/.test(annotations?.["strongroom.dev/report"])).length,
      3,
    );
  }));
