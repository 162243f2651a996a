import assert from "node:assert/strict";
import { test } from "node:test";
import { HandshakeLimiter } from "./handshake-limiter.ts";

/** A limiter on a clock that the test moves. */
function makeLimiter(options: { perSecond: number; burst: number; delayMsMax: number }) {
  let now = 0;
  let timer: { atMs: number; callback: () => void } | undefined;
  const started: string[] = [];
  const refused: string[] = [];
  const limiter = new HandshakeLimiter<string>({
    ...options,
    start: (item) => started.push(item),
    refuse: (item) => refused.push(item),
    nowMs: () => now,
    schedule: (callback, delayMs) => {
      timer = { atMs: now + delayMs, callback };
      return () => (timer = undefined);
    },
  });
  const advance = (ms: number): void => {
    const end = now + ms;
    while (timer !== undefined && timer.atMs <= end) {
      now = timer.atMs;
      const { callback } = timer;
      timer = undefined;
      callback();
    }
    now = end;
  };
  return { limiter, started, refused, advance };
}

test("HandshakeLimiter starts a burst at once and the rest at its rate", () => {
  const { limiter, started, advance } = makeLimiter({ perSecond: 10, burst: 3, delayMsMax: 5000 });
  for (let index = 0; index < 8; index += 1) limiter.offer(`c${index}`, "a");
  assert.deepEqual(started, ["c0", "c1", "c2"]);
  advance(100);
  assert.deepEqual(started, ["c0", "c1", "c2", "c3"]);
  advance(400);
  assert.equal(started.length, 8);
  assert.equal(limiter.waiting, 0);
});

test("HandshakeLimiter refuses who waits longer than the bound and who finds no place to wait", () => {
  const { limiter, started, refused, advance } = makeLimiter({ perSecond: 1, burst: 1, delayMsMax: 2000 });
  for (let index = 0; index < 5; index += 1) limiter.offer(`c${index}`, "a");
  assert.deepEqual(started, ["c0"]);
  assert.deepEqual(refused, ["c3", "c4"]);
  advance(60_000);
  assert.deepEqual(started, ["c0", "c1", "c2"]);
  limiter.offer("later", "a");
  assert.deepEqual(started.at(-1), "later");
});

test("HandshakeLimiter lets addresses take turns, and one flooding address gives way to another", () => {
  const { limiter, started, refused, advance } = makeLimiter({ perSecond: 10, burst: 1, delayMsMax: 1000 });
  for (let index = 0; index < 20; index += 1) limiter.offer(`flood${index}`, "flood");
  limiter.offer("kubectl1", "other");
  limiter.offer("kubectl2", "other");
  assert.ok(!refused.includes("kubectl1") && !refused.includes("kubectl2"));
  advance(400);
  assert.deepEqual(started, ["flood0", "flood1", "kubectl1", "flood2", "kubectl2"]);
  advance(10_000);
  assert.equal(started.length + refused.length, 22);
  assert.equal(limiter.waiting, 0);
});

test("HandshakeLimiter.refuseAll refuses everyone who waits, once", () => {
  const { limiter, refused, advance } = makeLimiter({ perSecond: 1, burst: 1, delayMsMax: 5000 });
  for (let index = 0; index < 4; index += 1) limiter.offer(`c${index}`, `address${index}`);
  limiter.refuseAll();
  advance(10_000);
  assert.deepEqual(refused, ["c1", "c2", "c3"]);
  assert.equal(limiter.waiting, 0);
});
