import assert from "node:assert/strict";
import { test } from "node:test";

import { toRevision } from "../revision.ts";
import type { TtlLeaseId } from "../store.ts";
import { describe, put, readTo, remove, text, withCode } from "./subject.ts";
import type { Subject } from "./subject.ts";

/** grantTtlLease, renewTtlLease, revokeTtlLease, and expiry. */
export function ttlLeaseConformance(name: string, subject: Subject): void {
  test(`${name}: an expired TTL lease deletes its keys in one revision, with events`, async () => {
    await using store = await subject.open();
    const lease = await store.grantTtlLease(5);
    assert.ok(Math.abs(lease.expiresAtMs - subject.now() - 5000) <= 1000);
    await put(store, "/a", "one", lease.id);
    await put(store, "/b", "two", lease.id);
    await put(store, "/kept", "three");
    assert.equal((await store.get("/a"))?.ttlLease, lease.id);
    await using watcher = store.watch("/");
    await subject.letTimePass(3000);
    assert.equal(text(await store.get("/a")), "one");
    await subject.letTimePass(4000);
    const batches = await readTo(watcher, toRevision(4));
    assert.deepEqual(describe(batches).sort(), ["delete /a one", "delete /b two"]);
    assert.deepEqual(
      (await store.range("")).records.map((record) => record.key),
      ["/kept"],
    );
    await assert.rejects(store.renewTtlLease(lease.id), withCode("lease-not-found"));
    await assert.rejects(put(store, "/a", "x", lease.id), withCode("lease-not-found"));
  });

  test(`${name}: renewing starts the term anew`, async () => {
    await using store = await subject.open();
    const lease = await store.grantTtlLease(5);
    await put(store, "/a", "one", lease.id);
    await subject.letTimePass(4000);
    const renewed = await store.renewTtlLease(lease.id);
    assert.equal(renewed.ttlSeconds, 5);
    assert.ok(renewed.expiresAtMs >= lease.expiresAtMs + 3000);
    await subject.letTimePass(4000);
    assert.equal(text(await store.get("/a")), "one");
    await using watcher = store.watch("/");
    await subject.letTimePass(3000);
    assert.deepEqual(describe(await readTo(watcher, toRevision(2))), ["delete /a one"]);
  });

  test(`${name}: revoking deletes the keys at once`, async () => {
    await using store = await subject.open();
    const lease = await store.grantTtlLease(3600);
    await put(store, "/a", "one", lease.id);
    await put(store, "/b", "two", lease.id);
    await using watcher = store.watch("/");
    await store.revokeTtlLease(lease.id);
    assert.equal(await store.currentRevision(), 3);
    assert.equal(await store.count(""), 0);
    assert.deepEqual(describe(await readTo(watcher, toRevision(3))).sort(), ["delete /a one", "delete /b two"]);
    await assert.rejects(store.revokeTtlLease(lease.id), withCode("lease-not-found"));
  });

  test(`${name}: a lease without keys ends without a revision`, async () => {
    await using store = await subject.open();
    const lease = await store.grantTtlLease(3600);
    await store.revokeTtlLease(lease.id);
    assert.equal(await store.currentRevision(), 0);
  });

  test(`${name}: the last put decides which lease a key hangs on`, async () => {
    await using store = await subject.open();
    const first = await store.grantTtlLease(3600);
    const second = await store.grantTtlLease(3600);
    assert.notEqual(first.id, second.id);
    await put(store, "/moved", "x", first.id);
    await put(store, "/moved", "x", second.id);
    await put(store, "/freed", "x", first.id);
    await put(store, "/freed", "x");
    await put(store, "/gone", "x", first.id);
    await remove(store, "/gone");
    await put(store, "/gone", "again");
    await put(store, "/twice", "x", first.id);
    await put(store, "/twice", "y", first.id);
    await store.revokeTtlLease(first.id);
    assert.deepEqual(
      (await store.range("")).records.map((record) => record.key),
      ["/freed", "/gone", "/moved"],
    );
    await store.revokeTtlLease(second.id);
    assert.deepEqual(
      (await store.range("")).records.map((record) => record.key),
      ["/freed", "/gone"],
    );
  });

  test(`${name}: a TTL must be a whole number of seconds from 1 to a year`, async () => {
    await using store = await subject.open();
    for (const ttlSeconds of [0, -1, 1.5, 31_536_001, Number.NaN]) {
      await assert.rejects(store.grantTtlLease(ttlSeconds), withCode("invalid"), String(ttlSeconds));
    }
    const longest = await store.grantTtlLease(31_536_000);
    assert.equal(longest.ttlSeconds, 31_536_000);
  });

  test(`${name}: what nobody granted raises lease-not-found, and keeps nothing`, async () => {
    await using store = await subject.open();
    const unknown = 4711 as TtlLeaseId; // deliberately no lease of this store
    await assert.rejects(store.renewTtlLease(unknown), withCode("lease-not-found"));
    await assert.rejects(store.revokeTtlLease(unknown), withCode("lease-not-found"));
    await assert.rejects(put(store, "/a", "x", unknown), withCode("lease-not-found"));
    assert.equal(await store.get("/a"), undefined);
  });
}
