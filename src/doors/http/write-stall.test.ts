import assert from "node:assert/strict";
import { test } from "node:test";
import { WriteStallWatch } from "./write-stall.ts";

/** Sweeps once a second with the given pending bytes; the second in which it was cut, or undefined. */
function secondOfCut(pending: readonly number[], timeoutMs: number): number | undefined {
  const watch = new WriteStallWatch(timeoutMs);
  let second = 0;
  let cutAt: number | undefined;
  watch.add({ pendingBytes: () => pending[second] ?? 0, cut: () => (cutAt = second) }, 0);
  for (second = 0; second < pending.length; second += 1) watch.sweep(second * 1000);
  return cutAt;
}

const cases = [
  { name: "a client that reads nothing is cut after the timeout", pending: [9, 9, 9, 9, 9, 9], cutAt: 3 },
  { name: "more and more pending bytes are no progress", pending: [9, 10, 11, 12, 13, 14], cutAt: 3 },
  { name: "a slow reader is served", pending: [9, 9, 8, 8, 7, 7, 6, 6], cutAt: undefined },
  { name: "an idle watch has nothing pending and stays", pending: [0, 0, 0, 0, 0, 0, 0], cutAt: undefined },
  { name: "the time counts from the last progress", pending: [0, 0, 0, 9, 9, 9, 9], cutAt: 5 },
];

for (const { name, pending, cutAt } of cases) {
  test(`WriteStallWatch: ${name}`, () => {
    assert.equal(secondOfCut(pending, 3000), cutAt);
  });
}

test("WriteStallWatch forgets what ended", () => {
  const watch = new WriteStallWatch(1000);
  const writes = { pendingBytes: () => 9, cut: () => assert.fail("must not be cut") };
  watch.add(writes, 0);
  watch.delete(writes);
  assert.equal(watch.sweep(10_000), 0);
});
