import assert from "node:assert/strict";
import { test } from "node:test";
import { StrongroomError } from "../../../errors/strongroom-error.ts";
import type { TtlLeaseId } from "../../../store/store.ts";
import { SharedTtlLease } from "./shared-ttl-lease.ts";

function granting() {
  const granted: number[] = [];
  let nowMs = 0;
  return {
    granted,
    at: (ms: number) => (nowMs = ms),
    grantTtlLease: (ttlSeconds: number) => {
      granted.push(ttlSeconds);
      const id = granted.length as TtlLeaseId; // any positive integer is one
      return Promise.resolve({ id, ttlSeconds, expiresAtMs: nowMs + ttlSeconds * 1000 });
    },
  };
}

test("Writes within a minute share one lease, which outlasts what was asked", async () => {
  const store = granting();
  const lease = new SharedTtlLease(store, 3600);
  const ids = [];
  for (const ms of [0, 30_000, 60_000, 60_001]) {
    store.at(ms);
    ids.push(await lease.with(ms, (id) => Promise.resolve(id)));
  }
  assert.deepEqual(
    [ids, store.granted],
    [
      [1, 1, 1, 2],
      [3660, 3660],
    ],
  );
});

test("A lease that ended is replaced, and the write made again; other failures are passed on", async () => {
  const store = granting();
  const lease = new SharedTtlLease(store, 60);
  const id = await lease.with(0, (given) => {
    if (Number(given) === 1) throw new StrongroomError("lease-not-found", "the lease must be there");
    return Promise.resolve(given);
  });
  assert.equal(id, 2);
  const failing = lease.with(0, () => Promise.reject(new StrongroomError("unavailable", "later")));
  await assert.rejects(failing, { code: "unavailable" });
});

test("A grant that failed is asked for again", async () => {
  const store = granting();
  let failures = 1;
  const lease = new SharedTtlLease(
    {
      grantTtlLease: (ttlSeconds) =>
        failures-- > 0 ? Promise.reject(new StrongroomError("unavailable", "later")) : store.grantTtlLease(ttlSeconds),
    },
    60,
  );
  await assert.rejects(
    lease.with(0, (id) => Promise.resolve(id)),
    { code: "unavailable" },
  );
  assert.equal(await lease.with(0, (id) => Promise.resolve(id)), 1);
});
