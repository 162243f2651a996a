/** What clusters report over the faults of this server: killed between append and answer, without space on its disk. */
import assert from "node:assert/strict";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { mountSmallDisk, whyNoSmallDisk } from "../../src/store/embedded/conformance/small-disk.ts";
import { Program, TestHome } from "../cli/program.ts";
import { credentialsOf, connectWith, startTestServer } from "../running-server.ts";
import { auditEvents } from "../support/audit-events.ts";
import { eventsPath, post, reported, reporting } from "./reports.ts";

const prod = reporting("prod");

test(
  "What is sent again after kill -9 is on record once, and all that was answered is",
  { timeout: 120_000 },
  async () => {
    using home = new TestHome();
    writeFileSync(home.at("prod.sha256"), `${prod.cluster.tokenHashes[0]?.toString("hex")}\n`);
    const lines = ["apiVersion: strongroom.dev/v1alpha1", "kind: ServerConfiguration", "audit:", "  reserve: 1Mi"];
    lines.push("  clusters:", "    - {name: prod, namespacePrefix: prod-, tokenHashFile: prod.sha256}");
    writeFileSync(home.at("strongroom.yaml"), `${lines.join("\n")}\n`);
    const port = await freePort();
    const place = ["--data-dir", "data", "--root-key-file", "root.key", "--config", "strongroom.yaml"];
    const serve = async () => {
      const program = new Program(home, ["serve", "--listen", `127.0.0.1:${port}`, ...place]);
      return { program, url: await program.ready() };
    };
    const batches = Array.from({ length: 40 }, (_, batch) =>
      Array.from({ length: 50 }, (__, index) => reported("get", "alice", `team/s-${batch}-${index}`)),
    );
    let answered = 0;
    const sendAll = async (url: string, onAnswer: () => void) => {
      const { ca } = await credentialsOf(join(home.at("data"), "admin.kubeconfig"));
      const call = connectWith(url, { ca });
      const headers = { Authorization: `Bearer ${prod.token}` };
      const send = async (items: readonly object[]): Promise<void> => {
        const body = { kind: "EventList", apiVersion: "audit.k8s.io/v1", items };
        const { status } = await call("POST", eventsPath("prod"), { body, headers });
        // Too many at a time: as an API server does, it is sent again.
        if (status === 429) return send(items);
        assert.equal(status, 200);
        onAnswer();
      };
      return Promise.allSettled(batches.map(send));
    };
    for (const killAfter of [1, 9, 23]) {
      const { program, url } = await serve();
      await using _ = program;
      let count = 0;
      await sendAll(url, () => {
        if (++count === killAfter) program.kill("SIGKILL");
      });
      answered = Math.max(answered, count);
      await program.ended;
    }
    const { program, url } = await serve();
    await using _ = program;
    const results = await sendAll(url, () => {});
    assert.ok(results.every(({ status }) => status === "fulfilled"));
    const events = await auditEvents({ dataDir: home.at("data"), rootKeyFile: home.at("root.key") });
    const names = events.filter(({ reported: of }) => of !== undefined).map(({ objectRef }) => objectRef?.name);
    assert.ok(answered >= 23);
    assert.equal(names.length, 2000);
    assert.equal(new Set(names).size, 2000);
  },
);

test(
  "On a full disk a batch is answered 503, reads of this server go on, and it is taken when there is space again",
  { skip: whyNoSmallDisk(), timeout: 120_000 },
  async () => {
    using disk = mountSmallDisk();
    const home = await mkdtemp(join(tmpdir(), "strongroom-audit-"));
    await mkdir(join(home, "data"), { mode: 0o700 });
    symlinkSync(disk.path, join(home, "data", "audit"));
    const audit = { reserveBytes: 1024 * 1024, reads: "synced" } as const;
    const server = await startTestServer({ dataDir: home, audit, reportingClusters: [prod.cluster] });
    try {
      fillUp(join(disk.path, "ballast"));
      const batch = () => Array.from({ length: 20 }, () => reported("get", "alice", `team/${Math.random()}`));
      let answer = await post(server, "prod", prod.token, batch());
      for (let sent = 0; answer.status === 200 && sent < 500; sent++)
        answer = await post(server, "prod", prod.token, batch());
      assert.equal(answer.status, 503, answer.text);
      assert.equal(answer.headers["retry-after"], "5");
      assert.equal((await server.call("GET", "/api/v1/namespaces/default/secrets")).status, 200);
      rmSync(join(disk.path, "ballast"));
      const last = batch();
      const untilMs = performance.now() + 30_000;
      do answer = await post(server, "prod", prod.token, last);
      while (answer.status === 503 && performance.now() < untilMs);
      assert.equal(answer.status, 200, answer.text);
      const events = await auditEvents(server);
      const named = (name: string | undefined) => events.filter(({ objectRef }) => objectRef?.name === name).length;
      assert.ok(last.every(({ objectRef }) => named(objectRef.name) === 1));
    } finally {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    }
  },
);

function fillUp(path: string): void {
  const chunk = Buffer.alloc(4096);
  try {
    for (;;) writeFileSync(path, chunk, { flag: "a" });
  } catch (error) {
    assert.ok(error instanceof Error && "code" in error && error.code === "ENOSPC");
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on a port
  server.close();
  await once(server, "close");
  return port;
}
