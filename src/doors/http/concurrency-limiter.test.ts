import assert from "node:assert/strict";
import { test } from "node:test";
import { ConcurrencyLimiter, defaultConcurrencyLimits } from "./concurrency-limiter.ts";

test("ConcurrencyLimiter gives as many places as its limit, per class, and takes them back once", () => {
  const limiter = new ConcurrencyLimiter({ mutatingRequestsMax: 2, readOnlyRequestsMax: 1 });
  const first = limiter.acquire("mutating");
  const second = limiter.acquire("mutating");
  assert.ok(first !== undefined && second !== undefined);
  assert.equal(limiter.acquire("mutating"), undefined);
  assert.ok(limiter.acquire("read-only") !== undefined, "the classes are independent");
  first();
  first();
  assert.equal(limiter.inUse("mutating"), 1);
  assert.ok(limiter.acquire("mutating") !== undefined);
  assert.equal(limiter.acquire("mutating"), undefined);
});

test("ConcurrencyLimiter has upstream's defaults", () => {
  assert.deepEqual(defaultConcurrencyLimits, {
    readOnlyRequestsMax: 400,
    mutatingRequestsMax: 200,
    watchesMax: 10_000,
  });
});
