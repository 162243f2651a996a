/**
 * What upstream makes of objects that are created and updated - defaults, cleared
 * fields, warnings, errors - against what the tables of kinds make of them. The
 * fixtures are answers of upstream's own strategies, see testdata/README.md.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeObject } from "../codec/decode-object.ts";
import type { JsonObject } from "../codec/json.ts";
import { cloneJson } from "../codec/json.ts";
import { writeJson } from "../codec/json-writer.ts";
import { apiVersionOf, withType } from "../response/encode-object.ts";
import { canonicalObject } from "../storage/canonical-order.ts";
import { invalidMessage } from "../validation/field-error-format.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import type { Kind, Strategy } from "./kind.ts";
import { kinds } from "./kinds.ts";
import { fillSystemFields, inheritSystemFields, ownMetadata } from "./system-fields.ts";
import { validateCreate, validateUpdate } from "./validate-object.ts";

interface Fixture {
  readonly test: string;
  readonly op: "create" | "update";
  readonly subresource?: string;
  readonly object: JsonObject;
  readonly old?: JsonObject;
  readonly message?: string;
  readonly warnings?: string[];
  readonly result?: JsonObject;
}

const files = ["strategies.json", "pod-strategies.json"];

function kindOf(object: JsonObject): Kind {
  const found = kinds.find((kind) => kind.kind === object["kind"] && apiVersionOf(kind) === object["apiVersion"]);
  return found ?? assert.fail(`${String(object["kind"])} must be served`);
}

function decoded(kind: Kind, object: JsonObject): JsonObject {
  const name = { kind: kind.kind, apiVersion: apiVersionOf(kind) };
  const tree = decodeObject(kind.schema, cloneJson(object), name).object;
  delete tree["kind"];
  delete tree["apiVersion"];
  kind.internalize?.(tree);
  return tree;
}

function changed(kind: Kind, fixture: Fixture) {
  const tree = decoded(kind, fixture.object);
  if (fixture.op === "create") {
    fillSystemFields(tree, { uid: "u", now: new Date(0) });
    kind.strategy.prepareForCreate(tree);
    const errors = validateCreate(kind, tree);
    for (const name of ["uid", "creationTimestamp"]) delete ownMetadata(tree)[name];
    return { tree, errors, warnings: kind.strategy.warnings(tree) };
  }
  const previous = decoded(kind, fixture.old ?? assert.fail("an update has a stored object"));
  const strategy: Strategy =
    kind.subresources.find(({ name }) => name === fixture.subresource)?.strategy ?? kind.strategy;
  inheritSystemFields(tree, previous, kind);
  strategy.prepareForUpdate(tree, previous);
  return { tree, errors: validateUpdate(kind, tree, previous, strategy), warnings: strategy.warnings(tree, previous) };
}

for (const file of files) {
  const fixtures = JSON.parse(readFileSync(new URL(`testdata/${file}`, import.meta.url), "utf8")) as Fixture[];
  for (const fixture of fixtures) {
    test(`As upstream: ${fixture.test}`, () => {
      const kind = kindOf(fixture.object);
      const { tree, errors, warnings } = changed(kind, fixture);
      const message =
        errors.length === 0
          ? undefined
          : invalidMessage(kind.storedAs?.kind ?? kind, stringField(metadataOf(tree), "name"), errors);
      assert.equal(message, fixture.message);
      if (fixture.result === undefined) return;
      assert.deepEqual(warnings, fixture.warnings ?? []);
      const result = withType(kind.kind, apiVersionOf(kind), canonicalObject(kind.schema, tree));
      assert.equal(writeJson(result, true), JSON.stringify(fixture.result, null, 2));
    });
  }
}
