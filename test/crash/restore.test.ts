/** A restore is killed after each of its steps, and in the middle of the file: no server starts on half of it, and it can be done again. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { restoreSteps } from "../../src/instance/restored-directory.ts";
import { restoreBackup } from "../../src/instance/backups.ts";
import { backupBytes, folderWith, identity, key, placeOf } from "../backup/backup-place.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";

/** A restore as a program of its own, `command` in front of it. */
function restoring(
  { folder, file }: { readonly folder: string; readonly file: string },
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
) {
  const child = spawn(command, [...args, script, folder, file, identity, "the end"], { env, stdio: "ignore" });
  const { promise: ended, resolve } = Promise.withResolvers<{ readonly signal: NodeJS.Signals | null }>();
  child.on("close", (_code, signal) => resolve({ signal }));
  return { child, ended };
}

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

  /** What a killed restore has left is refused, or whole; restored into once more it is whole. */
  async function endsWhole(copied: Awaited<ReturnType<typeof folderWith>>): Promise<void> {
    const { dataDir } = copied.place;
    if (!existsSync(join(dataDir, "instance.json"))) {
      // Before the first step there is nothing, and a server would begin anew.
      if (existsSync(join(dataDir, "restoring"))) {
        await assert.rejects(startTestServer({ dataDir: copied.folder }), { code: "corrupt" });
      }
      await restoreBackup(copied.place, { file: copied.read(), key });
      assert.deepEqual((await readdir(dataDir)).toSorted(), ["audit", "instance.json", "store"]);
    }
    await using restored = await startTestServer({ dataDir: copied.folder });
    assert.equal((await restored.call("GET", secrets)).json.items.length, count);
  }

  test("at any moment, and again in what that left, ends in a restore that is whole", async () => {
    await using timed = await folderWith(whole);
    const startMs = performance.now();
    await restoring(timed, process.execPath, []).ended;
    const tookMs = performance.now() - startMs;
    for (let round = 0; round < 4; round++) {
      await using copied = await folderWith(whole);
      for (let kill = 0; kill < 4; kill++) {
        const { child, ended } = restoring(copied, process.execPath, []);
        const timer = setTimeout(() => child.kill("SIGKILL"), randomInt(Math.ceil(tookMs)));
        await ended;
        clearTimeout(timer);
        if (existsSync(join(copied.place.dataDir, "instance.json"))) break;
      }
      await endsWhole(copied);
    }
  });

  if (spawnSync("strace", ["-qq", "-o", "/dev/null", "true"]).status === 0) {
    const calls = "mkdir,rename,link,unlink,rmdir,fsync,fdatasync,ftruncate,pwrite64";
    // One thread of the pool: calls are counted by thread.
    const traced = (copied: Awaited<ReturnType<typeof folderWith>>, ...args: readonly string[]) =>
      restoring(copied, "strace", ["-f", "-qq", "-e", `trace=${calls}`, ...args, process.execPath], {
        ...process.env,
        UV_THREADPOOL_SIZE: "1",
      }).ended;

    test("before any call that changes the disk ends in a restore that is whole", async (t) => {
      await using counted = await folderWith(whole);
      const trace = join(counted.folder, "trace");
      await traced(counted, "-o", trace);
      const begun = readFileSync(trace, "utf8")
        .split("\n")
        .filter((line) => /^\d+ +[a-z]/.test(line));
      const byThread = Map.groupBy(begun, (line) => line.split(" ")[0]);
      const calls_ = Math.max(...Array.from(byThread.values(), (lines) => lines.length));
      // A few of them, others each time; all when asked to.
      const stride = process.env["EVERY_CALL"] === undefined ? 9 : 1;
      let killed = 0;
      for (let call = 1 + randomInt(stride); call <= calls_; call += stride) {
        await using copied = await folderWith(whole);
        const { signal } = await traced(copied, "-o", "/dev/null", "-e", `inject=${calls}:signal=KILL:when=${call}`);
        if (signal === "SIGKILL") killed++;
        await endsWhole(copied);
      }
      t.diagnostic(`killed at ${killed} of ${calls_} calls`);
      assert.ok(killed > 0);
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
