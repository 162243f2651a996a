import assert from "node:assert/strict";
import { test } from "node:test";
import { requestTarget } from "./request-target.ts";

const cases: readonly (readonly [string, string | number])[] = [
  ["/api/v1?limit=5", "/api/v1?limit=5"],
  ["https://localhost:8443/api?x=1", "/api?x=1"],
  ["HTTPS://localhost", "/"],
  ["https://localhost?x=1", "/?x=1"],
  ["*", "*"],
  ["//evil.example/api", "//evil.example/api"],
  ["localhost:443", 400],
  ["", 400],
  ["/a b", 400],
  ["/a\u00e9", 400],
  ["/a\u0000", 400],
  [`/${"a".repeat(100)}`, 414],
];

for (const [raw, expected] of cases) {
  test(`requestTarget of ${JSON.stringify(raw.slice(0, 30))} is ${expected}`, () => {
    const target = requestTarget(raw, 100);
    assert.equal(target.ok ? target.url : target.status, expected);
  });
}
