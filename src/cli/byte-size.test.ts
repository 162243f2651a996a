import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import { formatByteSize, parseByteSize } from "./byte-size.ts";

const sizes: readonly (readonly [string, number | undefined])[] = [
  ["0", 0],
  ["1048576", 1_048_576],
  ["1Ki", 1024],
  ["256Mi", 268_435_456],
  ["4Gi", 4_294_967_296],
  ["1Ti", 1_099_511_627_776],
  ["", undefined],
  ["Gi", undefined],
  ["1G", undefined],
  ["1GB", undefined],
  ["1gi", undefined],
  ["1.5Gi", undefined],
  ["-1", undefined],
  ["1e3", undefined],
  ["1 Gi", undefined],
  ["1Gi\n", undefined],
  ["9007199254740992", undefined],
  ["9007199254740Ti", undefined],
];

for (const [text, bytes] of sizes) {
  test(`parseByteSize reads ${JSON.stringify(text)} as ${bytes ?? "no size"}`, () => {
    assert.equal(parseByteSize(text), bytes);
  });
}

test("parseByteSize reads what formatByteSize writes", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => {
      assert.equal(parseByteSize(formatByteSize(bytes)), bytes);
    }),
  );
});
