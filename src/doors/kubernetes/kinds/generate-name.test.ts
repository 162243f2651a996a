import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { generateName } from "./generate-name.ts";

test("generateName adds five characters of upstream's alphabet", () => {
  for (let round = 0; round < 200; round += 1) {
    assert.match(generateName("web-", randomBytes), /^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  }
});

test("generateName cuts the base so that the name has 63 characters", () => {
  const name = generateName("x".repeat(300), randomBytes);
  assert.equal(name.length, 63);
  assert.ok(name.startsWith("x".repeat(58)));
});

test("generateName throws away bytes that would favour some letters", () => {
  // 27 to 31 stand for no letter; 0 is the first, 26 the last.
  const draws = [
    [31, 30, 29, 28, 27],
    [0, 26, 32, 58, 63],
    [1, 1, 1, 1, 1],
  ];
  assert.equal(
    generateName("", () => Uint8Array.from(draws.shift() ?? [])),
    "b9b9c",
  );
});
