import assert from "node:assert/strict";
import { test } from "node:test";

import { revisionZero, toRevision } from "../revision.ts";
import { bytes, describe, put, readTo, remove, run, withCode } from "./subject.ts";
import type { Subject } from "./subject.ts";

/** watch. */
export function watchConformance(name: string, subject: Subject): void {
  test(`${name}: a watch delivers what is committed after it started, with the state before`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    await using watcher = store.watch("/");
    await put(store, "/a", "two");
    await put(store, "/b", "three");
    await remove(store, "/a");
    const batches = await readTo(watcher, toRevision(4));
    assert.deepEqual(describe(batches), ["put /a one>two", "put /b three", "delete /a two"]);
    const gone = batches.at(-1)?.events.at(-1)?.record;
    assert.deepEqual([gone?.key, gone?.modRevision, gone?.version, gone?.value.length], ["/a", 4, 0, 0]);
  });

  test(`${name}: a watch from a past revision replays history, then follows`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    await put(store, "/a", "two");
    await remove(store, "/a");
    await put(store, "/a", "three");
    await using watcher = store.watch("/a", { from: toRevision(2) });
    assert.deepEqual(describe(await readTo(watcher, toRevision(4))), [
      "put /a one>two",
      "delete /a two",
      "put /a three",
    ]);
    await put(store, "/a", "four");
    assert.deepEqual(describe(await readTo(watcher, toRevision(5))), ["put /a three>four"]);
  });

  test(`${name}: a watch from a future revision waits for it`, async () => {
    await using store = await subject.open();
    await using watcher = store.watch("/", { from: toRevision(3) });
    for (const value of ["one", "two", "three", "four"]) await put(store, "/a", value);
    assert.deepEqual(describe(await readTo(watcher, toRevision(4))), ["put /a two>three", "put /a three>four"]);
  });

  test(`${name}: a watch sees the keys with its prefix only`, async () => {
    await using store = await subject.open();
    const prefixes = ["/a/", "/a", "", "/a/1", "/z"];
    const watchers = prefixes.map((prefix) => store.watch(prefix));
    for (const key of ["/a", "/a/1", "/b", "/a/2"]) await put(store, key, "x");
    const expected = [["/a/1", "/a/2"], ["/a", "/a/1", "/a/2"], ["/a", "/a/1", "/b", "/a/2"], ["/a/1"], []];
    for (const [i, watcher] of watchers.entries()) {
      // A progress request ends each watch's wait, whatever it has seen.
      watcher.requestProgress();
      const batches = await readTo(watcher, toRevision(4));
      assert.deepEqual(
        batches.flatMap(({ events }) => events.map((event) => event.record.key)),
        expected[i],
        `prefix ${prefixes[i]}`,
      );
      watcher.close();
    }
  });

  test(`${name}: all events of one revision come in one batch`, async () => {
    await using store = await subject.open();
    await put(store, "/c", "x");
    await using live = store.watch("/");
    const keys = Array.from({ length: 600 }, (_, i) => `/k${i}`);
    await run(store, ...keys.map((key) => ({ type: "put", key, value: bytes("x") }) as const), {
      type: "delete",
      key: "/c",
    });
    await using replay = store.watch("/", { from: toRevision(2) });
    for (const watcher of [live, replay]) {
      const batch = await watcher.next();
      assert.equal(batch?.events.length, 601);
      assert.equal(batch?.revision, 2);
      assert.ok(batch.events.every((event) => event.record.modRevision === 2));
    }
  });

  test(`${name}: synced watchers are handed the same event objects`, async () => {
    await using store = await subject.open();
    await using all = store.watch("/");
    await using again = store.watch("/");
    await using one = store.watch("/a");
    await put(store, "/a", "x");
    const [first, second, third] = await Promise.all([all.next(), again.next(), one.next()]);
    assert.ok(first?.events[0]);
    assert.equal(first.events[0], second?.events[0]);
    assert.equal(first.events[0], third?.events[0]);
  });

  test(`${name}: a watcher that does not read loses nothing when it reads again`, async () => {
    await using store = await subject.open();
    await using watcher = store.watch("/k/");
    const writes = 6000;
    for (let i = 0; i < writes; i += 500) {
      await Promise.all(Array.from({ length: 500 }, (_, j) => put(store, `/k/${(i + j) % 7}`, String(i + j))));
    }
    const events = (await readTo(watcher, toRevision(writes))).flatMap((batch) => batch.events);
    assert.deepEqual(
      events.map((event) => event.record.modRevision),
      Array.from({ length: writes }, (_, i) => i + 1),
    );
    const last = new Map<string, number>();
    for (const { record, previous } of events) {
      assert.equal(previous?.modRevision, last.get(record.key));
      last.set(record.key, record.modRevision);
    }
    await put(store, "/k/0", "after");
    assert.equal((await watcher.next())?.events[0]?.record.modRevision, writes + 1);
  });

  test(`${name}: a watch that starts while writers write misses and repeats nothing`, async () => {
    await using store = await subject.open();
    const progress = { isWriting: true };
    const writers = Array.from({ length: 4 }, async (_, w) => {
      for (let i = 0; i < 150; i++) await put(store, `/w${w}/${i}`, "x");
    });
    const done = Promise.all(writers).then(() => (progress.isWriting = false));
    const watchers = [];
    while (progress.isWriting && watchers.length < 20) {
      const from = toRevision(Math.max(1, (await store.currentRevision()) - 3));
      watchers.push({ from, watcher: store.watch("/", { from }) });
      await put(store, "/tick", String(watchers.length));
    }
    await done;
    const end = await store.currentRevision();
    for (const { from, watcher } of watchers) {
      const seen = (await readTo(watcher, end)).flatMap(({ events }) =>
        events.map((event) => event.record.modRevision),
      );
      assert.deepEqual(
        seen,
        Array.from({ length: end - from + 1 }, (_, i) => from + i),
      );
      watcher.close();
    }
  });

  test(`${name}: a progress request is answered with the current revision`, async () => {
    await using store = await subject.open();
    await put(store, "/other", "x");
    await using watcher = store.watch("/a");
    const waiting = watcher.next();
    watcher.requestProgress();
    assert.deepEqual(await waiting, { events: [], revision: 1 });
    await put(store, "/other", "y");
    watcher.requestProgress();
    assert.deepEqual(await watcher.next(), { events: [], revision: 2 });
  });

  test(`${name}: next resolves to undefined after close, pending calls included`, async () => {
    await using store = await subject.open();
    const watcher = store.watch("/");
    const pending = watcher.next();
    watcher.close();
    watcher.close();
    assert.equal(await pending, undefined);
    assert.equal(await watcher.next(), undefined);
    await put(store, "/a", "x");
    assert.equal(await watcher.next(), undefined);
  });

  test(`${name}: next refuses a second call while one is pending`, async () => {
    await using store = await subject.open();
    await using watcher = store.watch("/");
    const pending = watcher.next();
    await assert.rejects(watcher.next(), TypeError);
    await put(store, "/a", "x");
    assert.equal((await pending)?.events.length, 1);
  });

  test(`${name}: a watch from a compacted revision raises compacted`, async () => {
    await using store = await subject.open();
    for (const value of ["one", "two", "three"]) await put(store, "/a", value);
    await store.compact(toRevision(2));
    for (const from of [revisionZero, toRevision(1), toRevision(2)]) {
      await using watcher = store.watch("/", { from });
      await assert.rejects(watcher.next(), withCode("compacted"), `from ${from}`);
    }
    await using watcher = store.watch("/", { from: toRevision(3) });
    assert.deepEqual(describe(await readTo(watcher, toRevision(3))), ["put /a two>three"]);
  });

  test(`${name}: a synced watch survives a compaction of what it has been told`, async () => {
    await using store = await subject.open();
    await using watcher = store.watch("/a");
    await using quiet = store.watch("/quiet");
    await put(store, "/a", "one");
    await put(store, "/a", "two");
    assert.equal((await readTo(watcher, toRevision(2))).length > 0, true);
    await store.compact(toRevision(2));
    await put(store, "/a", "three");
    await put(store, "/quiet", "x");
    assert.deepEqual(describe(await readTo(watcher, toRevision(3))), ["put /a two>three"]);
    assert.deepEqual(describe(await readTo(quiet, toRevision(4))), ["put /quiet x"]);
  });

  test(`${name}: watches raise unavailable after the store closed`, async () => {
    const store = await subject.open();
    const watcher = store.watch("/");
    const pending = assert.rejects(watcher.next(), withCode("unavailable"));
    await store.close();
    await pending;
    await assert.rejects(watcher.next(), withCode("unavailable"));
    watcher.close();
    assert.equal(await watcher.next(), undefined);
  });
}
