import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { cloneJson, jsonObject } from "../codec/json.ts";
import { applyJsonPatch, jsonPatchCopyBytesMax, jsonPatchOperationsMax, jsonPatchUnknownFields } from "./json-patch.ts";
import { PatchError } from "./patch-error.ts";

function tree<T extends JsonValue>(value: T): T {
  return cloneJson(value);
}

interface FixtureCase {
  readonly doc: JsonObject;
  readonly patch: JsonValue;
  readonly result?: JsonValue;
  readonly error?: string;
}

const fixture = JSON.parse(readFileSync(new URL("testdata/json-patches.json", import.meta.url), "utf8")) as {
  cases: FixtureCase[];
}; // the file is ours

test("applyJsonPatch does what evanphx/json-patch does, with its texts", () => {
  assert.ok(fixture.cases.length > 50);
  for (const { doc, patch, result, error } of fixture.cases) {
    const label = JSON.stringify({ doc, patch });
    const apply = (): JsonValue => applyJsonPatch(tree(doc), tree(patch));
    if (error === undefined) assert.deepEqual(apply(), tree(result ?? null), label);
    else assert.throws(apply, (thrown) => thrown instanceof PatchError && thrown.message === error, label);
  }
});

/** The examples of RFC 6902, appendix A. */
const rfcExamples: readonly { name: string; doc: JsonObject; patch: JsonValue; result: JsonValue | undefined }[] = [
  {
    name: "A.1 add a member",
    doc: { foo: "bar" },
    patch: [{ op: "add", path: "/baz", value: "qux" }],
    result: { baz: "qux", foo: "bar" },
  },
  {
    name: "A.2 add an element",
    doc: { foo: ["bar", "baz"] },
    patch: [{ op: "add", path: "/foo/1", value: "qux" }],
    result: { foo: ["bar", "qux", "baz"] },
  },
  {
    name: "A.3 remove a member",
    doc: { baz: "qux", foo: "bar" },
    patch: [{ op: "remove", path: "/baz" }],
    result: { foo: "bar" },
  },
  {
    name: "A.4 remove an element",
    doc: { foo: ["bar", "qux", "baz"] },
    patch: [{ op: "remove", path: "/foo/1" }],
    result: { foo: ["bar", "baz"] },
  },
  {
    name: "A.5 replace",
    doc: { baz: "qux", foo: "bar" },
    patch: [{ op: "replace", path: "/baz", value: "boo" }],
    result: { baz: "boo", foo: "bar" },
  },
  {
    name: "A.6 move a value",
    doc: { foo: { bar: "baz", waldo: "fred" }, qux: { corge: "grault" } },
    patch: [{ op: "move", from: "/foo/waldo", path: "/qux/thud" }],
    result: { foo: { bar: "baz" }, qux: { corge: "grault", thud: "fred" } },
  },
  {
    name: "A.7 move an element",
    doc: { foo: ["all", "grass", "cows", "eat"] },
    patch: [{ op: "move", from: "/foo/1", path: "/foo/3" }],
    result: { foo: ["all", "cows", "eat", "grass"] },
  },
  {
    name: "A.8 test, success",
    doc: { baz: "qux", foo: ["a", 2, "c"] },
    patch: [
      { op: "test", path: "/baz", value: "qux" },
      { op: "test", path: "/foo/1", value: 2 },
    ],
    result: { baz: "qux", foo: ["a", 2, "c"] },
  },
  {
    name: "A.9 test, error",
    doc: { baz: "qux" },
    patch: [{ op: "test", path: "/baz", value: "bar" }],
    result: undefined,
  },
  {
    name: "A.10 add a nested member",
    doc: { foo: "bar" },
    patch: [{ op: "add", path: "/child", value: { grandchild: {} } }],
    result: { foo: "bar", child: { grandchild: {} } },
  },
  {
    name: "A.11 unknown members are ignored",
    doc: { foo: "bar" },
    patch: [{ op: "add", path: "/baz", value: "qux", xyz: 123 }],
    result: { foo: "bar", baz: "qux" },
  },
  {
    name: "A.12 no such target",
    doc: { foo: "bar" },
    patch: [{ op: "add", path: "/baz/bat", value: "qux" }],
    result: undefined,
  },
  {
    name: "A.14 escapes",
    doc: { "/": 9, "~1": 10 },
    patch: [{ op: "test", path: "/~01", value: 10 }],
    result: { "/": 9, "~1": 10 },
  },
  {
    name: "A.15 strings are no numbers",
    doc: { "/": 9, "~1": 10 },
    patch: [{ op: "test", path: "/~01", value: "10" }],
    result: undefined,
  },
  {
    name: "A.16 add to the end",
    doc: { foo: ["bar"] },
    patch: [{ op: "add", path: "/foo/-", value: ["abc", "def"] }],
    result: { foo: ["bar", ["abc", "def"]] },
  },
];

