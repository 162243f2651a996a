import assert from "node:assert/strict";
import { test } from "node:test";
import { scheduleSweeps } from "./sweep-schedule.ts";

const minuteMs = 60 * 1000;

test("A sweep runs a minute after the start and then hourly, never two at a time", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  let running = 0;
  let started = 0;
  let finish = () => {};
  await using _sweeps = scheduleSweeps(
    async () => {
      started++;
      assert.equal(++running, 1);
      await new Promise<void>((resolve) => (finish = resolve));
      running--;
    },
    (error) => assert.fail(String(error)),
  );
  context.mock.timers.tick(minuteMs - 1);
  assert.equal(started, 0);
  context.mock.timers.tick(1);
  assert.equal(started, 1);
  context.mock.timers.tick(60 * minuteMs);
  assert.equal(started, 1, "the first one still runs");
  finish();
  await new Promise((resolve) => setImmediate(resolve));
  context.mock.timers.tick(60 * minuteMs);
  assert.equal(started, 2);
  finish();
});

test("A sweep that fails is told, and the next one runs; one that is stopped ends in silence", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const errors: unknown[] = [];
  const failure = new Error("the disk is gone");
  let started = 0;
  const sweeps = scheduleSweeps(
    async (signal) => {
      if (++started === 1) throw failure;
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
    (error) => errors.push(error),
  );
  context.mock.timers.tick(minuteMs);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(errors, [failure]);
  context.mock.timers.tick(60 * minuteMs);
  assert.equal(started, 2);
  await sweeps[Symbol.asyncDispose]();
  assert.deepEqual(errors, [failure]);
});
