import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Namespace, NamespaceList, Secret, SecretList } from "../schema/core-v1.ts";
import { DeleteOptions } from "../schema/meta-v1.ts";
import type { Message } from "../schema/schema.ts";
import { DecodeError, strictErrorsMax } from "./decode-error.ts";
import { decodeObject } from "./decode-object.ts";
import { parseJson } from "./json-parser.ts";
import type { JsonObject } from "./json.ts";
import { writeJson } from "./json-writer.ts";
import { strictErrorTexts, unreadableJson } from "./kind-name.ts";

/** One body and what the reference decoder made of it; see testdata/README.md. */
interface BodyCase {
  readonly name: string;
  readonly format: "json" | "yaml";
  readonly kind: string;
  readonly body: string;
  readonly error?: string;
  readonly strict?: string[];
  readonly result?: JsonObject;
}

const cases = JSON.parse(readFileSync(new URL("testdata/decode-bodies.json", import.meta.url), "utf8")) as BodyCase[]; // a fixture of ours

const messages: Readonly<Record<string, Message>> = {
  Secret,
  SecretList,
  Namespace,
  NamespaceList,
  DeleteOptions,
};

/** Where we differ from the reference on purpose: what we answer instead. */
const differences = new Map<string, string>([
  // A nil byte slice exists only in Go's memory; through storage it becomes an empty one.
  ["null in data", '{"metadata":{},"data":{"k":""}}'],
  // Go's zero time stands for no time.
  ["time 0001-01-01T00:00:00Z", '{"metadata":{}}'],
  // The items of a list have no kind of their own in protobuf either.
  [
    "list of secrets",
    '{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"a"}},{"metadata":{},"data":{"k":"YQ=="}}]}',
  ],
]);
const tooBig = "9223372036854775808";

/** Decodes a body as the door does; the texts are brought to the form of the fixture. */
function outcome(body: BodyCase): { error?: string; strict?: string[]; result?: string } {
  const message = messages[body.kind];
  assert.ok(message, body.kind);
  try {
    const parsed = parseOrExplain(body);
    const { object, unknownFields } = decodeObject(message, parsed.value, {
      kind: body.kind,
      apiVersion: "v1",
    });
    const strict = strictErrorTexts(unknownFields, parsed.duplicates);
    return { strict, result: withoutKind(object) };
  } catch (error) {
    assert.ok(error instanceof DecodeError, String(error));
    const text = error.message
      .replace(`the object provided is unrecognized (must be of type ${body.kind}): `, "")
      .replace("pkg/api/legacyscheme/scheme.go:30", "pkg/runtime/scheme.go:110");
    return { error: text };
  }
}

function parseOrExplain(body: BodyCase): ReturnType<typeof parseJson> {
  try {
    return parseJson(Buffer.from(body.body));
  } catch (error) {
    assert.ok(error instanceof DecodeError, String(error));
    throw unreadableJson(body.kind, error);
  }
}

function withoutKind(object: JsonObject): string {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  return JSON.stringify(rest);
}

test("Every JSON body of the fixture gets the reference decoder's error, strict errors and result", () => {
  const jsonCases = cases.filter(({ format }) => format === "json");
  assert.ok(jsonCases.length > 500);
  for (const body of jsonCases) {
    const got = outcome(body);
    if (body.name.endsWith(tooBig)) {
      assert.match(got.error ?? "", /an integer must be between/, body.name);
      continue;
    }
    const want = body.error !== undefined ? { error: body.error } : expectedResult(body);
    assert.deepEqual(got, want, body.name);
  }
});

function expectedResult(body: BodyCase): { strict: string[]; result: string } {
  const result = differences.get(body.name) ?? withoutKind(body.result ?? {});
  return { strict: body.strict ?? [], result };
}

test("decodeObject puts kind and apiVersion first and fields in the order of the schema", () => {
  const tree = parseJson(Buffer.from('{"type":"t","data":{"b":"Yg==","a":"YQ=="},"metadata":{"uid":"u","name":"n"}}'));
  const { object } = decodeObject(Secret, tree.value, { kind: "Secret", apiVersion: "v1" });
  assert.equal(
    writeJson(object),
    '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"n","uid":"u"},"data":{"a":"YQ==","b":"Yg=="},"type":"t"}',
  );
});

test("decodeObject keeps stringData, which the kind's strategy merges", () => {
  const tree = parseJson(Buffer.from('{"stringData":{"a":"x"}}'));
  const { object } = decodeObject(Secret, tree.value, { kind: "Secret", apiVersion: "v1" });
  assert.equal(JSON.stringify(object["stringData"]), '{"a":"x"}');
});

test("decodeObject builds objects without prototype, whatever their keys", () => {
  const tree = parseJson(Buffer.from('{"metadata":{"labels":{"__proto__":"x","constructor":"y"}}}'));
  const { object } = decodeObject(Secret, tree.value, { kind: "Secret", apiVersion: "v1" });
  const labels = (object["metadata"] as JsonObject)["labels"] as JsonObject; // as the body has it
  assert.equal(Object.getPrototypeOf(labels), null);
  assert.deepEqual(Object.keys(labels), ["__proto__", "constructor"]);
  assert.equal(labels["__proto__"], "x");
});

test("decodeObject reports at most 100 unknown fields", () => {
  const fields = Array.from({ length: 300 }, (_, index) => `"u${index}":1`);
  const tree = parseJson(Buffer.from(`{${fields.join(",")}}`));
  const { unknownFields } = decodeObject(Secret, tree.value, { kind: "Secret", apiVersion: "v1" });
  assert.equal(unknownFields.length, strictErrorsMax);
});

test("A kind that exists but is not the one asked for fails at converting", () => {
  const tree = parseJson(Buffer.from('{"kind":"ConfigMap","apiVersion":"v1"}'));
  assert.throws(() => decodeObject(Secret, tree.value, { kind: "Secret", apiVersion: "v1" }), {
    name: "DecodeError",
    message:
      'ConfigMap in version "v1" cannot be handled as a Secret: converting (v1.ConfigMap) to (core.Secret): unknown conversion',
  });
});

test("No error of decodeObject contains the value of a string field", () => {
  const canary = "c4n4ry-value";
  for (const body of [
    `{"data":"${canary}"}`,
    `{"data":{"k":"${canary}"}}`,
    `{"data":["${canary}"]}`,
    `{"immutable":"${canary}"}`,
    `{"kind":["${canary}"]}`,
    `"${canary}"`,
  ]) {
    const tree = parseJson(Buffer.from(body));
    assert.throws(
      () => decodeObject(Secret, tree.value, { kind: "Secret", apiVersion: "v1" }),
      (error) => error instanceof DecodeError && !error.message.includes(canary),
      body,
    );
  }
});
