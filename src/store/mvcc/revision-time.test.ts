import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../conformance/manual-clock.ts";
import { put } from "../conformance/subject.ts";
import { createMemoryEngine } from "../memory/memory-engine.ts";
import { toRevision } from "../revision.ts";

test("revisionTime says the second in which each revision was written, whatever lies between, and nothing of others", async () => {
  const clock = new ManualClock();
  await using store = createMemoryEngine({ clock });
  assert.equal(store.revisionTime(toRevision(1)), undefined);
  const written: number[] = [];
  for (const waitMs of [0, 0, 1000, 1, 5 * 60_000, 999, 1, 3 * 3_600_000, 10, 1000, 2000]) {
    clock.advance(waitMs);
    await put(store, "/a", "x");
    written.push(Math.floor(clock.now() / 1000) * 1000);
  }
  for (const [index, timeMs] of written.entries()) {
    assert.deepEqual(store.revisionTime(toRevision(index + 1)), { relation: "at", timeMs }, `revision ${index + 1}`);
  }
  assert.equal(store.revisionTime(toRevision(0)), undefined);
  assert.equal(store.revisionTime(toRevision(written.length + 1)), undefined);
});

test("revisionTime says before when, where compaction took what would say more", async () => {
  const clock = new ManualClock();
  await using store = createMemoryEngine({ clock });
  for (let index = 0; index < 10; index++) {
    await put(store, `/${index}`, "x");
    clock.advance(60_000);
  }
  const times = Array.from({ length: 10 }, (_, index) => store.revisionTime(toRevision(index + 1)));
  await store.compact(toRevision(7));
  const first = store.revisionTime(toRevision(1));
  assert.equal(first?.relation, "before");
  assert.ok(first.timeMs > (times[0]?.timeMs ?? Infinity) && first.timeMs <= (times[6]?.timeMs ?? 0));
  for (let index = 7; index < 10; index++) assert.deepEqual(store.revisionTime(toRevision(index + 1)), times[index]);
});
