import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as check, property, string } from "fast-check";
import { mediaRangesMax, parseAccept, parseRange, rangeAdmits } from "./accept.ts";

function shown(header: string | undefined): string[] {
  return parseAccept(header).map(({ type, subtype, parameters }) =>
    [`${type}/${subtype}`, ...[...parameters].map(([name, value]) => `${name}=${value}`)].join(";"),
  );
}

const cases: readonly (readonly [string | undefined, readonly string[]])[] = [
  [undefined, ["*/*"]],
  ["  ", ["*/*"]],
  ["application/json, */*", ["application/json", "*/*"]],
  ["*/*, application/*, application/json", ["application/json", "application/*", "*/*"]],
  ["a/low;q=0.2, a/high;q=0.9, a/none;q=0", ["a/high", "a/low"]],
  ["a/first, a/second", ["a/first", "a/second"]],
  [
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json",
    ["application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", "application/json"],
  ],
  ['a/b;x="1,2;\\"3";y=4', ['a/b;x=1,2;"3;y=4']],
  ["Application/JSON; As=Table", ["application/json;as=Table"]],
  ["broken, a/b/c, */json, a/b;novalue, a/b;q=2, good/one", ["good/one"]],
];

for (const [header, expected] of cases) {
  test(`parseAccept of ${JSON.stringify(header)} is ${expected.join(", ")}`, () => {
    assert.deepEqual(shown(header), expected);
  });
}

test("parseAccept looks at a bounded number of ranges and never throws", () => {
  assert.equal(parseAccept("a/b,".repeat(10_000)).length, mediaRangesMax);
  check(property(string(), (header) => parseAccept(header).every((range) => range.quality > 0)));
});

test("rangeAdmits matches wildcards and exact types only", () => {
  assert.deepEqual(["*/*", "application/*", "application/json", "text/*", "application/yaml"].map(admitsJson), [
    true,
    true,
    true,
    false,
    false,
  ]);
});

function admitsJson(range: string): boolean {
  const parsed = parseRange(range);
  return parsed !== undefined && rangeAdmits(parsed, "application", "json");
}
