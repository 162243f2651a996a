import assert from "node:assert/strict";
import { test } from "node:test";

import { RandomPool } from "./random-pool.ts";

test("RandomPool never gives the same bytes twice, across refills and for any mix of lengths", () => {
  const pool = new RandomPool(100);
  const seen = new Set<string>();
  for (let i = 0; i < 1000; i++) {
    const length = 16 + (i % 85);
    const out = Buffer.alloc(length);
    pool.fillInto(out, 0, length);
    seen.add(out.subarray(0, 16).toString("hex"));
  }
  assert.equal(seen.size, 1000);
  assert.ok(!seen.has("0".repeat(32)));
});

test("RandomPool fills exactly what was asked for", () => {
  const out = Buffer.alloc(64, 0);
  new RandomPool(64).fillInto(out, 8, 48);
  assert.deepEqual([out.subarray(0, 8), out.subarray(56)], [Buffer.alloc(8), Buffer.alloc(8)]);
  assert.notDeepEqual(out.subarray(8, 56), Buffer.alloc(48));
  assert.throws(() => new RandomPool(64).fillInto(Buffer.alloc(65), 0, 65), RangeError);
});
