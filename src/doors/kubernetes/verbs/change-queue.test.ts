import assert from "node:assert/strict";
import { test } from "node:test";
import type { KindStorage } from "../storage/kind-storage.ts";
import { changeInTurn } from "./change-queue.ts";

/** The queue asks nothing of it: it only tells kinds apart. */
const kind = (): KindStorage => ({}) as KindStorage;

test("Changes of one object run in the order they came, one at a time, also after one that failed", async () => {
  const object = { storage: kind(), namespace: "default", name: "db" };
  const log: string[] = [];
  const change = (name: string, error?: Error) => async () => {
    log.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    log.push(`${name} ends`);
    if (error !== undefined) throw error;
    return name;
  };
  const results = await Promise.allSettled([
    changeInTurn(object, change("a")),
    changeInTurn(object, change("b", new Error("b must fail"))),
    changeInTurn(object, change("c")),
  ]);
  assert.deepEqual(log, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
});

test("Changes of other objects, namespaces and kinds do not wait", async () => {
  const storage = kind();
  const object = { storage, namespace: "default", name: "db" };
  let release = () => {};
  const held = changeInTurn(object, () => new Promise<void>((resolve) => (release = resolve)));
  for (const other of [
    { ...object, name: "other" },
    { ...object, namespace: "other" },
    { ...object, storage: kind() },
  ]) {
    assert.equal(await changeInTurn(other, async () => "done"), "done");
  }
  release();
  await held;
  assert.equal(await changeInTurn(object, async () => "next"), "next");
});
