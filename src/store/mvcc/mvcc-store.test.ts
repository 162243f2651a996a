import assert from "node:assert/strict";
import { test } from "node:test";

import { StrongroomError } from "../../errors/strongroom-error.ts";
import { ManualClock } from "../conformance/manual-clock.ts";
import { describe, put, readTo, remove, run, text, withCode } from "../conformance/subject.ts";
import { MemoryTables } from "../memory/memory-tables.ts";
import { toRevision } from "../revision.ts";
import { MvccStore, emptyState } from "./mvcc-store.ts";
import { retentionDefault } from "./retention.ts";
import type { Retention } from "./retention.ts";
import type { Changes } from "./tables.ts";

/** Tables whose commits the test holds up, lets fail, or shows early. */
class HeldTables extends MemoryTables {
  commits = 0;
  failure: Error | undefined;
  /** When set, a commit is applied (a reader sees it) and then waits for this. */
  held: Promise<void> | undefined;
  onCommit: () => void = () => undefined;

  override async commit(changes: Changes): Promise<void> {
    this.commits++;
    if (this.failure) throw this.failure;
    await super.commit(changes);
    this.onCommit();
    await this.held;
  }
}

interface Fixture {
  readonly tables: HeldTables;
  readonly clock: ManualClock;
  readonly store: MvccStore;
  readonly reports: unknown[];
}

function open(retention: Partial<Retention> = {}): Fixture {
  const tables = new HeldTables(emptyState);
  const clock = new ManualClock();
  const reports: unknown[] = [];
  const store = new MvccStore(tables, {
    clock,
    steadyMs: () => 0, // on a busy machine a group could be closed early, for its time
    retention: { ...retentionDefault, ...retention },
    report: (error) => reports.push(error),
  });
  return { tables, clock, store, reports };
}

/** Holds commits that are visible to readers of the tables but not yet to anybody else. */
async function holdOneCommit({ tables }: Fixture, write: () => Promise<unknown>): Promise<() => Promise<void>> {
  const held = Promise.withResolvers<void>();
  const applied = Promise.withResolvers<void>();
  tables.held = held.promise;
  tables.onCommit = applied.resolve;
  const written = write();
  await applied.promise;
  return async () => {
    held.resolve();
    tables.held = undefined;
    tables.onCommit = () => undefined;
    await written;
  };
}

test("64 concurrent transactions share one commit", async () => {
  const { store, tables } = open();
  await Promise.all(Array.from({ length: 64 }, (_, i) => put(store, `/${i}`, "x")));
  assert.equal(tables.commits, 1);
  await store.close();
});

test("what waits while a commit runs shares the next one", async () => {
  const fixture = open();
  const { store, tables } = fixture;
  const release = await holdOneCommit(fixture, () => put(store, "/first", "x"));
  const rest = Array.from({ length: 30 }, (_, i) => put(store, `/${i}`, "x"));
  await release();
  await Promise.all(rest);
  assert.equal(tables.commits, 2);
  await store.close();
});

test("a failed commit fails its transactions and leaves nothing of them", async () => {
  const { store, tables } = open();
  await put(store, "/a", "one");
  await using watcher = store.watch("/");
  tables.failure = new StrongroomError("unavailable", "the disk is full");
  const failed = await Promise.allSettled([put(store, "/a", "two"), put(store, "/b", "x"), store.grantTtlLease(5)]);
  assert.deepEqual(
    failed.map(({ status }) => status),
    ["rejected", "rejected", "rejected"],
  );
  assert.equal(await store.currentRevision(), 1);
  assert.deepEqual((await store.range("")).records.map(text), ["one"]);
  tables.failure = undefined;
  assert.equal(await put(store, "/b", "y"), 2);
  assert.deepEqual(describe(await readTo(watcher, toRevision(2))), ["put /b y"]);
  await store.close();
});

test("nothing of a commit is seen before it is durable, whatever the tables show", async () => {
  const fixture = open();
  const { store } = fixture;
  await put(store, "/changed", "old");
  await put(store, "/deleted", "old");
  await using watcher = store.watch("/", { from: toRevision(1) });
  const release = await holdOneCommit(fixture, () =>
    run(
      store,
      { type: "put", key: "/changed", value: Buffer.from("new") },
      { type: "delete", key: "/deleted" },
      { type: "put", key: "/added", value: Buffer.from("new") },
    ),
  );
  assert.equal(await store.currentRevision(), 2);
  assert.deepEqual((await store.getMany(["/changed", "/deleted", "/added"])).map(text), ["old", "old", undefined]);
  const { records, revision } = await store.range("/");
  assert.deepEqual([records.map((record) => record.key), revision], [["/changed", "/deleted"], 2]);
  assert.equal(await store.count("/"), 2);
  assert.deepEqual(describe(await readTo(watcher, toRevision(2))), ["put /changed old", "put /deleted old"]);
  await assert.rejects(store.get("/added", { revision: toRevision(3) }), withCode("future-revision"));
  await release();
  assert.deepEqual((await store.range("/")).records.map(text), ["new", "new"]);
  assert.equal((await readTo(watcher, toRevision(3)))[0]?.events.length, 3);
  await store.close();
});

