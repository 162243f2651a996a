import assert from "node:assert/strict";
import {
  chmodSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  appendFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  auditEvent,
  entriesOf,
  FaultyDisk,
  idsOf,
  LogFixture,
  noSpace,
  numbered,
  writeAll,
} from "../../../test/support/audit-log-fixture.ts";
import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { positionsLeftOut } from "./log-recovery.ts";
import type { ReserveFile } from "./log-reserve.ts";

function segmentsOf({ directory }: LogFixture): string[] {
  return readdirSync(directory).filter((name) => name.endsWith(".segment"));
}

function lastSegment(fixture: LogFixture): string {
  return join(fixture.directory, segmentsOf(fixture).at(-1) ?? "");
}

test("Events are entries in their order, numbered from 0, in files for the owner's eyes only, across starts", async () => {
  using fixture = new LogFixture();
  await fixture.with((log) => writeAll(log, ["a", "b"]));
  await fixture.with(async (log) => {
    assert.deepEqual([log.first, log.end], [0, 2]);
    await log.write(auditEvent("c"));
    const entries = await entriesOf(log);
    assert.deepEqual(
      entries.map(({ position, event }) => [position, event]),
      ["a", "b", "c"].map((id, position) => [position, auditEvent(id)]),
    );
    assert.deepEqual(await idsOf(log, 1), ["b", "c"]);
  });
  assert.deepEqual(fixture.reports, []);
  assert.equal(segmentsOf(fixture).length, 1);
  for (const name of readdirSync(fixture.directory)) {
    assert.equal(statSync(join(fixture.directory, name)).mode & 0o777, 0o600, name);
  }
});

test("A log that was opened to others is closed to them again", async () => {
  using fixture = new LogFixture();
  await fixture.with((log) => log.write(auditEvent("a")));
  chmodSync(lastSegment(fixture), 0o644);
  await fixture.with((log) => log.write(auditEvent("b")));
  assert.equal(statSync(lastSegment(fixture)).mode & 0o777, 0o600);
});

test("A closed log takes no events, and closing it waits for those that it took", async () => {
  using fixture = new LogFixture();
  const log = await fixture.open();
  const accepted = [log.write(auditEvent("a")), log.write(auditEvent("b"))];
  await log.close();
  await log.close();
  await Promise.all(accepted);
  await assert.rejects(log.write(auditEvent("c")), { code: "unavailable" });
  assert.deepEqual(await fixture.with((again) => idsOf(again)), ["a", "b"]);
});

test("No write resolves before the sync that covers it, and concurrent writers share syncs", async () => {
  using fixture = new LogFixture();
  const disk = new FaultyDisk();
  await fixture.with(
    async (log) => {
      const ids = numbered(64);
      await Promise.all(
        ids.map(async (id) => {
          await log.write(auditEvent(id));
          assert.ok(disk.syncs >= 1);
        }),
      );
      assert.deepEqual(await idsOf(log), ids);
      // 32, 32: half of those that wait, then the rest.
      assert.equal(disk.syncs, 2);
    },
    { files: disk },
  );
});

test("Names and values of events are not readable on the disk", async () => {
  using fixture = new LogFixture();
  const secret = "payments-production-credentials";
  await fixture.with(
    async (log) => {
      // Two segments: the second begins with what it is compressed with.
      await log.write(auditEvent("a", { requestURI: secret, user: { username: secret, groups: [] } }));
      await log.write(auditEvent("b", { requestURI: secret }));
    },
    { segmentBytes: 1 },
  );
  assert.equal(segmentsOf(fixture).length, 2);
  for (const name of readdirSync(fixture.directory)) {
    const bytes = readFileSync(join(fixture.directory, name));
    for (const text of [secret, "jane", "/api/v1"]) assert.equal(bytes.includes(text), false, name);
  }
});

