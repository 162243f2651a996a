import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../../store/conformance/manual-clock.ts";
import { WorkQueue } from "./work-queue.ts";

function queueOf(itemsMax = 10) {
  const clock = new ManualClock();
  const merge = (waiting: string, added: string) => (waiting === "all" ? waiting : added);
  return { clock, queue: new WorkQueue<string>({ timers: clock, itemsMax, merge }) };
}

test("Work comes out in the order it was added, once per key", async () => {
  const { queue } = queueOf();
  queue.add("a", "1");
  queue.add("b", "1");
  queue.add("a", "2");
  assert.deepEqual(await queue.take(), { key: "a", work: "2" });
  assert.deepEqual(await queue.take(), { key: "b", work: "1" });
  const next = queue.take();
  queue.add("c", "1");
  assert.deepEqual(await next, { key: "c", work: "1" });
});

test("Work under one key is merged, also while it waits for a retry", async () => {
  const { queue } = queueOf();
  queue.add("a", "all");
  queue.add("a", "some");
  const item = await queue.take();
  assert.equal(item?.work, "all");
  queue.retry("a", "all");
  queue.add("a", "some");
  assert.equal((await queue.take())?.work, "all");
});

test("A key is worked on once at a time; what is added meanwhile comes after", async () => {
  const { queue } = queueOf();
  queue.add("a", "1");
  await queue.take();
  queue.add("a", "2");
  queue.add("b", "1");
  assert.equal((await queue.take())?.key, "b");
  queue.done("a");
  assert.deepEqual(await queue.take(), { key: "a", work: "2" });
});

test("What fails comes again after 50 ms, then after twice as long each time, at most five minutes", async () => {
  const { clock, queue } = queueOf();
  queue.add("a", "1");
  await queue.take();
  for (let failures = 0; failures < 20; failures++) {
    queue.retry("a", "1");
    const delayMs = Math.min(50 * 2 ** failures, 300_000);
    let handed = false;
    const next = queue.take().then((item) => {
      handed = true;
      return item;
    });
    clock.advance(delayMs - 1);
    await Promise.resolve();
    assert.equal(handed, false, `${delayMs} ms`);
    clock.advance(1);
    assert.equal((await next)?.key, "a");
  }
});

test("After a success the delays begin anew", async () => {
  const { clock, queue } = queueOf();
  queue.add("a", "1");
  for (const outcome of ["retry", "retry", "done"] as const) {
    await queue.take();
    if (outcome === "retry") queue.retry("a", "1");
    else queue.done("a");
    clock.advance(100);
  }
  queue.add("a", "1");
  await queue.take();
  queue.retry("a", "1");
  clock.advance(50);
  assert.equal((await queue.take())?.key, "a");
});

test("Who adds waits for room", async () => {
  const { queue } = queueOf(2);
  queue.add("a", "1");
  queue.add("b", "1");
  let room = false;
  const waiting = queue.room().then(() => (room = true));
  await queue.take();
  await Promise.resolve();
  assert.equal(room, false);
  queue.done("a");
  await waiting;
});

test("It is idle when nothing is queued, worked on or waiting for a retry", async () => {
  const { clock, queue } = queueOf();
  queue.add("a", "1");
  let idle = false;
  const waiting = queue.idle().then(() => (idle = true));
  await queue.take();
  queue.retry("a", "1");
  await Promise.resolve();
  assert.equal(idle, false);
  clock.advance(50);
  await queue.take();
  queue.done("a");
  await waiting;
});

test("A closed queue hands out nothing and lets nobody wait", async () => {
  const { queue } = queueOf(1);
  queue.add("a", "1");
  const room = queue.room();
  await queue.take();
  const taker = queue.take();
  queue.close();
  assert.equal(await taker, undefined);
  await Promise.all([room, queue.idle()]);
  queue.add("b", "1");
  assert.equal(await queue.take(), undefined);
});
