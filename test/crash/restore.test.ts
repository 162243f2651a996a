/** A restore is killed after each of its steps, and in the middle of the file: no server starts on half of it, and it can be done again. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { restoreSteps } from "../../src/instance/restored-directory.ts";
import { restoreBackup } from "../../src/instance/backups.ts";
import { backupBytes, folderWith, identity, key, placeOf } from "../backup/backup-place.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";

const script = fileURLToPath(new URL("restore-until.ts", import.meta.url));
const secrets = "/api/v1/namespaces/default/secrets";
const count = 300;

describe("A restore that is killed", () => {
  let server: TestServer;
  let whole: Buffer;

  before(async () => {
    server = await startTestServer();
    for (let i = 0; i < count; i++) {
      const body = { metadata: { name: `s${i}` }, stringData: { a: "x".repeat(5000) } };
      assert.equal((await server.call("POST", secrets, { body })).status, 201);
    }
    whole = await backupBytes(placeOf(server));
  });

  after(() => server[Symbol.asyncDispose]());

  const places = [...restoreSteps, "100", "300000", "1000000", "1500000"];
  for (const until of places) {
    test(`${/^\d/.test(until) ? `when it has read ${until} bytes` : `after it was ${until}`} leaves nothing that is served, and can be repeated`, async () => {
      await using copied = await folderWith(whole);
      const killed = spawnSync(process.execPath, [script, copied.folder, copied.file, identity, until], {
        encoding: "utf8",
      });
      assert.equal(killed.signal, "SIGKILL", killed.stderr);
      if (until !== "committed") {
        await assert.rejects(startTestServer({ dataDir: copied.folder }), { code: "corrupt" });
        assert.ok(!existsSync(join(copied.place.dataDir, "instance.json")));
        await restoreBackup(copied.place, { file: copied.read(), key });
        assert.deepEqual((await readdir(copied.place.dataDir)).toSorted(), ["audit", "instance.json", "store"]);
      }
      await using restored = await startTestServer({ dataDir: copied.folder });
      assert.equal((await restored.call("GET", secrets)).json.items.length, count);
    });
  }

  test("and of which the backup turns out to be damaged the next time leaves nothing, nor its key", async () => {
    await using copied = await folderWith(whole);
    spawnSync(process.execPath, [script, copied.folder, copied.file, identity, "filled"]);
    assert.ok(existsSync(join(copied.folder, "root.key")));
    const damaged = async function* () {
      yield whole.subarray(0, -5);
    };
    await assert.rejects(restoreBackup(copied.place, { file: damaged(), key }), { code: "corrupt" });
    assert.ok(!existsSync(join(copied.folder, "root.key")));
    assert.deepEqual(await readdir(copied.place.dataDir), []);
  });
});
