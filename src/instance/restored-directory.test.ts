import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isStrongroomError } from "../errors/strongroom-error.ts";
import { openInstance } from "./instance.ts";
import { restoreDataDirectory } from "./restored-directory.ts";

async function* nothing(): AsyncGenerator<never> {}

test("A restore leaves the data alone of a server that started in the directory meanwhile", async () => {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-restored-"));
  const dataDir = join(folder, "data");
  const rootKey = { type: "file", path: join(folder, "root.key") } as const;
  const start = () => {
    mkdirSync(join(dataDir, "store"));
    writeFileSync(join(dataDir, "store", "data"), "of the server");
    const record = {
      apiVersion: "strongroom.dev/v1",
      kind: "Instance",
      instanceId: "0123456789abcdef",
      rootKeyId: "a",
    };
    writeFileSync(join(dataDir, "instance.json"), JSON.stringify(record));
  };
  try {
    const restoring = restoreDataDirectory({
      dataDir,
      rootKey,
      items: nothing(),
      event: () => assert.fail("nothing is restored"),
      report: () => {},
      onStep: (step) => step === "marked" && start(),
    });
    await assert.rejects(restoring, (error) => isStrongroomError(error, "already-exists"));
    assert.equal(readFileSync(join(dataDir, "store", "data"), "utf8"), "of the server");
    assert.ok(!existsSync(join(dataDir, "restoring")) && !existsSync(rootKey.path));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("A first start does not go on beside a restore that began meanwhile", async () => {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-restored-"));
  const dataDir = join(folder, "data");
  try {
    const opening = openInstance(dataDir, { type: "file", path: join(folder, "root.key") });
    // The key is made by other threads meanwhile.
    mkdirSync(join(dataDir, "restoring"), { recursive: true, mode: 0o700 });
    await assert.rejects(opening, /must be restored to the end/);
    assert.ok(!existsSync(join(dataDir, "instance.json")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
