import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageTables } from "./message-table.ts";
import { message } from "./messages.ts";
import { ObjectMeta } from "./meta-v1.ts";

const tables = new MessageTables({
  "a-v1": {
    definitionPrefix: "a.v1.",
    table: `

Outer atomic
name 1 string always required
inner 2.6 Inner optional
other 3 b-v1.Other
items 4 []Inner map=x,y patch=merge,retainKeys key=x
tags 5 []string set patch=merge
limits 6 {}quantity go=v1.ResourceList
selector 7 {}string atomic
rules 8 []string nullable
protocol 9 string default="TCP"

Inner
x 1 int32 optional
`,
    descriptions: "Outer: What is around.\nOuter.name: Its name: unique.\n",
  },
  "b-v1": { definitionPrefix: "b.v1.", table: "Other\n", descriptions: "" },
});

function fieldOf(name: string) {
  return tables.message("a-v1", "Outer").fields.find((field) => field.name === name) ?? assert.fail(name);
}

test("A message has its names, its description, and fields in the order of the table", () => {
  const outer = tables.message("a-v1", "Outer");
  assert.deepEqual(
    [outer.name, outer.goName, outer.description, outer.mapType],
    ["a.v1.Outer", "Outer", "What is around.", "atomic"],
  );
  assert.deepEqual(
    outer.fields.map(({ name }) => name),
    ["name", "inner", "other", "items", "tags", "limits", "selector", "rules", "protocol"],
  );
  assert.equal(tables.message("a-v1", "Outer"), outer, "the same object each time");
  assert.equal(outer.fields, outer.fields);
});

test("Flags become facts, and what has none has none", () => {
  const { type, ...name } = fieldOf("name");
  assert.deepEqual(type, { kind: "scalar", scalar: "string" });
  assert.deepEqual(name, {
    name: "name",
    number: 1,
    description: "Its name: unique.",
    required: true,
    alwaysEncoded: true,
  });
  assert.deepEqual([fieldOf("inner").number, fieldOf("inner").within, fieldOf("inner").optional], [6, [2], true]);
  assert.deepEqual([fieldOf("rules").alwaysEncoded, fieldOf("rules").nullable], [true, true]);
  assert.equal(fieldOf("limits").goType, "v1.ResourceList");
  assert.equal(fieldOf("protocol").default, "TCP");
});

test("Types may be lists, maps and messages of another table", () => {
  const { type } = fieldOf("items");
  assert.ok(type.kind === "list" && type.item.kind === "message");
  assert.equal(type.item.message(), tables.message("a-v1", "Inner"));
  assert.deepEqual([type.listType, type.mapKeys, type.patchStrategy], ["map", ["x", "y"], "merge"]);
  assert.deepEqual([type.retainKeys, type.patchMergeKey], [true, "x"]);
  const tags = fieldOf("tags").type;
  assert.ok(tags.kind === "list" && tags.listType === "set" && tags.patchStrategy === "merge");
  const [limits, selector] = [fieldOf("limits").type, fieldOf("selector").type];
  assert.ok(limits.kind === "map" && limits.mapType === "granular");
  assert.ok(selector.kind === "map" && selector.mapType === "atomic");
  const other = fieldOf("other").type;
  assert.ok(other.kind === "message");
  assert.equal(other.message(), tables.message("b-v1", "Other"));
});

test("A message that is in no table is a mistake of ours", () => {
  assert.throws(() => tables.message("a-v1", "Missing"), TypeError);
  assert.throws(() => tables.message("c-v1", "Outer"), TypeError);
});

test("Messages written by hand are found by those of tables", () => {
  const [metadata] = message("core-v1", "Pod").fields;
  assert.ok(metadata?.type.kind === "message");
  assert.equal(metadata.type.message(), ObjectMeta);
});

test("The ports of a container are told apart by number and protocol, and the protocol has a default", () => {
  const ports = message("core-v1", "Container").fields.find(({ name }) => name === "ports");
  assert.ok(ports?.type.kind === "list" && ports.type.item.kind === "message");
  assert.deepEqual(ports.type.mapKeys, ["containerPort", "protocol"]);
  const protocol = ports.type.item.message().fields.find(({ name }) => name === "protocol");
  assert.equal(protocol?.default, "TCP");
});
