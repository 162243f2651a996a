import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { RootKeyConfig } from "./root-key-config.ts";
import { openExistingInstance, openInstance } from "./instance.ts";

function placesFor(context: TestContext) {
  const home = mkdtempSync(join(tmpdir(), "strongroom-instance-"));
  context.after(() => rmSync(home, { recursive: true }));
  const rootKey: RootKeyConfig = { type: "file", path: join(home, "root.key") };
  return { dataDir: join(home, "data"), rootKey };
}

for (const mode of [0o777, 0o770, 0o702, 0o1777]) {
  const octal = mode.toString(8);
  test(`A data directory of mode ${octal} is refused before anything is written, and what to do is said`, async (context) => {
    const { dataDir, rootKey } = placesFor(context);
    mkdirSync(dataDir);
    chmodSync(dataDir, mode);
    const expected = { code: "invalid", message: new RegExp(`must not be writable .*: run chmod go-w ${dataDir}, or`) };
    await assert.rejects(openInstance(dataDir, rootKey), expected);
    await assert.rejects(openExistingInstance(dataDir, rootKey), expected);
    assert.deepEqual(readdirSync(dataDir), []);
  });
}

test("An instance whose data directory was opened to others since is refused, and accepted again after chmod", async (context) => {
  const { dataDir, rootKey } = placesFor(context);
  const { id } = await openInstance(dataDir, rootKey);
  chmodSync(dataDir, 0o777);
  await assert.rejects(openInstance(dataDir, rootKey), { code: "invalid" });
  chmodSync(dataDir, 0o755);
  assert.equal((await openInstance(dataDir, rootKey)).id, id);
});

test("A new data directory is synced after its record was put into it", async (context) => {
  const { dataDir, rootKey } = placesFor(context);
  const probe = await open(tmpdir());
  const prototype: typeof probe = Object.getPrototypeOf(probe);
  await probe.close();
  const { sync } = prototype;
  const contents: string[][] = [];
  context.mock.method(prototype, "sync", async function (this: typeof probe) {
    const stats = await this.stat();
    if (stats.isDirectory()) contents.push(readdirSync(`/proc/self/fd/${this.fd}`));
    await sync.call(this);
  });
  await openInstance(dataDir, rootKey);
  assert.deepEqual(contents.at(-1), ["instance.json"]);
});
