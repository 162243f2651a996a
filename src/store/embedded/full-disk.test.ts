import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { StrongroomError } from "../../errors/strongroom-error.ts";
import { put, text } from "../conformance/subject.ts";
import { mountSmallDisk, whyNoSmallDisk } from "./conformance/small-disk.ts";
import { openEmbeddedEngine } from "./embedded-engine.ts";

const skip = whyNoSmallDisk();

function isDiskFull(error: unknown): boolean {
  return error instanceof StrongroomError && error.code === "unavailable" && error.message.includes("free space");
}

test("on a full disk writes fail and reads go on; with space again writes go on", { skip }, async () => {
  using disk = mountSmallDisk();
  const ballast = join(disk.path, "ballast");
  writeFileSync(ballast, Buffer.alloc(2 * 1024 * 1024));
  const directory = join(disk.path, "store");
  const store = await openEmbeddedEngine({ directory });
  const value = "x".repeat(3000);
  let acked = 0;
  let failure: unknown;
  while (failure === undefined && acked < 10_000) {
    try {
      await put(store, `/k/${acked}`, value);
      acked++;
    } catch (error) {
      failure = error;
    }
  }
  assert.ok(isDiskFull(failure), String(failure));
  assert.ok(acked > 100, `${acked} writes fit`);

  for (let i = 0; i < 50; i++) await assert.rejects(put(store, "/more", value), isDiskFull);
  const together = await Promise.allSettled(Array.from({ length: 64 }, (_, i) => put(store, `/more/${i}`, value)));
  assert.ok(together.every((each) => each.status === "rejected" && isDiskFull(each.reason)));
  assert.equal(await store.currentRevision(), acked);
  assert.equal(await store.count(""), acked);
  assert.equal(text(await store.get(`/k/${acked - 1}`)), value);

  rmSync(ballast);
  assert.equal(await put(store, "/more", "fits"), acked + 1);
  await store.close();
  await using again = await openEmbeddedEngine({ directory });
  assert.equal(await again.currentRevision(), acked + 1);
  assert.equal(await again.count(""), acked + 1);
  assert.equal(text(await again.get("/more")), "fits");
});

test("a store can be opened and read on a full disk, and history can be compacted for space", { skip }, async () => {
  using disk = mountSmallDisk();
  const directory = join(disk.path, "history");
  const first = await openEmbeddedEngine({ directory });
  const value = "x".repeat(3000);
  for (let i = 0; i < 200; i++) await put(first, `/k/${i % 5}`, value);
  await first.close();
  const ballast = join(disk.path, "ballast");
  assert.throws(() => writeFileSync(ballast, Buffer.alloc(9 * 1024 * 1024)), { code: "ENOSPC" });
  await using store = await openEmbeddedEngine({ directory });
  assert.equal(await store.count(""), 5);
  // More than the disk has left: superseded values make room for new ones.
  for (let round = 0; round < 20; round++) {
    await store.compact(await store.currentRevision());
    for (let i = 0; i < 50; i++) await put(store, `/k/${i % 5}`, value);
  }
  assert.equal(await store.currentRevision(), 1200);
  rmSync(ballast);
});

test("a store is not made on a full disk, and can be made later", { skip }, async () => {
  using disk = mountSmallDisk();
  const ballast = join(disk.path, "ballast");
  assert.throws(() => writeFileSync(ballast, Buffer.alloc(9 * 1024 * 1024)), { code: "ENOSPC" });
  const directory = join(disk.path, "new");
  await assert.rejects(openEmbeddedEngine({ directory }), isDiskFull);
  rmSync(ballast);
  await using store = await openEmbeddedEngine({ directory });
  assert.equal(await put(store, "/a", "x"), 1);
});
