import assert from "node:assert/strict";
import { test } from "node:test";
import { clientNetwork, sourceAddresses } from "./client-address.ts";

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

test("Addresses of a request are those that headers claim, and at the end the one that is connected", () => {
  const of = (headers: Record<string, string>) => sourceAddresses(headers, "127.0.0.1");
  assert.deepEqual(of({}), ["127.0.0.1"]);
  assert.deepEqual(of({ "x-forwarded-for": "192.0.2.7, ::1" }), ["192.0.2.7", "::1", "127.0.0.1"]);
  assert.deepEqual(of({ "x-forwarded-for": "192.0.2.7, 127.0.0.1" }), ["192.0.2.7", "127.0.0.1"]);
  assert.deepEqual(of({ "x-forwarded-for": "192.0.2.7", "x-real-ip": "192.0.2.7" }), ["192.0.2.7", "127.0.0.1"]);
  assert.deepEqual(of({ "x-real-ip": "192.0.2.9" }), ["192.0.2.9", "127.0.0.1"]);
  // What is no address goes on no record, and neither do thousands of them.
  assert.deepEqual(of({ "x-forwarded-for": 'evil"}\n, 1.2.3, 192.0.2.7' }), ["192.0.2.7", "127.0.0.1"]);
  assert.equal(of({ "x-forwarded-for": "192.0.2.7,".repeat(5000) }).length, 17);
});