test("a compaction that is being committed makes old readers see compacted, not damage", async () => {
  const fixture = open();
  const { store, tables } = fixture;
  for (const value of ["one", "two", "three", "four"]) await put(store, "/a", value);
  await using watcher = store.watch("/", { from: toRevision(2) });
  // The first commit marks the revision, the second clears: hold that one.
  let commits = 0;
  const cleared = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  tables.onCommit = () => {
    if (++commits !== 2) return;
    tables.held = held.promise;
    cleared.resolve();
  };
  const compaction = store.compact(toRevision(4));
  await cleared.promise;
  await assert.rejects(store.get("/a", { revision: toRevision(2) }), withCode("compacted"));
  await assert.rejects(watcher.next(), withCode("compacted"));
  held.resolve();
  await compaction;
  await store.close();
});

test("history older than the retention is compacted by itself", async () => {
  const { store, clock, reports } = open({ ageMsMax: 60_000, intervalMs: 10_000 });
  const pass = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i += 10) {
      clock.advance(10_000);
      await settled(store);
    }
  };
  for (const value of ["one", "two", "three"]) {
    await put(store, "/a", value);
    await pass(30);
  }
  // Written at 0, 30 and 60 seconds; it is 90 now, and at 30 the newest was revision 2.
  assert.equal(await store.compactedRevision(), 2);
  await pass(30);
  assert.equal(await store.compactedRevision(), 3);
  assert.equal(text(await store.get("/a")), "three");
  assert.deepEqual(reports, []);
  await store.close();
});

test("history over the retained bytes is compacted by itself, the oldest first", async () => {
  const { store, clock, tables } = open({ supersededBytesMax: 100_000, intervalMs: 1000 });
  const value = "x".repeat(1000);
  for (let i = 0; i < 300; i++) await put(store, `/${i % 3}`, value);
  assert.ok(tables.state().supersededBytes > 300_000);
  clock.advance(1000);
  await settled(store);
  const { supersededBytes, compacted } = tables.state();
  assert.ok(supersededBytes <= 100_000, String(supersededBytes));
  assert.ok(compacted > 200 && compacted < 300, String(compacted));
  assert.equal(await store.count(""), 3);
  await store.compact(toRevision(300));
  assert.equal(tables.state().supersededBytes, 0);
  await store.close();
});

test("superseded bytes come to nothing when all history is cleared, deletes and re-creations included", async () => {
  const { store, tables } = open();
  for (let round = 0; round < 3; round++) {
    for (const key of ["/a", "/b", "/c"]) {
      await put(store, key, "one");
      await put(store, key, "second");
      if (key !== "/c") await remove(store, key);
    }
    await store.compact(await store.currentRevision());
    assert.equal(tables.state().supersededBytes, 0, `round ${round}`);
    assert.deepEqual(tables.graves("", undefined, 10), []);
    assert.equal(tables.entries({ revision: toRevision(0), sub: 0 }, 100).length, 1, "the newest put of /c");
  }
  await store.close();
});

test("a failure of the automatic compaction is reported, and the next interval tries again", async () => {
  const { store, clock, tables, reports } = open({ supersededBytesMax: 0, intervalMs: 1000 });
  await put(store, "/a", "one");
  await put(store, "/a", "two");
  tables.failure = new StrongroomError("unavailable", "the disk is full");
  clock.advance(1000);
  await settled(store).catch(() => undefined); // its own commit fails too
  assert.equal(reports.length, 1);
  tables.failure = undefined;
  clock.advance(1000);
  await settled(store);
  assert.equal(tables.state().supersededBytes, 0);
  await store.close();
});

test("a key that left its TTL lease is not kept in the lease's list", async () => {
  const { store, tables } = open();
  const [first, second] = [await store.grantTtlLease(60), await store.grantTtlLease(60)];
  for (const key of ["/moved", "/freed", "/gone", "/stays"]) await put(store, key, "x", first.id);
  await Promise.all([put(store, "/moved", "x", second.id), put(store, "/freed", "x"), remove(store, "/gone")]);
  assert.deepEqual(tables.ttlLeaseKeys(first.id), ["/stays"]);
  assert.deepEqual(tables.ttlLeaseKeys(second.id), ["/moved"]);
  await store.close();
});

test("a TTL lease whose end cannot be written ends when it can", async () => {
  const { store, clock, tables } = open();
  const lease = await store.grantTtlLease(5);
  await put(store, "/a", "one", lease.id);
  await using watcher = store.watch("/");
  tables.failure = new StrongroomError("unavailable", "the disk is full");
  clock.advance(5000);
  await settled(store).catch(() => undefined); // its own commit fails too
  assert.equal(text(await store.get("/a")), "one");
  tables.failure = undefined;
  clock.advance(1000);
  assert.deepEqual(describe(await readTo(watcher, toRevision(2))), ["delete /a one"]);
  await store.close();
});

/** Waits until what the clock set going has been committed, by a write of its own that follows it. */
async function settled(store: MvccStore): Promise<void> {
  for (let i = 0; i < 8; i++) await store.grantTtlLease(3600);
}