for (const fault of ["append", "sync", "open"] as const) {
  test(`After a failing ${fault} every waiting and later write is refused, until it works again`, async () => {
    using fixture = new LogFixture();
    const disk = new FaultyDisk();
    await fixture.with(
      async (log) => {
        await log.write(auditEvent("before"));
        // An open only happens again after another failure.
        disk.fault = fault === "open" ? "sync" : fault;
        const waiting = await Promise.allSettled([log.write(auditEvent("lost-1")), log.write(auditEvent("lost-2"))]);
        disk.fault = fault;
        const later = await Promise.allSettled([log.write(auditEvent("lost-3"))]);
        for (const outcome of [...waiting, ...later]) {
          assert.ok(outcome.status === "rejected" && isStrongroomError(outcome.reason, "unavailable"));
        }
        assert.equal(log.isFailing, true);
        disk.fault = "none";
        await log.write(auditEvent("after"));
        assert.equal(log.isFailing, false);
        assert.deepEqual(await idsOf(log), ["before", "after"]);
      },
      { files: disk },
    );
    assert.deepEqual(await fixture.with((log) => idsOf(log)), ["before", "after"]);
    assert.deepEqual(fixture.reports, []);
  });
}

test("Segments follow each other at their size, and a reader goes through all of them from any position", async () => {
  using fixture = new LogFixture();
  const ids = numbered(40);
  await fixture.with((log) => writeAll(log, ids), { segmentBytes: 2000 });
  assert.ok(segmentsOf(fixture).length >= 3);
  await fixture.with(async (log) => {
    for (const from of [0, 1, 17, 39, 40]) assert.deepEqual(await idsOf(log, from), ids.slice(from));
    const some: number[] = [];
    for await (const { position } of log.entries(5, 9)) some.push(position);
    assert.deepEqual(some, [5, 6, 7, 8]);
  });
});

for (const reads of ["synced", "batched"] as const) {
  test(`Who listens is told of all entries when they are durable, in order, with reads ${reads}`, async () => {
    using fixture = new LogFixture();
    const told: [number, string][] = [];
    await fixture.with(
      async (log) => {
        await log.write(auditEvent("before"));
        const all = new Promise<void>((resolve) => {
          log.onEntries((entries) => {
            for (const { position, event } of entries) {
              assert.ok(position < log.end);
              told.push([position, event.auditID]);
            }
            if (told.length >= 100) resolve();
          });
        });
        await Promise.all(numbered(100).map((id) => log.write(auditEvent(id))));
        await all;
        const positions = (await entriesOf(log)).map(({ position, event }) => [position, event.auditID]);
        assert.deepEqual(told, positions.slice(1));
      },
      { reads },
    );
  });
}

test("A reader can wait for what is not there yet", async () => {
  using fixture = new LogFixture();
  await fixture.with(async (log) => {
    const { signal } = new AbortController();
    const reached = log.reached(0, signal);
    await log.write(auditEvent("a"));
    await reached;
    await log.reached(0, signal);
    const ended = new AbortController();
    const never = log.reached(1, ended.signal);
    ended.abort(new Error("stopped"));
    await assert.rejects(never, /stopped/);
  });
});

for (const [what, tear] of [
  ["is cut off", (path: string) => truncateSync(path, statSync(path).size - 3)],
  ["is zeros", (path: string) => appendFileSync(path, Buffer.alloc(100))],
  ["is garbage", (path: string) => appendFileSync(path, "torn")],
] as const) {
  test(`A last block that ${what} after a crash is taken out, kept beside, told and on record; what is whole stays`, async () => {
    using fixture = new LogFixture();
    const crashed = await fixture.open();
    await writeAll(crashed, ["a", "b"]);
    const path = lastSegment(fixture);
    if (what === "is cut off") await crashed.write(auditEvent("torn"));
    tear(path);
    await fixture.with(async (log) => {
      await log.write(auditEvent("next"));
      const events = (await entriesOf(log)).map(({ event }) => event);
      assert.deepEqual(
        events.map(({ auditID, door }) => (door === "audit-log" ? door : auditID)),
        ["a", "b", "audit-log", "next"],
      );
      assert.match(events[2]?.annotations?.["strongroom.dev/report"] ?? "", /ended within an entry/);
    });
    assert.equal(fixture.reports.length, 1);
    assert.ok(readdirSync(fixture.directory).some((name) => name.includes(".torn-")));
  });
}

