import assert from "node:assert/strict";
import { test } from "node:test";

import { revisionZero, toRevision } from "../revision.ts";
import type { Revision } from "../revision.ts";
import type { Compare } from "../store.ts";
import { bytes, describe, put, readTo, remove, run, text, withCode } from "./subject.ts";
import type { Subject } from "./subject.ts";

/** txn and rewrite. */
export function transactionConformance(name: string, subject: Subject): void {
  test(`${name}: all writes of a transaction carry one revision, and each transaction its own`, async () => {
    await using store = await subject.open();
    const { revision, succeeded } = await run(
      store,
      { type: "put", key: "/a", value: bytes("one") },
      { type: "put", key: "/b", value: bytes("two") },
    );
    assert.deepEqual([revision, succeeded], [1, true]);
    assert.deepEqual(
      (await store.range("")).records.map((record) => record.modRevision),
      [1, 1],
    );
    assert.equal(await put(store, "/a", "three"), 2);
    assert.equal(await store.currentRevision(), 2);
  });

  test(`${name}: concurrent transactions get consecutive revisions`, async () => {
    await using store = await subject.open();
    const revisions = await Promise.all(Array.from({ length: 100 }, (_, i) => put(store, `/${i}`, "x")));
    assert.deepEqual(
      revisions.sort((a, b) => a - b),
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
  });

  test(`${name}: a transaction may go on at a later revision, from where all others follow`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    await using watcher = store.watch("/", { from: toRevision(500) });
    const thens = [{ type: "put", key: "/b", value: bytes("two") }] as const;
    const floor = (revision: number) => ({ compares: [], thens, revisionAtLeast: toRevision(revision) });
    assert.equal((await store.txn(floor(1000))).revision, 1000);
    assert.equal(await put(store, "/a", "three"), 1001);
    // Below the current one it says nothing.
    assert.equal((await store.txn(floor(7))).revision, 1002);
    assert.equal(text(await store.get("/a", { revision: toRevision(999) })), "one");
    assert.equal((await store.get("/b", { revision: toRevision(999) }))?.key, undefined);
    assert.deepEqual(describe(await readTo(watcher, toRevision(1002))), [
      "put /b two",
      "put /a one>three",
      "put /b two>two",
    ]);
    await assert.rejects(store.txn(floor(2 ** 49)), withCode("invalid"));
    await store.compact(toRevision(900));
    await assert.rejects(store.get("/a", { revision: toRevision(899) }), withCode("compacted"));
    assert.equal(text(await store.get("/a", { revision: toRevision(1000) })), "one");
  });

  test(`${name}: compares see create revision, mod revision and version; an absent key is 0`, async () => {
    await using store = await subject.open();
    await put(store, "/x", "x");
    await put(store, "/a", "one");
    await put(store, "/a", "two");
    await put(store, "/a", "three");
    // /a: create revision 2, mod revision 4, version 3
    const rows: [key: string, Compare["target"], Compare["relation"], value: number, holds: boolean][] = [
      ["/a", "create-revision", "=", 2, true],
      ["/a", "create-revision", "=", 4, false],
      ["/a", "mod-revision", "=", 4, true],
      ["/a", "mod-revision", "=", 3, false],
      ["/a", "version", "=", 3, true],
      ["/a", "version", "!=", 3, false],
      ["/a", "version", "!=", 2, true],
      ["/a", "mod-revision", "<", 5, true],
      ["/a", "mod-revision", "<", 4, false],
      ["/a", "mod-revision", ">", 3, true],
      ["/a", "mod-revision", ">", 4, false],
      ["/no", "create-revision", "=", 0, true],
      ["/no", "mod-revision", "=", 0, true],
      ["/no", "version", "<", 1, true],
      ["/no", "version", ">", 0, false],
    ];
    for (const [key, target, relation, value, holds] of rows) {
      const { succeeded } = await store.txn({ compares: [{ key, target, relation, value }], thens: [] });
      assert.equal(succeeded, holds, `${target} of ${key} ${relation} ${value}`);
    }
  });

  test(`${name}: a transaction does thens when every compare holds, elses otherwise`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    const isOne: Compare = { key: "/a", target: "version", relation: "=", value: 1 };
    const isTwo: Compare = { key: "/a", target: "version", relation: "=", value: 2 };
    const branches = { thens: [get("/a")], elses: [get("/a"), get("/no")] };
    const both = await store.txn({ compares: [isOne, isTwo], ...branches });
    assert.deepEqual([both.succeeded, both.results.length], [false, 2]);
    const one = await store.txn({ compares: [isOne], ...branches });
    assert.deepEqual([one.succeeded, one.results.length], [true, 1]);
    const none = await store.txn({ compares: [isTwo], thens: [{ type: "delete", key: "/a" }] });
    assert.deepEqual([none.succeeded, none.results], [false, []]);
    assert.equal(text(await store.get("/a")), "one");
  });

  test(`${name}: results carry what a get found and what a delete removed`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    await put(store, "/b", "two");
    const { results } = await run(
      store,
      get("/a"),
      get("/no"),
      { type: "delete", key: "/b" },
      { type: "delete", key: "/gone" },
      { type: "put", key: "/c", value: bytes("three") },
    );
    assert.deepEqual(
      results.map(({ record }) => text(record)),
      ["one", undefined, "two", undefined, undefined],
    );
    assert.equal(results[2]?.record?.modRevision, 2);
  });

  test(`${name}: a delete may leave out the value of what it removed`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    const { results } = await run(store, { type: "delete", key: "/a", keysOnly: true });
    assert.deepEqual([results[0]?.record?.modRevision, text(results[0]?.record)], [1, ""]);
    assert.equal(await store.get("/a"), undefined);
  });

  test(`${name}: a transaction that writes nothing takes no revision`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    assert.equal((await run(store, get("/a"))).revision, 1);
    assert.equal((await run(store, { type: "delete", key: "/no" })).revision, 1);
    assert.equal((await run(store)).revision, 1);
    assert.equal(await store.currentRevision(), 1);
  });

  test(`${name}: a key may be written at most once per transaction`, async () => {
    await using store = await subject.open();
    const value = bytes("x");
    await assert.rejects(
      run(store, { type: "put", key: "/a", value }, { type: "delete", key: "/a" }),
      withCode("invalid"),
    );
    assert.equal(await store.currentRevision(), 0);
  });

  test(`${name}: of concurrent creations of one key exactly one succeeds`, async () => {
    await using store = await subject.open();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        store.txn({
          compares: [{ key: "/a", target: "mod-revision", relation: "=", value: 0 }],
          thens: [{ type: "put", key: "/a", value: bytes(String(i)) }],
          elses: [get("/a")],
        }),
      ),
    );
    assert.equal(results.filter(({ succeeded }) => succeeded).length, 1);
    const winner = String(results.findIndex(({ succeeded }) => succeeded));
    assert.equal(text(await store.get("/a")), winner);
    for (const { succeeded, results: found } of results) {
      if (!succeeded) assert.equal(text(found[0]?.record), winner);
    }
  });

  test(`${name}: a counter that is compared and set by many loses no step`, async () => {
    await using store = await subject.open();
    await put(store, "/n", "0");
    const step = async (): Promise<void> => {
      for (;;) {
        const record = await store.get("/n");
        const { succeeded } = await store.txn({
          compares: [{ key: "/n", target: "mod-revision", relation: "=", value: record?.modRevision ?? 0 }],
          thens: [{ type: "put", key: "/n", value: bytes(String(Number(text(record)) + 1)) }],
        });
        if (succeeded) return;
      }
    };
    await Promise.all(Array.from({ length: 10 }, step));
    assert.equal(text(await store.get("/n")), "10");
  });

  test(`${name}: a put function is called once, with the revision if the engine binds it`, async () => {
    await using store = await subject.open();
    const seen: (Revision | undefined)[] = [];
    const value = (assigned: Revision | undefined): Uint8Array => {
      seen.push(assigned);
      return bytes(`at ${assigned}`);
    };
    const results = await Promise.all([
      run(store, { type: "put", key: "/a", value }),
      run(store, { type: "put", key: "/b", value }),
    ]);
    const expected = store.bindsRevision ? results.map(({ revision }) => revision) : [undefined, undefined];
    assert.deepEqual(seen, expected);
    assert.deepEqual(
      (await store.getMany(["/a", "/b"])).map(text),
      expected.map((revision) => `at ${revision}`),
    );
  });

  test(`${name}: a put function that throws fails its transaction alone`, async () => {
    await using store = await subject.open();
    const refused = run(
      store,
      { type: "put", key: "/kept-out", value: bytes("x") },
      {
        type: "put",
        key: "/refused",
        value: () => {
          throw new RangeError("no key");
        },
      },
    );
    const [before, failed, after] = await Promise.allSettled([put(store, "/a", "x"), refused, put(store, "/b", "y")]);
    assert.ok(failed.status === "rejected" && failed.reason instanceof RangeError);
    assert.deepEqual([before.status, after.status], ["fulfilled", "fulfilled"]);
    assert.deepEqual(
      (await store.range("")).records.map((record) => record.key),
      ["/a", "/b"],
    );
    assert.equal(await store.currentRevision(), 2);
  });

  test(`${name}: values and transactions over the limits raise too-large`, async () => {
    await using store = await subject.open();
    const { transactionOperationsMax, transactionBytesMax } = store.limits;
    const operations = Array.from({ length: transactionOperationsMax + 1 }, (_, i) => get(`/${i}`));
    await assert.rejects(run(store, ...operations), withCode("too-large"));
    await run(store, ...operations.slice(1));
    const value = new Uint8Array(8 * 1024 * 1024 + 1);
    await assert.rejects(run(store, { type: "put", key: "/a", value }), withCode("too-large"));
    const part = new Uint8Array(Math.min(8 * 1024 * 1024, transactionBytesMax));
    const parts = Math.floor(transactionBytesMax / part.length) + 1;
    const puts = Array.from({ length: parts }, (_, i) => ({ type: "put", key: `/${i}`, value: part }) as const);
    await assert.rejects(run(store, ...puts), withCode("too-large"));
    assert.equal(await store.currentRevision(), 0);
  });

  test(`${name}: rewrite replaces the bytes and nothing else`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    await put(store, "/a", "two");
    const before = await store.get("/a");
    await using watcher = store.watch("/");
    assert.equal(await store.rewrite("/a", toRevision(2), bytes("zwei!")), true);
    const after = await store.get("/a");
    assert.equal(text(after), "zwei!");
    assert.deepEqual({ ...after, value: 0, sizeBytes: 0 }, { ...before, value: 0, sizeBytes: 0 });
    assert.equal(after?.sizeBytes, 5);
    assert.equal(await store.currentRevision(), 2);
    assert.equal(text(await store.get("/a", { revision: toRevision(1) })), "one");
    await put(store, "/a", "three");
    assert.deepEqual(describe(await readTo(watcher, toRevision(3))), ["put /a zwei!>three"]);
  });

  test(`${name}: rewrite changes nothing when the record is not the expected one`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    await put(store, "/a", "two");
    assert.equal(await store.rewrite("/a", toRevision(1), bytes("x")), false);
    assert.equal(await store.rewrite("/no", toRevision(1), bytes("x")), false);
    assert.equal(await store.rewrite("/no", revisionZero, bytes("x")), false);
    await remove(store, "/a");
    assert.equal(await store.rewrite("/a", toRevision(2), bytes("x")), false);
    assert.equal(await store.get("/a"), undefined);
  });
}

function get(key: string): { type: "get"; key: string } {
  return { type: "get", key };
}
