import assert from "node:assert/strict";
import { test } from "node:test";
import { crossSiteRefusal } from "./cross-site.ts";

const host = "localhost:8443";

const accepted = [
  {},
  { "sec-fetch-site": "none" },
  { "sec-fetch-site": "same-origin" },
  { origin: "https://localhost:8443" },
  { origin: "https://LOCALHOST:8443", "sec-fetch-site": "same-origin" },
];
const refused = [
  { "sec-fetch-site": "cross-site" },
  { "sec-fetch-site": "same-site" },
  { "sec-fetch-site": "something-new" },
  { origin: "https://evil.example" },
  { origin: "null" },
  { origin: "http://localhost:8443" },
  { origin: "https://localhost:9999" },
  { origin: "https://localhost:8443.evil.example" },
];

for (const headers of accepted) {
  test(`crossSiteRefusal lets ${JSON.stringify(headers)} through`, () => {
    assert.equal(crossSiteRefusal({ host, ...headers }), undefined);
  });
}
for (const headers of refused) {
  test(`crossSiteRefusal refuses ${JSON.stringify(headers)} with a sentence`, () => {
    assert.match(crossSiteRefusal({ host, ...headers }) ?? "", /not accepted$/);
  });
}

test("crossSiteRefusal refuses an Origin when the request names no host", () => {
  assert.notEqual(crossSiteRefusal({ origin: "https://undefined" }), undefined);
});
