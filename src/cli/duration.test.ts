import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import { formatDuration, parseDuration } from "./duration.ts";

const seconds: readonly (readonly [string, number | undefined])[] = [
  ["0s", 0],
  ["90s", 90],
  ["10m", 600],
  ["24h", 86_400],
  ["1h30m", 5400],
  ["1d1h1m1s", 90_061],
  ["365d", 31_536_000],
  ["", undefined],
  ["90", undefined],
  ["1w", undefined],
  ["1.5h", undefined],
  ["-1h", undefined],
  ["30m1h", undefined],
  ["1h1h", undefined],
  ["1 h", undefined],
  ["1H", undefined],
  ["1h\n", undefined],
  ["9999999d", undefined],
];

for (const [text, expected] of seconds) {
  test(`parseDuration reads ${JSON.stringify(text)} as ${expected === undefined ? "no duration" : `${expected} s`}`, () => {
    assert.equal(parseDuration(text), expected === undefined ? undefined : expected * 1000);
  });
}

test("parseDuration reads what formatDuration writes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 10 }), (count) => {
      assert.equal(parseDuration(formatDuration(count * 1000)), count * 1000);
    }),
  );
});