test("A log that is shorter than the store knows is told of and on record, and no position is used twice", async () => {
  using fixture = new LogFixture();
  const sizes: number[] = [];
  await fixture.with(async (log) => {
    for (const id of ["a", "b", "c"]) {
      await log.write(auditEvent(id));
      sizes.push(statSync(lastSegment(fixture)).size);
    }
  });
  truncateSync(lastSegment(fixture), sizes[0]);
  await fixture.with(async (log) => {
    assert.match(fixture.reports[0]?.message ?? "", /changed from outside/);
    await log.write(auditEvent("d"));
    const entries = await entriesOf(log);
    assert.deepEqual(
      entries.map(({ position }) => position),
      [0, 3 + positionsLeftOut, 4 + positionsLeftOut],
    );
    assert.equal(entries[1]?.event.annotations?.["strongroom.dev/knownEntries"], "3");
    assert.equal(entries[2]?.event.auditID, "d");
  });
  // Told once.
  await fixture.with((log) => log.write(auditEvent("e")));
  assert.equal(fixture.reports.length, 1);
});

for (const [what, harm] of [
  [
    "all segments removed",
    (fixture: LogFixture) => segmentsOf(fixture).forEach((name) => rmSync(join(fixture.directory, name))),
  ],
  [
    "a byte changed where the store knows it",
    (fixture: LogFixture) => {
      const path = lastSegment(fixture);
      const bytes = readFileSync(path);
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
      writeFileSync(path, bytes);
    },
  ],
] as const) {
  test(`A start finds ${what}`, async () => {
    using fixture = new LogFixture();
    await fixture.with((log) => writeAll(log, ["a", "b"]));
    harm(fixture);
    await fixture.with((log) => log.write(auditEvent("c")));
    assert.match(fixture.reports[0]?.message ?? "", /changed from outside/);
  });
}

for (const [what, harm] of [
  ["removed", (path: string) => rmSync(path)],
  ["cut", (path: string) => truncateSync(path, 100)],
  ["written to", (path: string) => appendFileSync(path, "x")],
] as const) {
  test(`A segment that is ${what} under the server is noticed by the next write, which is recorded with a report`, async () => {
    using fixture = new LogFixture();
    await fixture.with(async (log) => {
      await writeAll(log, ["a", "b"]);
      harm(lastSegment(fixture));
      await log.write(auditEvent("c"));
      const kept = (await entriesOf(log, 2)).map(({ position, event }) => [position, event.auditID, event.door]);
      assert.deepEqual(kept[1], [3, "c", "kubernetes"]);
      assert.equal(kept[0]?.[2], "audit-log");
    });
    assert.match(fixture.reports[0]?.message ?? "", /changed under the server/);
    await fixture.with((log) => log.write(auditEvent("d")));
    assert.equal(fixture.reports.length, 1);
  });
}

test("A log of another instance is refused", async () => {
  using fixture = new LogFixture();
  await fixture.with((log) => log.write(auditEvent("a")));
  const keys = { ...fixture.keys, instance: "fedcba9876543210" };
  await assert.rejects(fixture.open({ keys }), { code: "corrupt" });
});

test("The clock may go back: positions say the order", async () => {
  using fixture = new LogFixture();
  await fixture.with(async (log) => {
    await log.write(auditEvent("a"));
    fixture.time = new Date("2020-01-01T00:00:00Z");
    await log.write(auditEvent("b"));
    assert.deepEqual(await idsOf(log), ["a", "b"]);
  });
});

test("Files of JSON lines from before are put on record, once, by name, length and digest, and stay", async () => {
  using fixture = new LogFixture();
  await fixture.with(async () => {});
  rmSync(lastSegment(fixture));
  fixture.head = undefined;
  writeFileSync(join(fixture.directory, "audit.log"), "abc");
  writeFileSync(join(fixture.directory, "audit.log.1"), "");
  await fixture.with(async () => {});
  await fixture.with(async (log) => {
    const [entry, ...others] = await entriesOf(log);
    assert.deepEqual(others, []);
    assert.deepEqual(entry?.event.annotations?.["strongroom.dev/former-logs"]?.split("\n"), [
      "audit.log 3 bytes sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "audit.log.1 0 bytes sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ]);
  });
  assert.equal(readFileSync(join(fixture.directory, "audit.log"), "utf8"), "abc");
});

