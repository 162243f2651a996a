import assert from "node:assert/strict";
import { test } from "node:test";

import { equalDigests, equalSecrets } from "./constant-time.ts";

test("equalSecrets is true only for the same bytes, whatever their form and length", () => {
  const rows: [Uint8Array | string, Uint8Array | string, boolean][] = [
    ["", "", true],
    ["token", "token", true],
    ["token", Buffer.from("token"), true],
    ["größe", new TextEncoder().encode("größe"), true],
    ["token", "tokem", false],
    ["token", "token ", false],
    ["", "\0", false],
  ];
  for (const [a, b, equal] of rows) {
    assert.equal(equalSecrets(a, b), equal);
    assert.equal(equalSecrets(b, a), equal);
  }
});

test("equalDigests answers false, without throwing, for unequal lengths", () => {
  assert.equal(equalDigests(Buffer.alloc(32, 1), Buffer.alloc(32, 1)), true);
  assert.equal(equalDigests(Buffer.alloc(32, 1), Buffer.alloc(32, 2)), false);
  assert.equal(equalDigests(Buffer.alloc(32, 1), Buffer.alloc(31, 1)), false);
});
