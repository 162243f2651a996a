import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { cloneJson } from "../codec/json.ts";
import { Secret } from "../schema/core-v1.ts";
import { applyMergePatch } from "./merge-patch.ts";
import { mergeStringData, removeDroppedStringData } from "./secret-string-data.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

test("mergeStringData replaces keys of data and leaves no stringData", () => {
  const secret = cloneJson({ data: { a: "YQ==", b: "Yg==" }, stringData: { b: "é", c: "" } });
  mergeStringData(secret);
  assert.deepEqual(secret, cloneJson({ data: { a: "YQ==", b: "w6k=", c: "" } }));
});

test("mergeStringData makes data when there is none, and does not when there is nothing to say", () => {
  const secret = cloneJson({ stringData: { a: "x" } });
  mergeStringData(secret);
  assert.deepEqual(secret, cloneJson({ data: { a: "eA==" } }));
  const empty = cloneJson({ stringData: {} });
  mergeStringData(empty);
  assert.deepEqual(empty, cloneJson({}));
});

const patches: readonly { name: string; patch: JsonValue; expected: JsonValue }[] = [
  {
    name: "a null removes the key",
    patch: { stringData: { k: null } },
    expected: { stringData: { k: null }, data: { k: null } },
  },
  {
    name: "beside other keys of data",
    patch: { data: { a: "YQ==" }, stringData: { k: null, l: "x" } },
    expected: { data: { a: "YQ==", k: null }, stringData: { k: null, l: "x" } },
  },
  {
    name: "but not when the patch sets the key in data",
    patch: { data: { k: "YQ==" }, stringData: { k: null } },
    expected: { data: { k: "YQ==" }, stringData: { k: null } },
  },
  {
    name: "nor when data is removed as a whole",
    patch: { data: null, stringData: { k: null } },
    expected: { data: null, stringData: { k: null } },
  },
  {
    name: "nor when data is replaced as a whole",
    patch: { data: { $patch: "replace" }, stringData: { k: null } },
    expected: { data: { $patch: "replace" }, stringData: { k: null } },
  },
  { name: "nor when stringData has no null", patch: { stringData: { k: "v" } }, expected: { stringData: { k: "v" } } },
  { name: "nor when the patch is no object", patch: [1], expected: [1] },
];

for (const { name, patch, expected } of patches) {
  test(`removeDroppedStringData: ${name}`, () => {
    const given = cloneJson(patch);
    assert.deepEqual(removeDroppedStringData(given), cloneJson(expected));
    assert.deepEqual(given, cloneJson(patch), "the patch is not changed");
  });
}

/** What the door does with a patch of a stored Secret. */
function patchSecret(document: JsonObject, patch: JsonObject, strategic: boolean): JsonObject {
  const prepared = removeDroppedStringData(cloneJson(patch));
  const result = strategic
    ? applyStrategicMergePatch(cloneJson(document), prepared, Secret)
    : applyMergePatch(cloneJson(document), prepared);
  mergeStringData(result);
  return result;
}

for (const strategic of [true, false]) {
  const form = strategic ? "strategic merge" : "merge";
  test(`a ${form} patch with a null under stringData removes the key from data`, () => {
    const document = { data: { a: "YQ==", b: "Yg==" } };
    assert.deepEqual(patchSecret(document, { stringData: { a: null } }, strategic), cloneJson({ data: { b: "Yg==" } }));
  });

  test(`a ${form} patch that moves a key from stringData to data keeps it`, () => {
    const document = { data: { a: "YQ==" } };
    const patch = { data: { a: "eA==" }, stringData: { a: null } };
    assert.deepEqual(patchSecret(document, patch, strategic), cloneJson({ data: { a: "eA==" } }));
  });
}
