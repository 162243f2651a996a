import assert from "node:assert/strict";
import { createSecretKey, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { AuditHeadFile } from "./audit-head-file.ts";

const folder = mkdtempSync(join(tmpdir(), "strongroom-head-"));
after(() => rmSync(folder, { recursive: true }));

test("The head of the log is what was written, and nothing for whatever else is in its file", async () => {
  const place = { path: join(folder, "head"), key: createSecretKey(randomBytes(32)), instance: "0123" };
  const file = new AuditHeadFile(place);
  assert.equal(await file.load(), undefined);
  const head = { position: 7, chain: "ab", segment: 0, offset: 10, openFrom: 7 };
  await file.note(head);
  await file.close();
  assert.deepEqual(await file.load(), head);
  const whole = readFileSync(place.path);
  const changed = Buffer.from(whole.toString("latin1").replace('"position":7', '"position":8'), "latin1");
  for (const bytes of [changed, Buffer.alloc(512, 0xff), randomBytes(512), whole.subarray(0, 64), Buffer.alloc(0)]) {
    writeFileSync(place.path, bytes);
    assert.equal(await file.load(), undefined);
  }
  writeFileSync(place.path, whole);
  assert.equal(await new AuditHeadFile({ ...place, instance: "4567" }).load(), undefined);
});
