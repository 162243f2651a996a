import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import * as fc from "fast-check";
import { cidrFamily, ipFamily } from "./ip-address.ts";

test("Addresses are those the platform takes for one, without zones", () => {
  const part = fc.constantFrom("::", ":", ".", "0", "1", "ff", "255", "256", "01", "2001", "fffff", "1.2.3.4");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 17 }), (parts) => {
      const text = parts.join("");
      assert.equal(ipFamily(text), isIP(text), text);
    }),
    { seed: 3, numRuns: 20_000 },
  );
  for (const text of [
    "10.0.0.1",
    "0.0.0.0",
    "::",
    "::1",
    "1::",
    "2001:db8::ff00:42:8329",
    "::ffff:1.2.3.4",
    "1:2:3:4:5:6:7:8",
  ]) {
    assert.equal(ipFamily(text), isIP(text), text);
    assert.notEqual(ipFamily(text), 0, text);
  }
});

test("A network has as many bits as its family", () => {
  for (const [text, family] of [
    ["10.0.0.0/8", 4],
    ["0.0.0.0/0", 4],
    ["10.0.0.0/32", 4],
    ["2001:db8::/64", 6],
    ["::/128", 6],
    ["10.0.0.0/33", 0],
    ["::/129", 0],
    ["10.0.0.0/08", 0],
    ["10.0.0.0", 0],
    ["10.0.0.0/", 0],
    ["10.0.0.0/8/8", 0],
    ["x/8", 0],
  ] as const) {
    assert.equal(cidrFamily(text), family, text);
  }
});
