import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { cloneJson } from "../codec/json.ts";
import { Namespace, Secret } from "../schema/core-v1.ts";
import { message } from "../schema/messages.ts";
import { PatchError } from "./patch-error.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

const Pod = message("core-v1", "Pod");

interface FixtureCase {
  readonly doc: JsonObject;
  readonly patch: JsonObject;
  readonly result?: JsonObject;
  readonly error?: string;
}

const fixture = JSON.parse(readFileSync(new URL("testdata/strategic-merge-patches.json", import.meta.url), "utf8")) as {
  cases: FixtureCase[];
}; // the file is ours

function apply(doc: JsonValue, patch: JsonValue): JsonObject {
  return applyStrategicMergePatch(cloneJson(doc) as JsonObject, cloneJson(patch), Secret); // the tests give objects
}

/** Where upstream prints an object with its values, we print its keys. */
function withoutObjects(text: string): string {
  return text.replace(/map\[[^\]]*\]/g, "map[]").replace(/(types are not identical).*/s, "$1");
}

test("applyStrategicMergePatch does what apimachinery does, with its texts but for values", () => {
  assert.ok(fixture.cases.length > 80);
  for (const { doc, patch, result, error } of fixture.cases) {
    const label = JSON.stringify({ doc, patch });
    if (error === undefined) assert.deepEqual(apply(doc, patch), cloneJson(result ?? null), label);
    else {
      assert.throws(
        () => apply(doc, patch),
        (thrown) => thrown instanceof PatchError && withoutObjects(thrown.message) === withoutObjects(error),
        label,
      );
    }
  }
});

const owner = (uid: string): JsonObject => ({ apiVersion: "v1", kind: "K", name: uid, uid });

const cases: readonly { name: string; doc: JsonObject; patch: JsonObject; result: JsonObject }[] = [
  {
    name: "maps are merged key by key and null removes a key",
    doc: { data: { a: "YQ==", b: "Yg==" } },
    patch: { data: { a: null, c: "Yw==" } },
    result: { data: { b: "Yg==", c: "Yw==" } },
  },
  {
    name: "$patch: replace replaces a map",
    doc: { data: { a: "YQ==" } },
    patch: { data: { $patch: "replace", b: "Yg==" } },
    result: { data: { b: "Yg==" } },
  },
  {
    name: "$patch: delete empties a map",
    doc: { data: { a: "YQ==" } },
    patch: { data: { $patch: "delete" } },
    result: { data: {} },
  },
  {
    name: "$retainKeys drops the keys it does not name",
    doc: { metadata: { labels: { a: "1", b: "2" } } },
    patch: { metadata: { labels: { $retainKeys: ["b", "c"], c: "3" } } },
    result: { metadata: { labels: { b: "2", c: "3" } } },
  },
  {
    name: "owner references merge by uid",
    doc: { metadata: { ownerReferences: [owner("1"), owner("2")] } },
    patch: { metadata: { ownerReferences: [{ uid: "2", name: "new" }, owner("3")] } },
    result: { metadata: { ownerReferences: [owner("1"), { ...owner("2"), name: "new" }, owner("3")] } },
  },
  {
    name: "$patch: delete in an item deletes the item of that key",
    doc: { metadata: { ownerReferences: [owner("1"), owner("2")] } },
    patch: { metadata: { ownerReferences: [{ uid: "1", $patch: "delete" }] } },
    result: { metadata: { ownerReferences: [owner("2")] } },
  },
  {
    name: "finalizers merge as a set",
    doc: { metadata: { finalizers: ["a/a", "b/b"] } },
    patch: { metadata: { finalizers: ["b/b", "c/c"] } },
    result: { metadata: { finalizers: ["a/a", "b/b", "c/c"] } },
  },
  {
    name: "$deleteFromPrimitiveList removes finalizers",
    doc: { metadata: { finalizers: ["a/a", "b/b", "c/c"] } },
    patch: { metadata: { "$deleteFromPrimitiveList/finalizers": ["b/b"] } },
    result: { metadata: { finalizers: ["a/a", "c/c"] } },
  },
  {
    name: "$setElementOrder orders finalizers, new ones included",
    doc: { metadata: { finalizers: ["a/a", "b/b"] } },
    patch: { metadata: { finalizers: ["c/c"], "$setElementOrder/finalizers": ["b/b", "c/c", "a/a"] } },
    result: { metadata: { finalizers: ["b/b", "c/c", "a/a"] } },
  },
  {
    name: "a list without a patch strategy is replaced",
    doc: { metadata: { managedFields: [{ manager: "a" }] } },
    patch: { metadata: { managedFields: [{ manager: "b" }] } },
    result: { metadata: { managedFields: [{ manager: "b" }] } },
  },
];