test("Intents without an outcome are known after a crash, as long as they have none", async () => {
  using fixture = new LogFixture();
  const intent = (intentID: string) => auditEvent(`of-${intentID}`, { intentID, stage: "RequestReceived" });
  const crashed = await fixture.open();
  await crashed.write(intent("1"), { kind: "write" });
  await crashed.write(intent("2"), { kind: "write" });
  await crashed.write(auditEvent("of-1", { intentID: "1" }));
  await fixture.with(async (log) => {
    assert.deepEqual(
      log.openIntents.map(({ event }) => event.auditID),
      ["of-2"],
    );
  });
  await fixture.with(async (log) => {
    assert.deepEqual(
      log.openIntents.map(({ event }) => event.auditID),
      ["of-2"],
    );
    await log.write(auditEvent("of-2", { intentID: "2" }));
  });
  await fixture.with(async (log) => assert.deepEqual(log.openIntents, []));
});

/** A reserve of 4 MiB that gives back to a disk what is cut from it. */
function reserveOn(disk: FaultyDisk): ReserveFile {
  let sizeBytes = 0;
  return {
    get sizeBytes() {
      return sizeBytes;
    },
    async extend(bytes) {
      if (bytes > disk.freeBytes) throw noSpace();
      disk.freeBytes -= bytes;
      sizeBytes += bytes;
    },
    async sync() {},
    async cut(size) {
      disk.freeBytes += sizeBytes - size;
      sizeBytes = size;
    },
    async close() {},
  };
}

test("On a full disk changes are refused first; reads are recorded until the reserve is used, then refused; all works again with space", async () => {
  using fixture = new LogFixture();
  const disk = new FaultyDisk();
  const mebibyte = 1024 * 1024;
  disk.freeBytes = 4 * mebibyte + 4000;
  const options = { files: disk, reserveFile: reserveOn(disk), reserveBytes: 4 * mebibyte };
  await fixture.with(async (log) => {
    const large = auditEvent("large", { userAgent: randomText(600_000) });
    await log.write(auditEvent("a"), { kind: "write" });
    assert.deepEqual(log.reserve, { leftBytes: 4 * mebibyte, wantedBytes: 4 * mebibyte, isLow: false });
    const both = await Promise.allSettled([log.write(large, { kind: "write" }), log.write(large)]);
    assert.deepEqual(
      both.map(({ status }) => status),
      ["rejected", "fulfilled"],
    );
    await assert.rejects(log.write(auditEvent("small"), { kind: "write" }), { code: "unavailable" });
    let recorded = 1;
    let low = 0;
    for (; await written(log.write(large)); recorded++) low += log.reserve.isLow ? 1 : 0;
    assert.ok(recorded >= 4 && low >= 1 && low < recorded, `${recorded}, ${low}`);
    assert.deepEqual(log.reserve, { leftBytes: 64 * 1024, wantedBytes: 4 * mebibyte, isLow: true });
    assert.equal(log.isFailing, true);
    disk.freeBytes = 100 * mebibyte;
    fixture.time = new Date(fixture.time.getTime() + 2000);
    await log.write(auditEvent("b"), { kind: "write" });
    assert.equal(log.reserve.leftBytes, 4 * mebibyte);
    assert.deepEqual(await idsOf(log), ["a", ...Array.from({ length: recorded }, () => "large"), "b"]);
  }, options);
});

/** Which deflate can do little about. */
function randomText(length: number): string {
  return Array.from({ length }, () => String.fromCharCode(33 + Math.floor(Math.random() * 90))).join("");
}

function written(write: Promise<void>): Promise<boolean> {
  return write.then(
    () => true,
    () => false,
  );
}

test("An event that is larger than a block may be is refused, and the log goes on", async () => {
  using fixture = new LogFixture();
  await fixture.with(async (log) => {
    await assert.rejects(log.write(auditEvent("huge", { userAgent: "x".repeat(64 * 1024 * 1024) })), {
      code: "too-large",
    });
    await log.write(auditEvent("a"));
    assert.deepEqual(await idsOf(log), ["a"]);
  });
});
