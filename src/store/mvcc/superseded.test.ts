import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../conformance/manual-clock.ts";
import { createMemoryEngine } from "../memory/memory-engine.ts";
import type { Operation } from "../store.ts";

test("supersededRecords has every put that is not current and not compacted, with its value, oldest first", async () => {
  await using store = createMemoryEngine({ clock: new ManualClock() });
  const write = (...thens: readonly Operation[]) => store.txn({ compares: [], thens });
  const put = (key: string, value: string): Operation => ({ type: "put", key, value: Buffer.from(value) });
  const superseded = async () => {
    const found: string[] = [];
    for await (const { key, value, modRevision } of store.supersededRecords()) {
      found.push(`${key} ${Buffer.from(value).toString()} ${modRevision}`);
    }
    return found;
  };
  await write(put("/a", "1"), put("/b", "1"));
  assert.deepEqual(await superseded(), []);
  await write(put("/a", "2"));
  await write({ type: "delete", key: "/b" });
  await write(put("/b", "3"), put("/a", "3"));
  assert.deepEqual(await superseded(), ["/a 1 1", "/b 1 1", "/a 2 2"]);
  await store.compact(await store.currentRevision());
  assert.deepEqual(await superseded(), []);
});

test("supersededRecords goes through more than a page", async () => {
  await using store = createMemoryEngine({ clock: new ManualClock() });
  for (let round = 0; round < 3; round++) {
    const thens = Array.from({ length: 100 }, (_, index): Operation => {
      return { type: "put", key: `/${index}`, value: Buffer.alloc(1) };
    });
    for (let part = 0; part < 5; part++) await store.txn({ compares: [], thens });
  }
  let count = 0;
  for await (const { key } of store.supersededRecords()) count += key.length > 0 ? 1 : 0;
  assert.equal(count, 1400);
});
