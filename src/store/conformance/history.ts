import assert from "node:assert/strict";
import { test } from "node:test";

import { revisionZero, toRevision } from "../revision.ts";
import { put, remove, text, withCode } from "./subject.ts";
import type { Subject } from "./subject.ts";

/** compact, revisionAt and close. */
export function historyConformance(name: string, subject: Subject): void {
  test(`${name}: compact keeps, for each key, the newest record at or below the revision`, async () => {
    await using store = await subject.open();
    //        1     2     3     4      5       6
    // /a     one   two                        three
    // /b                 x     delete
    // /c                              y
    await put(store, "/a", "one");
    await put(store, "/a", "two");
    await put(store, "/b", "x");
    await remove(store, "/b");
    await put(store, "/c", "y");
    await put(store, "/a", "three");
    await store.compact(toRevision(4));
    assert.equal(await store.compactedRevision(), 4);
    assert.equal(await store.currentRevision(), 6);
    const at = async (revision: number): Promise<string[]> =>
      (await store.range("", { revision: toRevision(revision) })).records.map((r) => `${r.key} ${text(r)}`);
    assert.deepEqual(await at(4), ["/a two"]);
    assert.deepEqual(await at(5), ["/a two", "/c y"]);
    assert.deepEqual(await at(6), ["/a three", "/c y"]);
    assert.equal(text(await store.get("/a", { revision: toRevision(5) })), "two");
    for (const revision of [1, 3]) {
      const options = { revision: toRevision(revision) };
      await assert.rejects(store.get("/a", options), withCode("compacted"));
      await assert.rejects(store.getMany(["/a"], options), withCode("compacted"));
      await assert.rejects(store.range("", options), withCode("compacted"));
      await assert.rejects(store.count("", options), withCode("compacted"));
    }
  });

  test(`${name}: compact to the current revision leaves what is live`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    await put(store, "/b", "x");
    await remove(store, "/b");
    await store.compact(toRevision(3));
    assert.deepEqual(
      (await store.range("")).records.map((r) => [r.key, r.createRevision, r.version]),
      [["/a", 1, 1]],
    );
    await put(store, "/b", "y");
    const record = await store.get("/b");
    assert.deepEqual([record?.createRevision, record?.version], [4, 1]);
  });

  test(`${name}: compact refuses what is compacted already and what is not reached yet`, async () => {
    await using store = await subject.open();
    for (const value of ["one", "two", "three"]) await put(store, "/a", value);
    await store.compact(toRevision(2));
    await assert.rejects(store.compact(toRevision(2)), withCode("compacted"));
    await assert.rejects(store.compact(toRevision(1)), withCode("compacted"));
    await assert.rejects(store.compact(revisionZero), withCode("compacted"));
    await assert.rejects(store.compact(toRevision(4)), withCode("future-revision"));
  });

  test(`${name}: revisionAt finds the newest revision of a time`, async () => {
    await using store = await subject.open();
    const start = subject.now();
    assert.equal(await store.revisionAt(start), undefined);
    await put(store, "/a", "one");
    await put(store, "/a", "two");
    await subject.letTimePass(3000);
    await put(store, "/a", "three");
    await subject.letTimePass(3000);
    await put(store, "/a", "four");
    assert.equal(await store.revisionAt(start - 60_000), undefined);
    assert.equal(await store.revisionAt(start + 1500), 2);
    assert.equal(await store.revisionAt(start + 4500), 3);
    assert.equal(await store.revisionAt(subject.now() + 60_000), 4);
  });

  test(`${name}: revisionAt is undefined before what compaction left`, async () => {
    await using store = await subject.open();
    const start = subject.now();
    for (const value of ["one", "two", "three", "four"]) {
      await put(store, "/a", value);
      await subject.letTimePass(3000);
    }
    await store.compact(toRevision(3));
    assert.equal(await store.revisionAt(start + 1500), undefined);
    assert.equal(await store.revisionAt(start + 4500), undefined);
    assert.equal(await store.revisionAt(start + 7500), 3);
    assert.equal(await store.revisionAt(start + 10_500), 4);
  });

  test(`${name}: a closed store raises unavailable, and closing it again does nothing`, async () => {
    const store = await subject.open();
    const accepted = put(store, "/a", "x");
    await store.close();
    await store.close();
    assert.equal(await accepted, 1);
    await assert.rejects(store.get("/a"), withCode("unavailable"));
    await assert.rejects(store.range(""), withCode("unavailable"));
    await assert.rejects(put(store, "/a", "y"), withCode("unavailable"));
    await assert.rejects(store.grantTtlLease(1), withCode("unavailable"));
    assert.throws(() => store.watch("/"), withCode("unavailable"));
  });
}
