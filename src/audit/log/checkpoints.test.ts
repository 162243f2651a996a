import assert from "node:assert/strict";
import { test } from "node:test";
import { appendFiles, bufferedAppendFiles } from "../append-file.ts";
import type { AppendFiles } from "../append-file.ts";
import { auditEvent, idsOf, LogFixture, numbered, writeAll } from "../../../test/support/audit-log-fixture.ts";
import { batchedSyncMs } from "./audit-log-options.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { checkpointEntries, checkpointMs } from "./checkpoint-schedule.ts";

/** Runs with a log, and collects what its listeners are told. */
async function withCheckpoints(
  fixture: LogFixture,
  use: (log: Awaited<ReturnType<LogFixture["open"]>>, told: Checkpoint[]) => Promise<void>,
): Promise<void> {
  await fixture.with(async (log) => {
    const told: Checkpoint[] = [];
    using _ = log.onCheckpoint((checkpoint) => told.push(checkpoint));
    await use(log, told);
  });
}

/** What is told to the next listener. */
function nextOf(log: Awaited<ReturnType<LogFixture["open"]>>): Promise<Checkpoint> {
  return new Promise((resolve) => {
    const listener = log.onCheckpoint((checkpoint) => {
      listener[Symbol.dispose]();
      resolve(checkpoint);
    });
  });
}

test("A checkpoint follows each 1,000 entries, and is told once it is durable", async () => {
  using fixture = new LogFixture();
  await withCheckpoints(fixture, async (log, told) => {
    await Promise.all(numbered(2 * checkpointEntries + 500).map((id) => log.write(auditEvent(id))));
    assert.ok(told.length >= 2 && told.length <= 3, String(told.length));
    for (const { entries } of told) assert.ok(entries <= log.end);
    assert.deepEqual(log.lastCheckpoint, told.at(-1));
  });
});

test("A checkpoint follows 10 seconds after the first entry that is under none; without entries there is none", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  using fixture = new LogFixture();
  await withCheckpoints(fixture, async (log, told) => {
    context.mock.timers.tick(10 * checkpointMs);
    assert.deepEqual(told, []);
    await writeAll(log, ["a", "b"]);
    const next = nextOf(log);
    context.mock.timers.tick(checkpointMs - 1);
    assert.deepEqual(told, []);
    context.mock.timers.tick(1);
    assert.equal((await next).entries, 2);
    context.mock.timers.tick(10 * checkpointMs);
    await log.write(auditEvent("c"));
    assert.equal(told.length, 1);
  });
});

test("A checkpoint that is asked for is about all entries, and none is made twice", async () => {
  using fixture = new LogFixture();
  await withCheckpoints(fixture, async (log, told) => {
    assert.equal(await log.checkpoint(), undefined);
    await log.write(auditEvent("a"));
    const made = await log.checkpoint();
    assert.equal(made?.entries, 1);
    assert.deepEqual(await log.checkpoint(), made);
    assert.deepEqual(told, [made]);
  });
  await withCheckpoints(fixture, async (log) => assert.equal((await log.checkpoint())?.entries, 1));
});

test("Every log that is closed ends with a checkpoint about all of it", async () => {
  using fixture = new LogFixture();
  const told: Checkpoint[] = [];
  await fixture.with(async (log) => {
    log.onCheckpoint((checkpoint) => told.push(checkpoint));
    await writeAll(log, ["a", "b", "c"]);
  });
  assert.deepEqual(
    told.map(({ entries }) => entries),
    [3],
  );
});

/** Files that say which appends asked for a sync. */
function notingSyncs(syncs: boolean[]): AppendFiles {
  const noting = (file: Awaited<ReturnType<AppendFiles["open"]>>) => ({
    openedSize: file.openedSize,
    append: async (bytes: Buffer, options = { sync: true }) => {
      syncs.push(options.sync);
      await file.append(bytes, options);
    },
    truncate: (size: number) => file.truncate(size),
    isInPlace: (size: number) => file.isInPlace(size),
    close: () => file.close(),
  });
  return {
    open: async (path) => noting(await appendFiles.open(path)),
    create: async (path, bytes) => noting(await appendFiles.create(path, bytes)),
  };
}

test("Where reads are batched, only changes wait for the disk; readers see what is on it, within 200 ms", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  using fixture = new LogFixture();
  const syncs: boolean[] = [];
  await fixture.with(
    async (log) => {
      await writeAll(log, ["a", "b"]);
      assert.deepEqual([syncs, log.end, await idsOf(log)], [[false, false], 0, []]);
      const reached = log.reached(1, new AbortController().signal);
      context.mock.timers.tick(batchedSyncMs);
      await reached;
      assert.deepEqual([syncs, log.end], [[false, false, true], 2]);
      await log.write(auditEvent("c"));
      await log.write(auditEvent("d"), { kind: "write" });
      assert.deepEqual([syncs.slice(3), log.end], [[false, true], 4]);
      assert.deepEqual(await idsOf(log), ["a", "b", "c", "d"]);
    },
    { files: notingSyncs(syncs), reads: "batched" },
  );
  await fixture.with(
    async (log) => {
      await log.write(auditEvent("e"));
      assert.equal(log.end, 4);
    },
    { files: bufferedAppendFiles, reads: "batched" },
  );
  assert.deepEqual(await fixture.with((log) => idsOf(log)), ["a", "b", "c", "d", "e"]);
});
