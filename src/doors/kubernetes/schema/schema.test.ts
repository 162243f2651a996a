import assert from "node:assert/strict";
import { test } from "node:test";
import * as core from "./core-v1.ts";
import { admissionregistrationV1Descriptions } from "./descriptions/admissionregistration-v1.ts";
import { coreV1Descriptions } from "./descriptions/core-v1.ts";
import { groupDescriptions } from "./descriptions/groups.ts";
import { message } from "./messages.ts";
import * as meta from "./meta-v1.ts";
import type { FieldType, Message } from "./schema.ts";
import { admissionregistrationV1Table } from "./tables/admissionregistration-v1.ts";
import { authenticationV1Table } from "./tables/authentication-v1.ts";
import { authorizationV1Table } from "./tables/authorization-v1.ts";
import { coordinationV1Table } from "./tables/coordination-v1.ts";
import { coreV1Table } from "./tables/core-v1.ts";
import { eventsV1Table } from "./tables/events-v1.ts";
import { metaV1Table } from "./tables/meta-v1.ts";
import { rbacV1Table } from "./tables/rbac-v1.ts";
import { strongroomPolicyV1Table } from "./tables/strongroom-policy-v1.ts";

const handWritten: readonly Message[] = [...Object.values(meta), ...Object.values(core)];
const fromTables = Object.entries({
  "admissionregistration-v1": admissionregistrationV1Table,
  "authentication-v1": authenticationV1Table,
  "authorization-v1": authorizationV1Table,
  "coordination-v1": coordinationV1Table,
  "core-v1": coreV1Table,
  "events-v1": eventsV1Table,
  "meta-v1": metaV1Table,
  "rbac-v1": rbacV1Table,
  "strongroom-policy-v1": strongroomPolicyV1Table,
}).flatMap(([name, table]) => [...table.matchAll(/(?<=\n\n)\w+/g)].map(([found]) => message(name, found)));
const messages: readonly Message[] = [...handWritten, ...fromTables];

function nestedMessage(type: FieldType): Message | undefined {
  if (type.kind === "message") return type.message();
  if (type.kind === "list") return nestedMessage(type.item);
  return type.kind === "map" ? nestedMessage(type.value) : undefined;
}

test("Names and numbers of fields are unique within each message", () => {
  for (const { name, fields } of messages) {
    assert.equal(new Set(fields.map((field) => field.name)).size, fields.length, name);
    const numbers = fields.map(({ number, within }) => [...(within ?? []), number].join("."));
    assert.equal(new Set(numbers).size, fields.length, name);
    for (const { within } of fields) assert.ok(within === undefined || !numbers.includes(within.join(".")), name);
  }
});

test("Every message and every field written by hand has a description that ends as a sentence", () => {
  for (const { name, description, fields } of handWritten) {
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
      for (const key of [...(type.mapKeys ?? []), ...(type.patchMergeKey === undefined ? [] : [type.patchMergeKey])]) {
        assert.ok(
          item?.fields.some((field) => field.name === key),
          `${name}.${fieldName}: ${key}`,
        );
        checked++;
      }
    }
  }
  assert.equal(checked, 64);
});

test("Descriptions of tables are sentences, and of messages and fields that there are", () => {
  for (const { name, description, fields } of fromTables) {
    for (const text of [description, ...fields.map((field) => field.description)]) {
      assert.match(text, /^(\S.*\.)?$/, name);
    }
  }
  const known = new Set(
    fromTables.flatMap(({ goName, fields }) => [goName, ...fields.map((f) => `${goName}.${f.name}`)]),
  );
  for (const descriptions of [
    coreV1Descriptions,
    admissionregistrationV1Descriptions,
    ...Object.values(groupDescriptions),
  ]) {
    for (const [text, line] of descriptions.matchAll(/^(\S+): .*$/gm)) assert.ok(known.has(line ?? ""), text);
  }
});

test("A field that is never absent in JSON is not a pointer, or is null", () => {
  for (const { name, fields } of messages) {
    for (const field of fields) {
      assert.ok(!field.optional || !field.alwaysEncoded || field.nullable, `${name}.${field.name}`);
      if (field.nullable) assert.ok(field.alwaysEncoded, `${name}.${field.name}`);
    }
  }
});

test("Of all fields only Secret.stringData is write-only", () => {
  const writeOnly = messages.flatMap(({ goName, fields }) =>
    fields.filter((field) => field.writeOnly).map((field) => `${goName}.${field.name}`),
  );
  assert.deepEqual(writeOnly, ["Secret.stringData"]);
});
