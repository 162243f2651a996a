/** The disk runs full while a backup is written, and while one is restored. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createPrivateFile } from "../../src/crypto/private-file.ts";
import { backupOf, restoreBackup } from "../../src/instance/backups.ts";
import { mountSmallDisk, whyNoSmallDisk } from "../../src/store/embedded/conformance/small-disk.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { backupBytes, chunks, key, lock, placeIn, placeOf } from "./backup-place.ts";

const skip = whyNoSmallDisk();

/** 6 MiB of values. */
async function filledServer(): Promise<TestServer> {
  const server = await startTestServer();
  for (let i = 0; i < 12; i++) {
    const body = { metadata: { name: `s${i}` }, data: { a: randomBytes(384 * 1024).toString("base64") } };
    assert.equal((await server.call("POST", "/api/v1/namespaces/default/secrets", { body })).status, 201);
  }
  return server;
}

test("A backup for which there is no space leaves no file, and the server goes on", { skip }, async () => {
  await using server = await filledServer();
  using disk = mountSmallDisk();
  const ballast = join(disk.path, "ballast");
  writeFileSync(ballast, Buffer.alloc(4 * 1024 * 1024));
  const file = join(disk.path, "backup.age");
  await assert.rejects(
    createPrivateFile(file, backupOf(placeOf(server), lock)),
    /backup\.age must be writable \(ENOSPC\)/,
  );
  assert.deepEqual(readdirSync(disk.path), ["ballast"]);
  assert.equal((await server.call("GET", "/readyz")).status, 200);
  rmSync(ballast);
  await createPrivateFile(file, backupOf(placeOf(server), lock));
});

test("A restore for which there is no space leaves nothing, and succeeds when there is", { skip }, async () => {
  await using server = await filledServer();
  const whole = await backupBytes(placeOf(server));
  using disk = mountSmallDisk();
  const place = { dataDir: join(disk.path, "data"), rootKey: placeIn(disk.path).rootKey };
  await assert.rejects(restoreBackup(place, { file: chunks(whole), key }), { code: "unavailable" });
  assert.deepEqual(readdirSync(disk.path), []);
});
