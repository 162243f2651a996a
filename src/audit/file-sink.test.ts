import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isStrongroomError } from "../errors/strongroom-error.ts";
import { openAppendFile } from "./append-file.ts";
import type { AppendFile } from "./append-file.ts";
import type { AuditEvent } from "./audit-event.ts";
import { openAuditFile } from "./file-sink.ts";

function event(auditID: string): AuditEvent {
  return {
    auditID,
    stage: "ResponseComplete",
    door: "kubernetes",
    verb: "get",
    requestURI: "/api/v1/namespaces/default/secrets/db",
    user: { username: "alice", groups: ["developers"] },
    sourceIPs: ["127.0.0.1"],
    userAgent: "kubectl",
    requestReceivedTimestamp: "2026-01-02T03:04:05.000006Z",
    stageTimestamp: "2026-01-02T03:04:05.000007Z",
  };
}

function idsIn(path: string): string[] {
  const text = readFileSync(path, "utf8");
  assert.ok(text === "" || text.endsWith("\n"), "the file ends with a complete line");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line).auditID);
}

/** Runs with the path of a log in a new folder, and removes the folder. */
async function withLog(run: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-audit-"));
  try {
    await run(join(folder, "audit.log"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A real file whose operations fail while told so, and are counted. */
class FaultyDisk {
  fault: "none" | "append" | "sync" | "open" = "none";
  syncs = 0;
  opens = 0;

  readonly open = async (path: string): Promise<AppendFile> => {
    this.opens += 1;
    if (this.fault === "open") throw new Error("EIO");
    const file = await openAppendFile(path);
    return {
      openedSize: file.openedSize,
      tornTail: file.tornTail,
      append: async (bytes) => {
        // As a full disk does: a part of it, cut in the middle of a line.
        const written = this.fault === "append" ? bytes.subarray(0, bytes.length - 10) : bytes;
        await file.append(written);
        this.syncs += 1;
        if (this.fault === "append") throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
        if (this.fault === "sync") throw new Error("EIO");
      },
      truncate: (size) => file.truncate(size),
      close: () => file.close(),
    };
  };
}

test("the file sink writes one line per event, in order, for the owner's eyes only", () =>
  withLog(async (path) => {
    const sink = await openAuditFile({ path });
    await sink.write(event("a"));
    await sink.write(event("b"));
    assert.deepEqual(idsIn(path), ["a", "b"]);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await sink.close();
    await sink.close();
    await assert.rejects(sink.write(event("c")), { code: "unavailable" });
  }));

test("the file sink appends to what is there and narrows a wider mode", () =>
  withLog(async (path) => {
    writeFileSync(path, `${JSON.stringify(event("old"))}\n`);
    chmodSync(path, 0o644);
    const sink = await openAuditFile({ path });
    await sink.write(event("new"));
    await sink.close();
    assert.deepEqual(idsIn(path), ["old", "new"]);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  }));

test("the file sink refuses what cannot say when a record is durable", () =>
  withLog(async (path) => {
    await assert.rejects(openAuditFile({ path: "/dev/null" }), { code: "invalid" });
    await assert.rejects(openAuditFile({ path: join(path, "below-nothing") }), { code: "ENOENT" });
  }));

test("no write resolves before the sync that covers it, and concurrent writers share syncs", () =>
  withLog(async (path) => {
    const disk = new FaultyDisk();
    const sink = await openAuditFile({ path, open: disk.open });
    const ids = Array.from({ length: 64 }, (_, index) => `event-${index}`);
    await Promise.all(
      ids.map(async (id) => {
        await sink.write(event(id));
        assert.ok(disk.syncs >= 1);
      }),
    );
    assert.deepEqual(idsIn(path), ids);
    // 32, 32: half of those that wait, then the rest.
    assert.equal(disk.syncs, 2);
    await sink.close();
  }));

test("close waits for the events that were accepted before it", () =>
  withLog(async (path) => {
    const sink = await openAuditFile({ path });
    const accepted = [sink.write(event("a")), sink.write(event("b"))];
    await sink.close();
    await Promise.all(accepted);
    assert.deepEqual(idsIn(path), ["a", "b"]);
  }));

for (const fault of ["append", "sync", "open"] as const) {
  test(`after a failing ${fault} every waiting and later write is refused, until it works again`, () =>
    withLog(async (path) => {
      const disk = new FaultyDisk();
      const sink = await openAuditFile({ path, open: disk.open });
      await sink.write(event("before"));
      // An open only happens again after another failure.
      disk.fault = fault === "open" ? "sync" : fault;
      const waiting = await Promise.allSettled([sink.write(event("lost-1")), sink.write(event("lost-2"))]);
      disk.fault = fault;
      const later = await Promise.allSettled([sink.write(event("lost-3"))]);
      for (const outcome of [...waiting, ...later]) {
        assert.ok(outcome.status === "rejected" && isStrongroomError(outcome.reason, "unavailable"));
      }
      disk.fault = "none";
      await sink.write(event("after"));
      assert.deepEqual(idsIn(path), ["before", "after"]);
      await sink.close();
    }));
}

test("a last line that a crash tore is terminated on open, and complete lines stay", () =>
  withLog(async (path) => {
    const whole = `${JSON.stringify(event("whole"))}\n`;
    for (const torn of ['{"auditID":"to', "\0\0\0\0"]) {
      writeFileSync(path, whole + torn);
      const sink = await openAuditFile({ path });
      await sink.write(event("next"));
      await sink.close();
      assert.equal(readFileSync(path, "utf8"), `${whole}${torn}\n${JSON.stringify(event("next"))}\n`);
    }
  }));

test("the file sink rotates at its size to the next free number and loses nothing", () =>
  withLog(async (path) => {
    writeFileSync(`${path}.7`, "");
    const sink = await openAuditFile({ path, rotateBytes: 1000 });
    const ids = Array.from({ length: 10 }, (_, index) => `event-${index}`);
    for (const id of ids) await sink.write(event(id));
    await sink.close();
    const names = readdirSync(join(path, "..")).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
    assert.deepEqual(names, ["audit.log", "audit.log.7", "audit.log.8", "audit.log.9", "audit.log.10"]);
    const [current = "", ...rotated] = names;
    assert.deepEqual(
      [...rotated, current].flatMap((name) => idsIn(join(path, "..", name))),
      ids,
    );
    assert.equal(statSync(`${path}.8`).mode & 0o777, 0o600);
  }));
