import assert from "node:assert/strict";
import { test } from "node:test";
import { barLine } from "./progress-bar.ts";

test("A bar is filled as far as the work is done, and no longer than the terminal is wide", () => {
  assert.equal(barLine(0, 4, "pods", 80), "[....................] pods");
  assert.equal(barLine(1, 4, "pods", 80), "[#####...............] pods");
  assert.equal(barLine(4, 4, "pods", 80), "[####################] pods");
  assert.equal(barLine(0, 0, "pods", 80), "[....................] pods");
  assert.equal(barLine(1, 4, "pods of a long name", 30).length, 29);
});
