import assert from "node:assert/strict";
import { test } from "node:test";

import { isCertificateName, parseListenAddress } from "./listen-address.ts";

const addresses: readonly (readonly [string, string | undefined, number])[] = [
  ["127.0.0.1:8443", "127.0.0.1", 8443],
  ["0.0.0.0:0", "0.0.0.0", 0],
  ["[::1]:8443", "::1", 8443],
  ["[::]:65535", "::", 65_535],
  ["localhost:8443", "localhost", 8443],
  ["secrets.example.com:443", "secrets.example.com", 443],
  ["", undefined, 0],
  ["8443", undefined, 0],
  [":8443", undefined, 0],
  ["127.0.0.1", undefined, 0],
  ["127.0.0.1:", undefined, 0],
  ["127.0.0.1:65536", undefined, 0],
  ["127.0.0.1:-1", undefined, 0],
  ["127.0.0.256:8443", undefined, 0], // would be looked up as a name
  ["::1:8443", undefined, 0],
  ["[127.0.0.1]:8443", undefined, 0],
  ["[fe80::1%eth0]:8443", undefined, 0], // no certificate can hold a zone
  ["https://127.0.0.1:8443", undefined, 0],
  ["a_b c:1", undefined, 0],
  ["127.0.0.1:8443\n", undefined, 0],
];

for (const [text, host, port] of addresses) {
  const reading = host === undefined ? "no address" : `${host} port ${port}`;
  test(`parseListenAddress reads ${JSON.stringify(text)} as ${reading}`, () => {
    assert.deepEqual(parseListenAddress(text), host === undefined ? undefined : { host, port });
  });
}

const names: readonly (readonly [string, boolean])[] = [
  ["secrets.example.com", true],
  ["*.example.com", true],
  ["my_host", true],
  ["10.0.0.7", true],
  ["2001:db8::1", true],
  ["", false],
  ["10.0.0", false],
  ["a..b", false],
  ["-a", false],
  ["a.*.b", false],
  ["fe80::1%eth0", false],
  ["secrets.example.com:8443", false],
  ["https://secrets.example.com", false],
  ["a".repeat(64), false],
];

for (const [name, holds] of names) {
  test(`isCertificateName ${holds ? "takes" : "refuses"} ${JSON.stringify(name)}`, () => {
    assert.equal(isCertificateName(name), holds);
  });
}
