import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { cloneJson, jsonObject } from "../codec/json.ts";
import { applyMergePatch } from "./merge-patch.ts";

/** The test cases of RFC 7386, appendix A, that have an object on both sides. */
const rfcCases: readonly (readonly [JsonObject, JsonObject, JsonObject])[] = [
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

rfcCases.forEach(([document, patch, result], index) => {
  test(`applyMergePatch agrees with RFC 7386, appendix A, case ${index + 1}`, () => {
    assert.deepEqual(applyMergePatch(cloneJson(document), cloneJson(patch)), cloneJson(result));
  });
});

test("applyMergePatch does what evanphx/json-patch does", () => {
  const { cases } = JSON.parse(readFileSync(new URL("testdata/merge-patches.json", import.meta.url), "utf8")) as {
    cases: { doc: JsonObject; patch: JsonObject; result: JsonObject }[];
  }; // the file is ours
  assert.ok(cases.length >= 20);
  for (const { doc, patch, result } of cases) {
    assert.deepEqual(
      applyMergePatch(cloneJson(doc), cloneJson(patch)),
      cloneJson(result),
      JSON.stringify({ doc, patch }),
    );
  }
});

test("applyMergePatch keeps the order of keys that stay", () => {
  const result = applyMergePatch(cloneJson({ a: 1, b: 2, c: 3 }), cloneJson({ b: 4, d: 5 }));
  assert.deepEqual(Object.keys(result), ["a", "b", "c", "d"]);
});

for (const patch of [null, 1, "x", [], [{}]] satisfies JsonValue[]) {
  test(`applyMergePatch refuses ${JSON.stringify(patch)} as a bad patch`, () => {
    assert.throws(() => applyMergePatch(jsonObject(), patch), { kind: "bad-patch", message: "Invalid JSON Patch" });
  });
}

test("applyMergePatch changes neither argument and sets no prototype", () => {
  const document = cloneJson({ a: { b: 1 } });
  const patch = cloneJson(JSON.parse('{"a":{"__proto__":{"polluted":true}},"l":[{"x":1}]}') as JsonObject); // a JSON object
  const before = JSON.stringify([document, patch]);
  const result = applyMergePatch(document, patch);
  assert.equal(JSON.stringify(result), '{"a":{"b":1,"__proto__":{"polluted":true}},"l":[{"x":1}]}');
  assert.equal(JSON.stringify([document, patch]), before);
  assert.equal(Reflect.get({}, "polluted"), undefined);
});
