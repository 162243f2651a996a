/**
 * Whatever the patch: a result or a PatchError, arguments unchanged, no prototype touched.
 * Seeds are fixed, so that a failure repeats.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { cloneJson, isJsonObject } from "../codec/json.ts";
import { Secret } from "../schema/core-v1.ts";
import { applyJsonPatch } from "./json-patch.ts";
import { applyMergePatch } from "./merge-patch.ts";
import { PatchError } from "./patch-error.ts";
import { removeDroppedStringData } from "./secret-string-data.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

const numRuns = 2000;

const key = fc.constantFrom(
  ..."a|b|__proto__|constructor|prototype|toString|metadata|data|stringData|finalizers|ownerReferences|uid|labels".split(
    "|",
  ),
  ..."$patch|$retainKeys|$setElementOrder/finalizers|$setElementOrder/ownerReferences|$setElementOrder/".split("|"),
  ..."$deleteFromPrimitiveList/finalizers|$deleteFromPrimitiveList|$setElementOrder/data||~|/".split("|"),
);

const scalar = fc.oneof(
  fc.constantFrom(null, true, 0, -1, 1.5, "", "x", "replace", "delete", "merge", "a/b", "__proto__"),
  fc.string({ maxLength: 3 }),
);

const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 5 }).map(objectOf),
  ),
}));

const object = fc.array(fc.tuple(key, value), { maxLength: 5 }).map(objectOf);

/** Objects shaped like a Secret, so that the merge goes deep. */
const secretLike = fc
  .record({
    finalizers: fc.option(fc.array(fc.constantFrom("a/a", "b/b", "c/c"), { maxLength: 3 })),
    owners: fc.option(fc.array(fc.constantFrom("1", "2", "3"), { maxLength: 3 })),
    data: object,
  })
  .map(({ finalizers, owners, data }) =>
    cloneJson({
      metadata: {
        ...(finalizers !== null && { finalizers }),
        ...(owners !== null && { ownerReferences: owners.map((uid) => ({ uid, name: uid })) }),
      },
      data,
    }),
  );

const pointer = fc
  .array(fc.oneof(key, fc.constantFrom("0", "1", "-", "-1", "+1", "01", "99999999999999999999", "1e3")), {
    maxLength: 4,
  })
  .map((segments) => segments.map((segment) => `/${segment}`).join(""));

const operation = fc
  .record(
    {
      op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test", "nope"),
      path: pointer,
      from: pointer,
      value,
    },
    { requiredKeys: [] },
  )
  .map((entries) => cloneJson(entries));

function objectOf(entries: [string, JsonValue][]): JsonObject {
  const result = Object.create(null) as JsonObject; // as codec/json.ts makes them
  for (const [name, item] of entries) result[name] = item;
  return result;
}

/** Runs one patch and checks what must hold however it ends. */
function check(
  document: JsonObject,
  patch: JsonValue,
  apply: (document: JsonObject, patch: JsonValue) => JsonValue,
): void {
  const before = JSON.stringify([document, patch]);
  const prototype = Object.getOwnPropertyNames(Object.prototype).length;
  try {
    assertNoPrototypes(apply(document, patch));
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
  }
  assert.equal(JSON.stringify([document, patch]), before);
  assert.equal(Object.getOwnPropertyNames(Object.prototype).length, prototype);
}

function assertNoPrototypes(tree: JsonValue): void {
  if (Array.isArray(tree)) tree.forEach(assertNoPrototypes);
  else if (isJsonObject(tree)) {
    assert.equal(Object.getPrototypeOf(tree), null);
    Object.values(tree).forEach(assertNoPrototypes);
  }
}

test("any JSON patch gives a result or a PatchError", () => {
  const patch = fc.oneof(
    { weight: 9, arbitrary: fc.array(operation, { maxLength: 6 }) },
    { weight: 1, arbitrary: value },
  );
  fc.assert(
    fc.property(fc.oneof(object, secretLike), patch, (document, operations) => {
      check(document, operations, applyJsonPatch);
    }),
    { seed: 6902, numRuns },
  );
});

test("any merge patch gives a result or a PatchError", () => {
  fc.assert(
    fc.property(object, value, (document, patch) => {
      check(document, patch, (target, change) => applyMergePatch(target, removeDroppedStringData(change)));
    }),
    { seed: 7386, numRuns },
  );
});

test("any strategic merge patch gives a result or a PatchError", () => {
  const patch = fc.oneof(
    value,
    fc.record({ metadata: value, data: value }).map((entries) => cloneJson(entries)),
  );
  fc.assert(
    fc.property(fc.oneof(object, secretLike), patch, (document, change) => {
      check(document, change, (target, given) =>
        applyStrategicMergePatch(target, removeDroppedStringData(given), Secret),
      );
    }),
    { seed: 1912, numRuns },
  );
});

test("an empty strategic or merge patch changes nothing", () => {
  fc.assert(
    fc.property(secretLike, (document) => {
      assert.deepEqual(applyStrategicMergePatch(document, objectOf([]), Secret), document);
      assert.deepEqual(applyMergePatch(document, objectOf([])), document);
    }),
    { seed: 4, numRuns: 300 },
  );
});

function nested(wrap: (inner: JsonValue) => JsonValue): JsonValue {
  let tree: JsonValue = "x";
  for (let depth = 0; depth < 998; depth += 1) tree = wrap(tree);
  return tree;
}

test("a patch as deep as a body may be is applied without a stack overflow", () => {
  for (const deep of [nested((inner) => [inner]), nested((inner) => objectOf([["a", inner]]))]) {
    const patch = objectOf([["data", deep]]);
    for (const document of [objectOf([]), cloneJson(patch)]) {
      check(document, patch, applyMergePatch);
      check(document, patch, (target, change) => applyStrategicMergePatch(target, change, Secret));
      check(document, [cloneJson({ op: "add", path: "/data", value: deep })], applyJsonPatch);
      check(document, [cloneJson({ op: "test", path: "/data", value: deep })], applyJsonPatch);
    }
  }
});
