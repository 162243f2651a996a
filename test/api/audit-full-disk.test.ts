/** A server whose audit log is on a disk of its own, which runs full for real. */
import assert from "node:assert/strict";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { mountSmallDisk, whyNoSmallDisk } from "../../src/store/embedded/conformance/small-disk.ts";
import { pruneAuditLog } from "../../src/instance/audit-reading.ts";
import { verifyAudit } from "../../src/instance/audit-verification.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { looseAuditEvents } from "../support/audit-events.ts";

const skip = whyNoSmallDisk();
const secrets = "/api/v1/namespaces/default/secrets";
const reserveBytes = 1024 * 1024;
/** The record of a request keeps its URI, so that few fill the reserve: at random, since records are compressed. */
const longUri = () =>
  `${secrets}/a?x=${Array.from({ length: 1900 }, () => Math.floor(Math.random() * 36).toString(36)).join("")}`;

function fillUp(path: string): void {
  const chunk = Buffer.alloc(4096);
  try {
    for (;;) writeFileSync(path, chunk, { flag: "a" });
  } catch (error) {
    assert.ok(error instanceof Error && "code" in error && error.code === "ENOSPC");
  }
}

async function withServer(use: (server: TestServer, disk: string) => Promise<void>): Promise<void> {
  using disk = mountSmallDisk();
  const home = await mkdtemp(join(tmpdir(), "strongroom-audit-"));
  await mkdir(join(home, "data"), { mode: 0o700 });
  symlinkSync(disk.path, join(home, "data", "audit"));
  const server = await startTestServer({ dataDir: home, audit: { reserveBytes, reads: "synced" } });
  try {
    await use(server, disk.path);
  } finally {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  }
}

test(
  "On a full disk changes are answered 503 first, reads when nothing is left to record them in; readiness tells before",
  { skip },
  () =>
    withServer(async (server, disk) => {
      const create = (name: string) =>
        server.call("POST", secrets, { body: { metadata: { name }, stringData: { k: "v" } } });
      assert.equal((await create("a")).status, 201);
      fillUp(join(disk, "ballast"));
      // The segment may have some space of its last page.
      while (
        (await server.call("GET", longUri())).status === 200 &&
        (await create(`b-${Math.random()}`)).status === 201
      );
      const refused = await create("c");
      assert.equal(refused.status, 503);
      assert.equal((await server.call("GET", `${secrets}/c`)).status, 404);
      assert.equal((await server.call("DELETE", `${secrets}/a`)).status, 503);

      let answered = 0;
      let warned = 0;
      for (let reads = await Promise.all(longReads(server)); reads.some((status) => status === 200);) {
        answered += reads.filter((status) => status === 200).length;
        if ((await server.call("GET", "/readyz")).status === 500) warned += 1;
        reads = await Promise.all(longReads(server));
      }
      assert.ok(answered > 200 && warned > 0, `${answered} reads answered, warned ${warned} times`);
      // Smaller records may still fit.
      let last = await server.call("GET", `${secrets}/a`);
      while (last.status === 200) last = await server.call("GET", `${secrets}/a`);
      assert.equal(last.status, 503);
      assert.equal(last.json.data, undefined);
      const onRecord = (await looseAuditEvents(server)).filter(
        ({ verb, responseStatus }) => verb === "get" && responseStatus?.code === 200,
      );
      assert.ok(onRecord.length >= answered, `${onRecord.length} on record of ${answered}`);

      // What is old can go nevertheless, which makes room for more.
      const rootKey = { type: "file", path: join(dirname(server.dataDir), "root.key") } as const;
      const all = { before: { entry: Number.MAX_SAFE_INTEGER }, dryRun: false };
      const { segments, from } = await pruneAuditLog({ dataDir: server.dataDir, rootKey }, all);
      assert.ok(segments > 0);
      assert.equal((await server.call("GET", `${secrets}/a`)).status, 200);
      const asked = { outside: [], publicKey: undefined, from: 0, to: Infinity };
      const verdict = await verifyAudit({ ...asked, place: { dataDir: server.dataDir, rootKey } });
      assert.deepEqual([verdict.faults, from], [[], 0]);
      assert.equal(verdict.retained?.first, verdict.first);

      rmSync(join(disk, "ballast"));
      let again = await create("d");
      while (again.status === 503) again = await create("d");
      assert.equal(again.status, 201);
      assert.equal((await server.call("GET", "/readyz")).status, 200);
    }),
);

function longReads(server: TestServer): Promise<number>[] {
  return Array.from({ length: 16 }, async () => (await server.call("GET", longUri())).status);
}
