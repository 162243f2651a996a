import assert from "node:assert/strict";
import { test } from "node:test";

import { describe, put, readTo } from "../conformance/subject.ts";
import { createMemoryEngine } from "../memory/memory-engine.ts";
import { revisionZero, toRevision } from "../revision.ts";
import type { StoreEvent } from "../store.ts";
import { WatchHub } from "./watch-hub.ts";
import type { Commit } from "./watch-hub.ts";

function eventAt(key: string, revision: number): StoreEvent {
  const at = toRevision(revision);
  const value = new Uint8Array(10);
  const record = { key, value, sizeBytes: 10, createRevision: at, modRevision: at, version: 1, stale: false };
  return { type: "put", record: { ...record, ttlLease: undefined }, previous: undefined };
}

function commitOf(key: string, revision: number, event = (): StoreEvent => eventAt(key, revision)): Commit {
  return { key, revision: toRevision(revision), event };
}

const noHistory = {
  history: async (): Promise<never> => {
    throw new RangeError("nobody should read history");
  },
};

test("a watcher that falls behind after a long quiet time does not need the history of the quiet time", async () => {
  await using store = createMemoryEngine({ watchBuffer: { eventsMax: 2, bytesMax: 1000 } });
  await using watcher = store.watch("/k");
  for (let i = 1; i <= 20; i++) await put(store, "/other", String(i));
  await store.compact(toRevision(20));
  for (let i = 21; i <= 30; i++) await put(store, "/k", String(i));
  const events = describe(await readTo(watcher, toRevision(30)));
  assert.deepEqual([events.length, events[0], events.at(-1)], [10, "put /k 21", "put /k 29>30"]);
});

test("a watcher over its bytes reads history instead, and is synced again afterwards", async () => {
  await using store = createMemoryEngine({ watchBuffer: { eventsMax: 1000, bytesMax: 100 } });
  await using watcher = store.watch("/");
  for (let i = 1; i <= 10; i++) await put(store, "/k", "x".repeat(50));
  assert.equal((await readTo(watcher, toRevision(10))).flatMap(({ events }) => events).length, 10);
  const waiting = watcher.next();
  await put(store, "/k", "live");
  assert.equal((await waiting)?.revision, 11);
});

test("an event is made once for all watchers of all prefixes, and not at all when nobody watches", async () => {
  const hub = new WatchHub(noHistory, revisionZero);
  const watchers = ["/a", "/a/", "", "/a/b", "/a/", "/z"].map((prefix) => hub.watch(prefix, toRevision(1)));
  let made = 0;
  const watched = commitOf("/a/b", 1, () => {
    made++;
    return eventAt("/a/b", 1);
  });
  hub.publish([watched], toRevision(1));
  assert.equal(made, 1);
  for (const watcher of watchers.slice(0, 5)) assert.equal((await watcher.next())?.events.length, 1);
  for (const watcher of watchers) watcher.close();
  hub.publish([commitOf("/a/b", 2, () => assert.fail("nobody watches"))], toRevision(2));
});

test("watchers of one prefix share the batch itself", async () => {
  const hub = new WatchHub(noHistory, revisionZero);
  const [first, second] = [hub.watch("/", toRevision(1)), hub.watch("/", toRevision(1))];
  hub.publish([commitOf("/a", 1), commitOf("/b", 2)], toRevision(2));
  assert.equal(await first.next(), await second.next());
});

test("an event that cannot be made fails the watchers of its key, and no others", async () => {
  const hub = new WatchHub(noHistory, revisionZero);
  const [broken, other] = [hub.watch("/a", toRevision(1)), hub.watch("/b", toRevision(1))];
  const throws = (): StoreEvent => {
    throw new RangeError("no value");
  };
  hub.publish([commitOf("/a", 1, throws), commitOf("/b", 1)], toRevision(1));
  await assert.rejects(broken.next(), RangeError);
  assert.equal((await other.next())?.events[0]?.record.key, "/b");
});

test("1,024 watchers of one prefix all get every event", async () => {
  await using store = createMemoryEngine();
  const watchers = Array.from({ length: 1024 }, () => store.watch("/secrets/"));
  for (let i = 0; i < 20; i++) await Promise.all([put(store, `/secrets/${i}`, "x"), put(store, `/else/${i}`, "x")]);
  for (const watcher of watchers) {
    watcher.requestProgress();
    assert.equal((await readTo(watcher, toRevision(40))).flatMap(({ events }) => events).length, 20);
    watcher.close();
  }
});
