import assert from "node:assert/strict";
import { test } from "node:test";

import { toRevision } from "../revision.ts";
import type { Store } from "../store.ts";
import { bytes, put, remove, run, text, withCode } from "./subject.ts";
import type { Subject } from "./subject.ts";

/** snapshot and restore. */
export function snapshotConformance(name: string, subject: Subject): void {
  test(`${name}: a restored store has the same records, revisions and leases`, async () => {
    await using store = await subject.open();
    const lease = await store.grantTtlLease(3600);
    await put(store, "/a", "one");
    await put(store, "/a", "two");
    await put(store, "/b", "", lease.id);
    await put(store, "/gone", "x");
    await remove(store, "/gone");
    await run(store, { type: "put", key: "/big", value: new Uint8Array(300_000).fill(7) });
    await using copy = await subject.open();
    await copy.restore(store.snapshot());
    assert.equal(await copy.currentRevision(), 6);
    assert.deepEqual(await contents(copy), await contents(store));
    assert.equal(await put(copy, "/a", "three"), 7);
    assert.deepEqual((await copy.get("/a"))?.version, 3);
    await copy.revokeTtlLease(lease.id);
    assert.equal(await copy.get("/b"), undefined);
    assert.notEqual((await copy.grantTtlLease(60)).id, lease.id);
  });

  test(`${name}: a restored store has no history`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    await put(store, "/a", "two");
    await using copy = await subject.open();
    await copy.restore(store.snapshot());
    await assert.rejects(copy.get("/a", { revision: toRevision(1) }), withCode("compacted"));
    assert.equal(text(await copy.get("/a", { revision: toRevision(2) })), "two");
    await using watcher = copy.watch("/", { from: toRevision(1) });
    await assert.rejects(watcher.next(), withCode("compacted"));
    await assert.rejects(copy.compact(toRevision(2)), withCode("compacted"));
    await put(copy, "/a", "three");
    await copy.compact(toRevision(3));
    assert.equal(text(await copy.get("/a")), "three");
  });

  test(`${name}: a snapshot is of the revision at which it was asked for`, async () => {
    await using store = await subject.open();
    for (let i = 0; i < 700; i++) await put(store, `/k/${i}`, "old");
    const snapshot = store.snapshot();
    await Promise.all(Array.from({ length: 700 }, (_, i) => put(store, `/k/${i}`, "new")));
    await remove(store, "/k/3");
    await using copy = await subject.open();
    await copy.restore(snapshot);
    const { records, revision } = await copy.range("/k/");
    assert.deepEqual([records.length, revision], [700, 700]);
    assert.ok(records.every((record) => text(record) === "old"));
  });

  test(`${name}: the snapshot of an empty store restores to an empty store`, async () => {
    await using store = await subject.open();
    await using copy = await subject.open();
    await copy.restore(store.snapshot());
    assert.equal(await copy.currentRevision(), 0);
    assert.equal(await put(copy, "/a", "x"), 1);
  });

  test(`${name}: restore refuses a store that is not empty`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    await using other = await subject.open();
    await put(other, "/b", "two");
    await assert.rejects(other.restore(store.snapshot()), withCode("conflict"));
    assert.deepEqual(
      (await other.range("")).records.map((record) => record.key),
      ["/b"],
    );
    await put(other, "/c", "works on");
  });

  test(`${name}: a stream that is cut, extended or changed anywhere restores nothing`, async () => {
    await using store = await subject.open();
    const lease = await store.grantTtlLease(3600);
    await put(store, "/a", "one", lease.id);
    await run(store, { type: "put", key: "/b", value: bytes("y".repeat(100)) });
    const whole = await gather(store);
    await using copy = await subject.open();
    const damages: [what: string, stream: Uint8Array][] = [["extended by a byte", Buffer.concat([whole, bytes("x")])]];
    for (let i = 0; i < whole.length; i += 3) {
      const flipped = Buffer.from(whole);
      flipped[i]! ^= 1; // i < length
      damages.push([`cut after ${i} bytes`, whole.subarray(0, i)], [`changed at byte ${i}`, flipped]);
    }
    for (const [what, stream] of damages) {
      await assert.rejects(copy.restore(chunks(stream, 50)), withCode("corrupt"), what);
      assert.equal(await copy.count(""), 0, what);
    }
    assert.equal(await copy.currentRevision(), 0);
    await copy.restore(chunks(whole, 7));
    assert.deepEqual(await contents(copy), await contents(store));
  });

  test(`${name}: a stream that fails restores nothing, and the failure is passed on`, async () => {
    await using store = await subject.open();
    await put(store, "/a", "one");
    const whole = await gather(store);
    await using copy = await subject.open();
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield whole.subarray(0, -10);
      throw new RangeError("the tape tore");
    };
    await assert.rejects(copy.restore(failing()), RangeError);
    assert.equal(await copy.count(""), 0);
    assert.equal(await put(copy, "/b", "x"), 1);
  });
}

async function contents(store: Store): Promise<unknown> {
  const { records, revision } = await store.range("");
  // Whether a value is a Buffer or another Uint8Array is the engine's business.
  return { revision, records: records.map((record) => ({ ...record, value: Buffer.from(record.value) })) };
}

async function gather(store: Store): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of store.snapshot()) parts.push(part);
  return Buffer.concat(parts);
}

async function* chunks(whole: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < whole.length; start += size) yield whole.subarray(start, start + size);
}
