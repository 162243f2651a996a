/** The disk runs full while a backup is written, and while one is restored. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { createPrivateFile } from "../../src/crypto/private-file.ts";
import { isStrongroomError } from "../../src/errors/strongroom-error.ts";
import { openDataStore } from "../../src/instance/data-store.ts";
import { openExistingInstance } from "../../src/instance/instance.ts";
import { backupOf, restoreBackup } from "../../src/instance/backups.ts";
import { mountSmallDisk, whyNoSmallDisk } from "../../src/store/embedded/conformance/small-disk.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { backupBytes, chunks, folderWith, identity, key, lock, placeIn, placeOf } from "./backup-place.ts";

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

test("A restore with any space in between leaves nothing or is whole, after a kill too", { skip }, async () => {
  await using server = await startTestServer();
  for (let i = 0; i < 3; i++) {
    const body = { metadata: { name: `s${i}` }, data: { a: randomBytes(200 * 1024).toString("base64") } };
    assert.equal((await server.call("POST", "/api/v1/namespaces/default/secrets", { body })).status, 201);
  }
  await using copied = await folderWith(await backupBytes(placeOf(server)));
  const script = fileURLToPath(new URL("../crash/restore-until.ts", import.meta.url));
  const outcomes = { refused: 0, whole: 0 };
  for (const freeKiB of [4, 8, 12, 16, 24, 100, 1000, 2000, 3000, 4000, 5000, 6000, 7000]) {
    for (const isKilled of [false, true]) {
      using disk = mountSmallDisk();
      const place = placeIn(disk.path);
      if (isKilled) spawnSync(process.execPath, [script, disk.path, copied.file, identity, "keyed"]);
      fillDisk(join(disk.path, "ballast"), freeKiB * 1024);
      try {
        await restoreBackup(place, { file: copied.read(), key });
        outcomes.whole++;
        const { rootKey } = await openExistingInstance(place.dataDir, place.rootKey);
        await using data = await openDataStore(place.dataDir, rootKey, undefined, (error) => assert.ifError(error));
        assert.equal(await data.store.count("/registry/secrets/default/"), 3);
      } catch (error) {
        outcomes.refused++;
        assert.ok(isStrongroomError(error, "unavailable"), `${freeKiB} KiB: ${String(error)}`);
        const left = readdirSync(disk.path, { recursive: true });
        assert.deepEqual(left, isKilled ? ["ballast", "data"] : ["ballast"], `${freeKiB} KiB`);
      }
    }
  }
  assert.ok(outcomes.refused > 0 && outcomes.whole > 0, JSON.stringify(outcomes));
});

/** Leaves so many bytes. */
function fillDisk(path: string, freeBytes: number): void {
  const { bavail, bsize } = statfsSync(dirname(path));
  writeFileSync(path, Buffer.alloc(Math.max(0, bavail * bsize - freeBytes)));
}
