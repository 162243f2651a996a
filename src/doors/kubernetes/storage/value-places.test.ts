import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { jsonObject } from "../codec/json.ts";
import { mayRepeatValues, payloadKeys, repeatingAnnotations, valuePlacesOf } from "./value-places.ts";

const key = fc.stringMatching(/^[-._a-zA-Z0-9]{1,12}$/);
const value = fc.option(fc.base64String({ maxLength: 40 }), { nil: null });

test("The keys of a payload are found without reading its values", () => {
  fc.assert(
    fc.property(fc.dictionary(key, value, { noNullPrototype: true }), (data) => {
      const payload = Buffer.from(JSON.stringify(data));
      assert.deepEqual(payloadKeys(payload), Object.keys(data));
    }),
  );
});

test("Annotations that repeat values are places of values; owners of fields that name them are none", () => {
  const repeating = "kubectl.kubernetes.io/last-applied-configuration";
  const annotations = jsonObject([[repeating, "{}"]]);
  const metadata = jsonObject([["annotations", annotations]]);
  assert.deepEqual(repeatingAnnotations(metadata), [repeating]);
  assert.equal(mayRepeatValues(Buffer.from(JSON.stringify(metadata))), true);
  assert.equal(mayRepeatValues(Buffer.from(`{"managedFields":[{"fieldsV1":{"f:${repeating}":{}}}]}`)), false);
  const tree = jsonObject([
    ["metadata", metadata],
    ["data", jsonObject([["password", "eA=="]])],
  ]);
  assert.deepEqual(valuePlacesOf(tree), { keys: ["password"], annotations: [repeating] });
  assert.equal(valuePlacesOf(jsonObject([["metadata", metadata]])), undefined);
});
