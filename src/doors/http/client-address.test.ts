import assert from "node:assert/strict";
import { test } from "node:test";
import { clientNetwork } from "./client-address.ts";

const cases = [
  ["127.0.0.1", "127.0.0.1"],
  ["::ffff:10.1.2.3", "10.1.2.3"],
  ["::1", "0:0:0:0::/64"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8::6", "2001:db8:0:0::/64"],
  ["fe80::", "fe80:0:0:0::/64"],
  ["", ""],
] as const;

for (const [address, expected] of cases) {
  test(`clientNetwork of ${JSON.stringify(address)} is ${JSON.stringify(expected)}`, () => {
    assert.equal(clientNetwork(address), expected);
  });
}
