/** Backups of a server whose secrets are encrypted as an EncryptionConfiguration says: they do not depend on its keys. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { defaultAuthentication } from "../../src/doors/kubernetes/authentication/authentication-config.ts";
import { defaultVersionLimits } from "../../src/core/secrets/version-retention.ts";
import { openDataStore } from "../../src/instance/data-store.ts";
import { openExistingInstance } from "../../src/instance/instance.ts";
import { backupOf, restoreBackup } from "../../src/instance/backups.ts";
import { backupOfServer } from "../../src/server/offline-backup.ts";
import type { ServerConfig } from "../../src/server/server-config.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { backupBytes, folderWith, key, lock, placeOf } from "./backup-place.ts";

const secrets = "/api/v1/namespaces/default/secrets";

/** What `strongroom backup create` is told, as far as it matters. */
function configOf(server: TestServer, encryptionFile: string): ServerConfig {
  return {
    ...placeOf(server),
    encryptionFile,
    host: "127.0.0.1",
    port: 0,
    extraSans: [],
    logFormat: "json",
    history: { retainMs: 24 * 60 * 60 * 1000, retainBytes: 1024 ** 3 },
    versions: { ...defaultVersionLimits, trashRetentionMs: 0 },
    limits: {},
    valuesInAnswersToWrites: "readers",
    authentication: defaultAuthentication,
    audit: { reserveBytes: 1024 * 1024, reads: "synced" },
    adminKubeconfig: undefined,
  };
}

async function gathered(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return Buffer.concat(parts);
}

/** Each record as it is stored, by key, with its revision. */
async function storedRecords(server: TestServer): Promise<Map<string, string>> {
  const place = placeOf(server);
  const { rootKey } = await openExistingInstance(place.dataDir, place.rootKey);
  await using data = await openDataStore(place.dataDir, rootKey, undefined, (error) => assert.ifError(error));
  const { records } = await data.engine.range("");
  return new Map(
    records.map(({ key: name, modRevision, value }) => [name, `${modRevision} ${Buffer.from(value).toString("hex")}`]),
  );
}

test("The backup of a server that does not run changes nothing in its store but the head of the audit log, however long it takes", async (t) => {
  await using files = await folderWith(Buffer.alloc(0));
  const encryptionFile = join(files.folder, "encryption.yaml");
  const secret = (byte: number) => Buffer.alloc(32, byte).toString("base64");
  const configure = (...keys: readonly string[]) => {
    const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n";
    const rule = `  - resources: [secrets]\n    providers: [{aesgcm: {keys: [${keys.join(", ")}]}}]\n`;
    writeFileSync(encryptionFile, head + rule, { mode: 0o600 });
  };
  configure(`{name: one, secret: ${secret(1)}}`);
  await using server = await startTestServer({ encryptionFile });
  for (const value of ["a", "b"]) {
    const body = { metadata: { name: "db" }, stringData: { password: value } };
    const created = await server.call("POST", secrets, { body });
    if (created.status !== 201) await server.call("PUT", `${secrets}/db`, { body });
  }
  await server.stop();
  const before = await storedRecords(server);
  // A server would note this key, and have what the former one wrote rewritten in the background.
  configure(`{name: two, secret: ${secret(2)}}`, `{name: one, secret: ${secret(1)}}`);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const pieces = backupOfServer(configOf(server, encryptionFile), lock);
  assert.equal((await pieces.next()).done, false);
  t.mock.timers.tick(7 * 24 * 3600 * 1000);
  const isTurned = new Promise((resolve) => setImmediate(resolve));
  await isTurned;
  await gathered(pieces);
  t.mock.timers.reset();
  const after = await storedRecords(server);
  const changed = Array.from(after.keys()).filter((name) => after.get(name) !== before.get(name));
  assert.deepEqual(changed, ["/strongroom/audit/head"]);
  assert.equal(after.size, before.size);
});

test("Secrets that a configuration has encrypted are in backups, of a server that runs and of one that does not, and restore without its keys", async () => {
  await using files = await folderWith(Buffer.alloc(0));
  const encryptionFile = join(files.folder, "encryption.yaml");
  const secret = Buffer.alloc(32, 7).toString("base64");
  const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n";
  const rule = `  - resources: [secrets]\n    providers: [{secretbox: {keys: [{name: one, secret: ${secret}}]}}]\n`;
  writeFileSync(encryptionFile, head + rule, { mode: 0o600 });
  await using server = await startTestServer({ encryptionFile });
  const body = { metadata: { name: "db" }, stringData: { password: "s3cret" } };
  assert.equal((await server.call("POST", secrets, { body })).status, 201);
  const running = await backupBytes(placeOf(server));
  await server.stop();
  const stored = await readFile(join(server.dataDir, "store", "data.mdb"));
  assert.ok(stored.includes("k8s:enc:secretbox:v1:one:"));
  const stopped = await gathered(backupOfServer(configOf(server, encryptionFile), lock));
  // Without the file the records cannot be read, and a backup that is not whole is none.
  await assert.rejects(gathered(backupOf(placeOf(server), lock)), /registry\/secrets\/default\/db/);

  for (const whole of [running, stopped]) {
    await using copied = await folderWith(whole);
    await restoreBackup(copied.place, { file: copied.read(), key });
    for (const overrides of [{}, { encryptionFile }]) {
      const restored = await startTestServer({ dataDir: copied.folder, ...overrides });
      const { json, text } = await restored.call("GET", `${secrets}/db`);
      assert.equal(json.data?.password, btoa("s3cret"), text);
      await restored.stop();
    }
  }
});
