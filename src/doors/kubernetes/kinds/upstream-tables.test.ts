/** Columns and cells against those of upstream's table printer, see testdata/README.md. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeObject } from "../codec/decode-object.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { cloneJson } from "../codec/json.ts";
import { apiVersionOf } from "../response/encode-object.ts";
import { kinds } from "./kinds.ts";

interface Fixture {
  readonly test: string;
  readonly object: JsonObject;
  /** Name, type, format, priority. */
  readonly columns: JsonValue[][];
  readonly cells: JsonValue[];
}

const fixtures = JSON.parse(readFileSync(new URL("testdata/tables.json", import.meta.url), "utf8")) as Fixture[];

for (const { test: name, object, columns, cells } of fixtures) {
  test(`As upstream prints ${name}`, () => {
    const kind =
      kinds.find((each) => each.kind === object["kind"] && apiVersionOf(each) === object["apiVersion"]) ??
      assert.fail("the kind must be served");
    const typed = { kind: kind.kind, apiVersion: apiVersionOf(kind) };
    const tree = decodeObject(kind.schema, cloneJson(object), typed).object;
    assert.deepEqual(
      kind.columns.map((column) => [column.name, column.type, column.format, column.priority]),
      columns,
    );
    assert.deepEqual(
      kind.columns.map((column) => column.cell(tree, new Date())),
      cells,
    );
  });
}
