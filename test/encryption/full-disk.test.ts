/** Records are encrypted again on a disk that runs full. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { mountSmallDisk, whyNoSmallDisk } from "../../src/store/embedded/conformance/small-disk.ts";
import { openEmbeddedEngine } from "../../src/store/embedded/embedded-engine.ts";
import { EncryptionPlace, gcm, key1, key2, secret } from "../support/encryption-place.ts";

const records = 120;
const valueOf = (index: number) => `${index} ${"x".repeat(12_000)}`;

test(
  "On a full disk rewriting stops, says why in status, metric and health, and goes on when there is room",
  { skip: whyNoSmallDisk() },
  async () => {
    using disk = mountSmallDisk();
    const engine = await openEmbeddedEngine({ directory: join(disk.path, "store") });
    await using place = new EncryptionPlace(engine);
    place.write(gcm(key1));
    await place.start();
    for (let index = 0; index < records; index++) await place.put(secret(`s${index}`), valueOf(index));
    await place.end();
    place.write(gcm(key2, key1));
    await place.start();
    const ballast = join(disk.path, "ballast");
    assert.throws(() => writeFileSync(ballast, Buffer.alloc(9 * 1024 * 1024)), { code: "ENOSPC" });

    const { service, clock } = place;
    await service.rewrite();
    const full = await service.status();
    assert.equal(full.rewrite.state, "failed");
    assert.match(full.rewrite.problem ?? "", /must have free space/);
    assert.throws(() => service.checkRewriting(), { code: "unavailable", message: /must have free space/ });
    const failed = async () =>
      (await place.registry.getSingleMetric("strongroom_encryption_rewriting_failed")?.get())?.values[0]?.value;
    assert.equal(await failed(), 1);
    const underFormer = full.keys.find(({ form }) => form === "aesgcm:v1:key1");
    assert.ok((underFormer?.records ?? 0) > 0 && underFormer?.removable === false);
    for (let index = 0; index < records; index++)
      assert.equal(await place.valueOf(secret(`s${index}`)), valueOf(index));

    rmSync(ballast);
    clock.advance(60_000);
    await service.rewrite(); // waits for the walk that the clock began
    const done = await service.status();
    assert.deepEqual([done.rewrite.state, done.rewrite.problem, await failed()], ["done", undefined, 0]);
    service.checkRewriting();
    assert.equal(done.keys.find(({ form }) => form === "aesgcm:v1:key1")?.records, 0);
    for (let index = 0; index < records; index++)
      assert.equal(await place.valueOf(secret(`s${index}`)), valueOf(index));
  },
);
