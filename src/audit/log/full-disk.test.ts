/** On a real file system that is really full. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { auditEvent, idsOf, LogFixture } from "../../../test/support/audit-log-fixture.ts";
import { mountSmallDisk, whyNoSmallDisk } from "../../store/embedded/conformance/small-disk.ts";

const skip = whyNoSmallDisk();
const mebibyte = 1024 * 1024;

/** Which deflate can do little about. */
function randomText(length: number): string {
  return Array.from({ length }, () => String.fromCharCode(33 + Math.floor(Math.random() * 90))).join("");
}

function isRecorded(write: Promise<void>): Promise<boolean> {
  return write.then(
    () => true,
    () => false,
  );
}

test(
  "On a full disk changes are refused at once, reads when the reserve is used; what was answered is there afterwards",
  { skip },
  async () => {
    using disk = mountSmallDisk();
    using fixture = new LogFixture();
    const directory = join(disk.path, "audit");
    const options = { directory, reserveBytes: 3 * mebibyte };
    const large = { userAgent: randomText(200_000) };
    const recorded: string[] = [];
    await fixture.with(async (log) => {
      await log.write(auditEvent("first"), { kind: "write" });
      recorded.push("first");
      // It is filled in the background.
      for (let n = 0; log.reserve.leftBytes < 3 * mebibyte; n++) {
        await log.write(auditEvent(`early-${n}`));
        recorded.push(`early-${n}`);
      }
      writeFileSync(join(disk.path, "ballast"), Buffer.alloc(4 * mebibyte));
      for (let n = 0; await isRecorded(log.write(auditEvent(`read-${n}`, large))); n++) {
        recorded.push(`read-${n}`);
        if (log.reserve.leftBytes === 3 * mebibyte) continue;
        assert.equal(await isRecorded(log.write(auditEvent("change"), { kind: "write" })), false);
      }
      assert.ok(recorded.length > 15, String(recorded.length));
      assert.deepEqual([log.reserve.leftBytes, log.reserve.isLow, log.isFailing], [64 * 1024, true, true]);
      rmSync(join(disk.path, "ballast"));
      fixture.time = new Date(fixture.time.getTime() + 5000);
      await log.write(auditEvent("last"), { kind: "write" });
      recorded.push("last");
      assert.equal(log.reserve.leftBytes, 3 * mebibyte);
      assert.deepEqual(await idsOf(log), recorded);
    }, options);
    assert.deepEqual(await fixture.with((log) => idsOf(log), options), recorded);
    assert.equal(fixture.reports.filter(({ message }) => /changed|ended within/.test(message)).length, 0);
  },
);

test("A log is opened on a full disk, and takes reads from the reserve that was left", { skip }, async () => {
  using disk = mountSmallDisk();
  using fixture = new LogFixture();
  const options = { directory: join(disk.path, "audit"), reserveBytes: 3 * mebibyte };
  await fixture.with((log) => log.write(auditEvent("a")), options);
  fillUp(join(disk.path, "ballast"));
  await fixture.with(async (log) => {
    const large = { userAgent: randomText(200_000) };
    for (let n = 0; n < 5; n++) await log.write(auditEvent(`read-${n}`, large));
    assert.equal(await isRecorded(log.write(auditEvent("change"), { kind: "write" })), false);
    assert.equal((await idsOf(log)).length, 6);
  }, options);
});

/** Takes all space that there is. */
function fillUp(path: string): void {
  const chunk = Buffer.alloc(64 * 1024);
  try {
    for (;;) writeFileSync(path, chunk, { flag: "a" });
  } catch (error) {
    assert.ok(error instanceof Error && "code" in error && error.code === "ENOSPC");
  }
}