for (const { name, doc, patch, result } of cases) {
  test(`strategic merge: ${name}`, () => {
    assert.deepEqual(apply(doc, patch), cloneJson(result));
  });
}

const pods = JSON.parse(readFileSync(new URL("testdata/strategic-merge-pods.json", import.meta.url), "utf8")) as {
  cases: FixtureCase[];
}; // the file is ours

/** The text up to the first object or list that upstream prints. */
function beginning(text: string): string {
  return text.split(/:?\s*\[|:?\s*map\[|: map:/, 1)[0] ?? "";
}

test("Pods, with lists in lists, retained keys and orders, are merged as apimachinery merges them", () => {
  assert.ok(pods.cases.length > 100);
  for (const { doc, patch, result, error } of pods.cases) {
    const label = JSON.stringify({ doc, patch });
    const merge = () => applyStrategicMergePatch(cloneJson(doc), cloneJson(patch), Pod);
    if (error === undefined) assert.deepEqual(merge(), cloneJson(result ?? null), label);
    else {
      assert.throws(
        merge,
        (thrown) => thrown instanceof PatchError && beginning(thrown.message) === beginning(error),
        label,
      );
    }
  }
});

const condition = (type: string, status: string): JsonObject => ({ type, status });

test("strategic merge reads merge keys of any kind's table", () => {
  const document = cloneJson({ status: { conditions: [condition("A", "True"), condition("B", "True")] } });
  const patch = cloneJson({ status: { conditions: [condition("B", "False")] } });
  assert.deepEqual(
    applyStrategicMergePatch(document, patch, Namespace),
    cloneJson({ status: { conditions: [condition("A", "True"), condition("B", "False")] } }),
  );
});

test("strategic merge of lists of lists is refused as not applicable", () => {
  const patch = { metadata: { finalizers: [["b"]] } };
  assert.throws(() => apply({ metadata: { finalizers: [] } }, patch), {
    kind: "apply-failed",
    message: "lists of lists are not supported",
  });
  assert.throws(() => apply({ metadata: { finalizers: ["a/a"] } }, patch), {
    kind: "bad-patch",
    message: "list element types are not identical",
  });
});

test("strategic merge refuses a patch that is no object as a bad patch", () => {
  for (const patch of [null, 1, "x", []]) {
    assert.throws(() => apply({}, patch), { kind: "bad-patch", message: "invalid JSON document" });
  }
});

test("a strategic merge that fails does not show values", () => {
  const doc = { data: { a: "YQ==" }, metadata: { ownerReferences: [owner("1")] } };
  const patches: JsonObject[] = [
    { data: { $patch: "bogus", password: "canary" } },
    { metadata: { ownerReferences: [{ name: "canary" }] } },
    {
      metadata: { ownerReferences: [{ uid: "2", name: "canary" }], "$setElementOrder/ownerReferences": [{ uid: "3" }] },
    },
    { metadata: { ownerReferences: [{ uid: "2", name: "canary" }, "canary"] } },
  ];
  for (const patch of patches) {
    assert.throws(
      () => apply(doc, patch),
      (error) => error instanceof PatchError && error.kind === "bad-patch" && !error.message.includes("canary"),
    );
  }
});

test("strategic merge changes neither the document nor the patch", () => {
  const document = cloneJson({ metadata: { finalizers: ["a/a"], ownerReferences: [owner("1")] }, data: { a: "YQ==" } });
  const patch = cloneJson({
    metadata: {
      finalizers: ["b/b"],
      "$setElementOrder/finalizers": ["b/b", "a/a"],
      ownerReferences: [{ uid: "1", name: "x", controller: null }],
    },
    data: { $retainKeys: ["b"], b: "Yg==" },
  });
  const before = JSON.stringify([document, patch]);
  applyStrategicMergePatch(document, patch, Secret);
  assert.equal(JSON.stringify([document, patch]), before);
});

test("strategic merge of 100,000 finalizers and as many in the order takes linear time", () => {
  const names = Array.from({ length: 100_000 }, (_, index) => `x/${index}`);
  const patch = { metadata: { finalizers: names.toReversed(), "$setElementOrder/finalizers": names.toReversed() } };
  const started = performance.now();
  const result = apply({ metadata: { finalizers: names } }, patch);
  assert.deepEqual(result["metadata"], cloneJson({ finalizers: names.toReversed() }));
  // Quadratic time would be minutes; the bound is generous for a busy machine.
  assert.ok(performance.now() - started < 10_000);
});