for (const { name, doc, patch, result } of rfcExamples) {
  test(`applyJsonPatch agrees with RFC 6902, ${name}`, () => {
    const apply = (): JsonValue => applyJsonPatch(tree(doc), tree(patch));
    if (result === undefined)
      assert.throws(apply, (error) => error instanceof PatchError && error.kind === "apply-failed");
    else assert.deepEqual(apply(), tree(result));
  });
}

const malformed: readonly { patch: JsonValue; message: string }[] = [
  {
    patch: {},
    message: "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
  },
  {
    patch: [1],
    message: "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp",
  },
  {
    patch: [{ op: "add", path: 1 }],
    message: "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.path of type string",
  },
  {
    patch: [{ op: true, path: "/a" }],
    message: "error decoding patch: json: cannot unmarshal bool into Go struct field jsonPatchOp.op of type string",
  },
];

for (const { patch, message } of malformed) {
  test(`applyJsonPatch refuses ${JSON.stringify(patch)} as a bad patch`, () => {
    assert.throws(() => applyJsonPatch(jsonObject(), tree(patch)), { name: "PatchError", kind: "bad-patch", message });
  });
}

test("applyJsonPatch takes 10,000 operations and refuses one more as too large", () => {
  const operation = tree({ op: "add", path: "/a", value: 1 });
  const most = Array.from({ length: jsonPatchOperationsMax }, () => operation);
  assert.deepEqual(applyJsonPatch(jsonObject(), most), jsonObject([["a", 1]]));
  assert.throws(() => applyJsonPatch(jsonObject(), [...most, operation]), {
    kind: "too-large",
    message: "The allowed maximum operations in a JSON patch is 10000, got 10001",
  });
});

test("applyJsonPatch stops copies that would make the object huge", () => {
  const doubling = Array.from({ length: 40 }, (_, index) => tree({ op: "copy", from: "/a", path: `/a/x${index}` }));
  const document = jsonObject([["a", jsonObject([["k", "v".repeat(1000)]])]]);
  assert.throws(
    () => applyJsonPatch(document, doubling),
    (error) =>
      error instanceof PatchError &&
      error.kind === "apply-failed" &&
      error.message.endsWith(`exceeding the limit ${jsonPatchCopyBytesMax}`),
  );
});

test("applyJsonPatch never nests deeper than a body may", () => {
  const nest = Array.from({ length: 3000 }, () => [
    tree({ op: "add", path: "/b", value: {} }),
    tree({ op: "move", from: "/a", path: "/b/a" }),
    tree({ op: "move", from: "/b", path: "/a" }),
  ]).flat();
  assert.throws(() => applyJsonPatch(jsonObject([["a", jsonObject()]]), nest), { kind: "too-large" });
});

test("applyJsonPatch refuses operations that together move too many items", () => {
  const document = jsonObject([["l", Array.from({ length: 100_000 }, () => "x")]]);
  const shifts = Array.from({ length: 9_000 }, () => tree({ op: "move", from: "/l/0", path: "/l/-" }));
  assert.throws(() => applyJsonPatch(document, shifts), { kind: "too-large" });
});

test("applyJsonPatch changes neither the document nor the patch", () => {
  const document = tree({ a: { b: ["x"] } });
  const patch = tree([
    { op: "add", path: "/c", value: { d: [] } },
    { op: "add", path: "/c/d/-", value: 1 },
    { op: "remove", path: "/a/b/0" },
  ]);
  const before = JSON.stringify([document, patch]);
  assert.deepEqual(applyJsonPatch(document, patch), tree({ a: { b: [] }, c: { d: [1] } }));
  assert.equal(JSON.stringify([document, patch]), before);
});

test("applyJsonPatch sees keys named as parts of a prototype as ordinary keys", () => {
  const result = applyJsonPatch(jsonObject(), tree([{ op: "add", path: "/__proto__", value: { polluted: true } }]));
  assert.equal(JSON.stringify(result), '{"__proto__":{"polluted":true}}');
  assert.equal(Reflect.get({}, "polluted"), undefined);
  assert.throws(() => applyJsonPatch(jsonObject(), tree([{ op: "add", path: "/constructor/prototype/x", value: 1 }])), {
    kind: "apply-failed",
  });
});

test("a failed test names the path and not the values", () => {
  const document = tree({ data: { password: "hunter2" } });
  assert.throws(() => applyJsonPatch(document, tree([{ op: "test", path: "/data/password", value: "hunter3" }])), {
    message: "testing value /data/password failed: test failed",
  });
});

test("jsonPatchUnknownFields names each member that no operation has", () => {
  const patch = tree([
    { op: "add", path: "/a", value: 1 },
    { op: "remove", path: "/a", why: "x" },
  ]);
  assert.deepEqual(jsonPatchUnknownFields(patch), ['json patch unknown field "[1].why"']);
});
