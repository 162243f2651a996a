import assert from "node:assert/strict";
import { test } from "node:test";
import { certificateNames, clientUrl } from "./server-address.ts";

for (const [host, extraSans, url, names] of [
  ["127.0.0.1", [], "https://127.0.0.1:8443", []],
  ["::1", ["a.example"], "https://[::1]:8443", ["a.example"]],
  ["0.0.0.0", [], "https://localhost:8443", []],
  ["::", ["a.example", "b.example"], "https://a.example:8443", ["a.example", "b.example"]],
  ["10.1.2.3", ["a.example"], "https://10.1.2.3:8443", ["a.example", "10.1.2.3"]],
] as const) {
  test(`A server on ${host} with ${extraSans.length} more names is ${url} to its clients`, () => {
    assert.equal(clientUrl({ host, port: 8443, extraSans }), url);
    assert.deepEqual(certificateNames(host, extraSans), names);
  });
}
