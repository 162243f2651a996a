/** Source: apiserver pkg/endpoints/handlers/fieldmanager/equality.go. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson } from "../codec/json-parser.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { metadataOf } from "../validation/object-fields.ts";
import { keepTimesOfUnchanged } from "./timestamp-only-change.ts";

function tree(value: object): JsonObject {
  const parsed = parseJson(Buffer.from(JSON.stringify(value))).value;
  return isJsonObject(parsed) ? parsed : jsonObject();
}

const entry = (manager: string, time: string, fieldsV1: object = { "f:data": { "f:a": {} } }) => ({
  manager,
  time,
  fieldsV1,
});
const state = (managedFields: object[], fields: object = {}) => ({
  metadata: { managedFields },
  data: { a: "1" },
  ...fields,
});
const stored = state([entry("a", "1"), entry("b", "2")]);

const cases: { title: string; next: object; kept: boolean }[] = [
  { title: "only times differ", next: state([entry("a", "3"), entry("b", "2")]), kept: true },
  {
    title: "what is empty counts as absent",
    next: state([entry("a", "3"), entry("b", "2")], { spec: {} }),
    kept: true,
  },
  { title: "the order of entries differs", next: state([entry("b", "2"), entry("a", "3")]), kept: false },
  { title: "an entry is new", next: state([entry("a", "3"), entry("b", "2"), entry("c", "3")]), kept: false },
  { title: "a value differs", next: state([entry("a", "3"), entry("b", "2")], { data: { a: "2" } }), kept: false },
  {
    title: "an empty value is new",
    next: state([entry("a", "3"), entry("b", "2")], { data: { a: "1", b: "" } }),
    kept: false,
  },
  { title: "a key is gone", next: state([entry("a", "3"), entry("b", "2")], { data: {} }), kept: false },
  { title: "a field is owned no more", next: state([entry("a", "3", { "f:data": {} }), entry("b", "2")]), kept: false },
];

for (const { title, next, kept } of cases) {
  test(`Stored times are ${kept ? "kept" : "not kept"} when ${title}`, () => {
    const changed = tree(next);
    keepTimesOfUnchanged(changed, tree(stored));
    const expected = metadataOf(tree(kept ? stored : next))["managedFields"];
    assert.deepEqual(metadataOf(changed)["managedFields"], expected);
  });
}
