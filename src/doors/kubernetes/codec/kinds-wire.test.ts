/** Every message of the tables against the bytes of an independent encoder (testdata/kinds.json, see README.md there). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { message } from "../schema/messages.ts";
import type { Message } from "../schema/schema.ts";
import { decodeObject } from "./decode-object.ts";
import { parseJson } from "./json-parser.ts";
import type { JsonValue } from "./json.ts";
import { writeJson } from "./json-writer.ts";
import { decodeMessage, encodeMessage } from "./protobuf.ts";

interface Fixture {
  readonly name: "empty" | "full" | "list";
  readonly apiVersion: string;
  readonly kind: string;
  readonly json: string;
  /** Hexadecimal. */
  readonly message: string;
}

const fixtures = JSON.parse(readFileSync(new URL("testdata/kinds.json", import.meta.url), "utf8")) as Fixture[];

const packages: Readonly<Record<string, string>> = {
  v1: "core-v1",
  "events.k8s.io/v1": "events-v1",
  "coordination.k8s.io/v1": "coordination-v1",
  "rbac.authorization.k8s.io/v1": "rbac-v1",
};

function schemaOf({ apiVersion, kind }: Pick<Fixture, "apiVersion" | "kind">): Message {
  return message(packages[apiVersion] ?? "", kind);
}

for (const fixture of fixtures) {
  const { name, apiVersion, kind } = fixture;

  test(`${apiVersion} ${kind} (${name}): JSON and protobuf are those of the reference`, () => {
    const schema = schemaOf(fixture);
    const { value } = parseJson(Buffer.from(fixture.json));
    const { object, unknownFields } = decodeObject(schema, value, { kind, apiVersion });
    assert.deepEqual(unknownFields, []);
    assert.equal(writeJson(object), fixture.json);
    assert.equal(Buffer.from(encodeMessage(schema, object)).toString("hex"), fixture.message);
    const decoded = decodeMessage(schema, Buffer.from(fixture.message, "hex"));
    const typed = { kind, apiVersion, ...decoded };
    assert.equal(writeJson(typed), fixture.json);
  });
}

/** A value of a wrong type at a path of a full object, and the reference's error. */
interface WrongValue {
  readonly apiVersion: string;
  readonly kind: string;
  readonly path: readonly (string | number)[];
  readonly value: JsonValue;
  readonly error: string;
}

test("A value of a wrong type is refused in the reference's words, wherever it stands", () => {
  const cases = JSON.parse(
    readFileSync(new URL("testdata/decode-kinds.json", import.meta.url), "utf8"),
  ) as WrongValue[];
  for (const { apiVersion, kind, path, value, error } of cases) {
    const fixture = fixtures.find(
      (each) => each.name === "full" && each.kind === kind && each.apiVersion === apiVersion,
    );
    const tree = parseJson(Buffer.from(fixture?.json ?? "")).value;
    set(tree, path, value);
    assert.throws(
      () => decodeObject(schemaOf({ apiVersion, kind }), tree, { kind, apiVersion }),
      { message: `${kind} in version "v1" cannot be handled as a ${kind}: ${error}` },
      path.join("."),
    );
  }
  assert.ok(cases.length > 200);
});

function set(tree: JsonValue, path: readonly (string | number)[], value: JsonValue): void {
  const [key, ...rest] = path;
  const parent = tree as Record<string | number, JsonValue>; // the paths are those of the fixture
  if (key === undefined) return;
  if (rest.length === 0) parent[key] = value;
  else set(parent[key] ?? null, rest, value);
}

test("The full fixtures have every field of every message in the tables", () => {
  const seen = new Set<string>();
  const missing: string[] = [];
  const visit = (schema: Message, value: unknown): void => {
    seen.add(schema.name);
    for (const field of schema.fields) {
      const part: unknown = Array.isArray(value) ? undefined : (value as Record<string, unknown>)[field.name];
      if (part === undefined || part === null) {
        if (field.name !== "selfLink") missing.push(`${schema.name}.${field.name}`);
        continue;
      }
      const { type } = field;
      const inner = type.kind === "list" ? type.item : type.kind === "map" ? type.value : type;
      if (inner.kind !== "message") continue;
      for (const item of type.kind === "message" ? [part] : Object.values(part)) visit(inner.message(), item);
    }
  };
  for (const fixture of fixtures.filter(({ name }) => name === "full"))
    visit(schemaOf(fixture), JSON.parse(fixture.json));
  assert.deepEqual(missing, []);
  assert.equal(seen.size, 168);
});
