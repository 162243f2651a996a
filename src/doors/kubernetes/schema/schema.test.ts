import assert from "node:assert/strict";
import { test } from "node:test";
import * as core from "./core-v1.ts";
import * as meta from "./meta-v1.ts";
import type { FieldType, Message } from "./schema.ts";

const messages: readonly Message[] = [...Object.values(meta), ...Object.values(core)];

function nestedMessage(type: FieldType): Message | undefined {
  if (type.kind === "message") return type.message();
  if (type.kind === "list") return nestedMessage(type.item);
  return type.kind === "map" ? nestedMessage(type.value) : undefined;
}

test("Names and numbers of fields are unique within each message", () => {
  for (const { name, fields } of messages) {
    assert.equal(new Set(fields.map((field) => field.name)).size, fields.length, name);
    assert.equal(new Set(fields.map((field) => field.number)).size, fields.length, name);
  }
});

test("Every message and every field has a description that ends as a sentence", () => {
  for (const { name, description, fields } of messages) {
    assert.match(description, /^\S.*\.$/s, name);
    for (const field of fields) assert.match(field.description, /^\S.*\.$/s, `${name}.${field.name}`);
  }
});

test("Every message that a field refers to is itself one of the tables", () => {
  for (const { name, fields } of messages) {
    for (const field of fields) {
      const message = nestedMessage(field.type);
      assert.ok(message === undefined || messages.includes(message), `${name}.${field.name}`);
    }
  }
});

test("Keys of merged lists are fields of their items", () => {
  let checked = 0;
  for (const { name, fields } of messages) {
    for (const { name: fieldName, type } of fields) {
      if (type.kind !== "list" || type.listType !== "map") continue;
      const item = nestedMessage(type.item);
      for (const key of [...(type.mapKeys ?? []), type.patchMergeKey]) {
        assert.ok(
          item?.fields.some((field) => field.name === key),
          `${name}.${fieldName}: ${key}`,
        );
        checked++;
      }
    }
  }
  assert.equal(checked, 4);
});

test("A field that is never absent in JSON is not a pointer", () => {
  for (const { name, fields } of messages) {
    for (const field of fields) {
      assert.ok(!(field.optional && field.alwaysEncoded), `${name}.${field.name}`);
      if (field.required) assert.ok(field.alwaysEncoded, `${name}.${field.name}`);
    }
  }
});

test("Of all fields only Secret.stringData is write-only", () => {
  const writeOnly = messages.flatMap(({ goName, fields }) =>
    fields.filter((field) => field.writeOnly).map((field) => `${goName}.${field.name}`),
  );
  assert.deepEqual(writeOnly, ["Secret.stringData"]);
});
