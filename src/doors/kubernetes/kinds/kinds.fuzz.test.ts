/**
 * Every kind against objects that fit its schema and make no sense otherwise: its
 * table refuses or accepts, and never breaks. Seeds are fixed, so a failure repeats.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { DecodeError } from "../codec/decode-error.ts";
import { decodeObject } from "../codec/decode-object.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { cloneJson, equalJson, jsonObject } from "../codec/json.ts";
import { writeJson } from "../codec/json-writer.ts";
import { decodeMessage, encodeMessage } from "../codec/protobuf.ts";
import { applyStrategicMergePatch } from "../patch/strategic-merge-patch.ts";
import { PatchError } from "../patch/patch-error.ts";
import { apiVersionOf } from "../response/encode-object.ts";
import type { Field, FieldType, Message, ScalarType } from "../schema/schema.ts";
import { canonicalObject } from "../storage/canonical-order.ts";
import { formatFieldErrors } from "../validation/field-error-format.ts";
import type { Kind } from "./kind.ts";
import { kinds } from "./kinds.ts";
import { fillSystemFields, inheritSystemFields } from "./system-fields.ts";
import { validateCreate, validateUpdate } from "./validate-object.ts";

const runs = { seed: 20_261_125, numRuns: 400 };
const now = new Date("2026-01-02T03:04:05Z");

const odd = fc.constantFrom("", "__proto__", "constructor", "toString", "..", "a/b", "A b", "é", "x".repeat(300), "-");
const name = fc.constantFrom("a", "b", "kube-system", "v1", "Always", "Pod", "cpu", "pods", "example.com/x");
const key = fc.oneof(odd, name);

const scalars: Readonly<Record<ScalarType, fc.Arbitrary<JsonValue>>> = {
  string: fc.oneof({ weight: 3, arbitrary: name }, odd),
  bytes: fc.constantFrom("", "AA==", "c2VjcmV0"),
  bool: fc.boolean(),
  int32: fc.constantFrom(0, 1, -1, 80, 65_536, 2_147_483_647, -2_147_483_648),
  int64: fc.constantFrom(0, 1, -1, 600, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
  double: fc.constantFrom(0, 0.5, -1),
  time: fc.constantFrom("2024-01-02T03:04:05Z", "0001-01-01T00:00:00Z"),
  microTime: fc.constantFrom("2024-01-02T03:04:05.000006Z"),
  quantity: fc.constantFrom("0", "1", "-1", "100m", "1Gi", "1e3", "0.0000001", "1.5", "1e2147483000"),
  intOrString: fc.oneof(fc.constantFrom(0, 80, -1), name, odd),
  fieldsV1: fc.constant(jsonObject([["f:a", jsonObject()]])),
  rawExtension: fc.constant(jsonObject()),
};

/** Few fields of many messages: enough to reach every rule, not to drown in one. */
function objectOf(message: Message, depth = 0): fc.Arbitrary<JsonObject> {
  const fields = fc.subarray([...message.fields], { maxLength: Math.min(message.fields.length, depth === 0 ? 6 : 4) });
  return fields.chain((chosen) =>
    fc.tuple(...chosen.map((field) => fieldOf(field, depth))).map((entries) => jsonObject(entries.flat())),
  );
}

function fieldOf(field: Field, depth: number): fc.Arbitrary<[string, JsonValue][]> {
  if (depth > 5) return fc.constant([]);
  return valueOf(field.type, depth).map((value) => [[field.name, value]]);
}

function valueOf(type: FieldType, depth: number): fc.Arbitrary<JsonValue> {
  switch (type.kind) {
    case "scalar":
      return scalars[type.scalar];
    case "message":
      return objectOf(type.message(), depth + 1);
    case "list":
      return fc.array(valueOf(type.item, depth + 1), { maxLength: 3 });
    case "map":
      return fc
        .array(fc.tuple(key, valueOf(type.value, depth + 1)), { maxLength: 3 })
        .map((entries) => jsonObject(entries));
  }
}

function decoded(kind: Kind, object: JsonObject): JsonObject {
  const tree = decodeObject(kind.schema, object, { kind: kind.kind, apiVersion: apiVersionOf(kind) }).object;
  delete tree["kind"];
  delete tree["apiVersion"];
  kind.internalize?.(tree);
  return tree;
}

/** As a create leaves it. */
function created(kind: Kind, object: JsonObject): JsonObject {
  const tree = decoded(kind, object);
  fillSystemFields(tree, { uid: "u", now });
  kind.strategy.prepareForCreate(tree);
  return tree;
}

for (const kind of kinds) {
  const label = `${apiVersionOf(kind)} ${kind.kind}`;

  test(`${label}: a create of anything is checked to the end, and what it leaves is in canonical form`, () => {
    fc.assert(
      fc.property(objectOf(kind.schema), (object) => {
        const tree = created(kind, object);
        assert.equal(typeof formatFieldErrors(validateCreate(kind, tree)), "string");
        assert.ok(kind.strategy.warnings(tree).every((text) => typeof text === "string"));
        const canonical = canonicalObject(kind.schema, tree);
        assert.equal(writeJson(canonicalObject(kind.schema, canonical)), writeJson(canonical));
        const again = canonicalObject(kind.schema, decoded(kind, cloneJson(canonical)));
        assert.equal(writeJson(again), writeJson(canonical), "defaults are set once");
        const wire = decodeMessage(kind.schema, encodeMessage(kind.schema, canonical));
        assert.equal(writeJson(wire), writeJson(canonical), "protobuf keeps it");
      }),
      runs,
    );
  });

  test(`${label}: an update of anything to anything is checked to the end, through every subresource`, () => {
    const strategies = [kind.strategy, ...kind.subresources.map(({ strategy }) => strategy)];
    fc.assert(
      fc.property(objectOf(kind.schema), objectOf(kind.schema), (before, after) => {
        const previous = canonicalObject(kind.schema, created(kind, before));
        for (const strategy of strategies) {
          const next = decoded(kind, cloneJson(after));
          inheritSystemFields(next, previous, kind);
          strategy.prepareForUpdate(next, previous);
          assert.equal(typeof formatFieldErrors(validateUpdate(kind, next, previous, strategy)), "string");
          assert.ok(strategy.warnings(next, previous).every((text) => typeof text === "string"));
        }
      }),
      runs,
    );
  });

  test(`${label}: anything has cells and fields to select by, and nothing is changed by looking`, () => {
    fc.assert(
      fc.property(objectOf(kind.schema), (object) => {
        const tree = decoded(kind, object);
        const copy = cloneJson(tree);
        for (const column of kind.columns) assert.notEqual(column.cell(tree, now), undefined, column.name);
        for (const [field, read] of kind.fieldSelectors) assert.equal(typeof read(tree), "string", field);
        assert.ok(equalJson(tree, copy));
      }),
      runs,
    );
  });

  test(`${label}: any patch applies or is refused`, () => {
    fc.assert(
      fc.property(objectOf(kind.schema), objectOf(kind.schema), (object, patch) => {
        const stored = canonicalObject(kind.schema, created(kind, object));
        try {
          const merged = applyStrategicMergePatch(stored, patch, kind.schema);
          if (typeof merged === "object" && merged !== null && !Array.isArray(merged)) decoded(kind, merged);
        } catch (error) {
          assert.ok(error instanceof PatchError || error instanceof DecodeError, String(error));
        }
      }),
      runs,
    );
  });
}
