import assert from "node:assert/strict";
import { test } from "node:test";
import { LoopShare } from "./loop-share.ts";

test("Others get their turn after every so many steps, and not before", async () => {
  const share = new LoopShare(4);
  let turned = 0;
  setImmediate(function turn() {
    if (++turned < 10) setImmediate(turn);
  });
  const after: number[] = [];
  for (let step = 0; step < 8; step++) {
    await share.step();
    after.push(turned);
  }
  assert.deepEqual(after.slice(0, 3), [0, 0, 0]);
  assert.ok((after[3] ?? 0) >= 1 && after[3] === after[6] && (after[7] ?? 0) > (after[6] ?? 0), after.join(" "));
});
