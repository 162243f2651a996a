/** FieldsV1 and the steps of its paths. Source: structured-merge-diff fieldpath/serialize*.go, element.go. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson } from "../codec/json-parser.ts";
import type { JsonValue } from "../codec/json.ts";
import { keyStep, parseStep, printPath, valueStep } from "./field-path.ts";
import { pathsOf, readFieldsV1, writeFieldsV1 } from "./fields-v1.ts";
import { setOf } from "./field-set.ts";

const parse = (text: string): JsonValue => parseJson(Buffer.from(text)).value;

/** `text` read and written again. */
const again = (text: string) => JSON.stringify(writeFieldsV1(readFieldsV1(parse(text))));

const rewritten: { title: string; text: string; result: string }[] = [
  { title: "a field", text: '{"f:a":{}}', result: '{"f:a":{}}' },
  { title: "a field and one below it", text: '{"f:a":{".":{},"f:b":{}}}', result: '{"f:a":{".":{},"f:b":{}}}' },
  { title: "a dot alone, which says no more than nothing", text: '{"f:a":{".":{}}}', result: '{"f:a":{}}' },
  { title: "null for nothing below", text: '{"f:a":null}', result: '{"f:a":{}}' },
  { title: "steps of a kind not known, which are dropped", text: '{"q:x":{},"f:a":{"z:":{}}}', result: '{"f:a":{}}' },
  {
    title: "fields before keys before values before indexes",
    text: '{"i:1":{},"v:1":{},"k:{\\"a\\":1}":{},"f:z":{}}',
    result: '{"f:z":{},"k:{\\"a\\":1}":{},"v:1":{},"i:1":{}}',
  },
  {
    title: "fields by the bytes of their names",
    text: '{"f:😀":{},"f:ﬀ":{},"f:b":{},"f:B":{}}',
    result: '{"f:B":{},"f:b":{},"f:ﬀ":{},"f:😀":{}}',
  },
  {
    title: "keys sorted inside a step",
    text: '{"k:{\\"protocol\\":\\"TCP\\",\\"containerPort\\":80}":{}}',
    result: '{"k:{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"}":{}}',
  },
  {
    title: "items by their keys: names first, numbers by value",
    text: '{"k:{\\"b\\":1}":{},"k:{\\"a\\":10}":{},"k:{\\"a\\":9}":{},"k:{\\"a\\":\\"9\\"}":{},"k:{\\"a\\":9,\\"c\\":0}":{}}',
    result:
      '{"k:{\\"a\\":9}":{},"k:{\\"a\\":9,\\"c\\":0}":{},"k:{\\"a\\":10}":{},"k:{\\"a\\":\\"9\\"}":{},"k:{\\"b\\":1}":{}}',
  },
  {
    title: "values: numbers, texts, booleans, lists, objects, null",
    text: '{"v:null":{},"v:{\\"a\\":1}":{},"v:[1]":{},"v:true":{},"v:false":{},"v:\\"a\\"":{},"v:2":{},"v:1.5":{}}',
    result: '{"v:1.5":{},"v:2":{},"v:\\"a\\"":{},"v:false":{},"v:true":{},"v:[1]":{},"v:{\\"a\\":1}":{},"v:null":{}}',
  },
  { title: "one spelling for equal numbers", text: '{"v:1.0":{},"v:1":{}}', result: '{"v:1":{}}' },
];

for (const { title, text, result } of rewritten) {
  test(`FieldsV1 is written in one form: ${title}`, () => assert.equal(again(text), result));
}

const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
for (const step of [`v:${deep}`, `k:{"a":${deep}}`]) {
  test(`FieldsV1 is refused when the value in a step is nested too deeply: ${step.slice(0, 8)}...`, () => {
    assert.throws(() => readFieldsV1(parse(JSON.stringify({ [step]: {} }))), SyntaxError);
  });
}

for (const text of [
  '{"":{}}',
  '{"f":{}}',
  '{"fa":{}}',
  '{"v:":{}}',
  '{"k:1":{}}',
  '{"k:[]":{}}',
  '{"k:{":{}}',
  '{"i:x":{}}',
  '{"f:a":1}',
  '{"f:a":[]}',
  '"f:a"',
  "[]",
]) {
  test(`FieldsV1 is refused when it is ${text}`, () => {
    assert.throws(() => readFieldsV1(parse(text)), SyntaxError);
  });
}

test("FieldsV1 that goes deeper than any type is refused", () => {
  const deep = (levels: number) => `${'{"f:a":'.repeat(levels)}{}${"}".repeat(levels)}`;
  assert.equal([...pathsOf(readFieldsV1(parse(deep(100))))][0]?.length, 100);
  assert.throws(() => readFieldsV1(parse(deep(300))), SyntaxError);
});

test("Steps spell what HTML would read as Go does", () => {
  assert.equal(valueStep("a<b"), 'v:"a\\u003cb"');
  assert.equal(keyStep({ name: "&" }), 'k:{"name":"\\u0026"}');
  assert.equal(parseStep('v:"a<b"'), 'v:"a\\u003cb"');
});

test("Paths are shown as messages show them", () => {
  const path = ["f:spec", "f:containers", keyStep({ name: 'a"b', port: 80 }), "f:args", valueStep("x"), "i:3"];
  assert.equal(printPath(path), '.spec.containers[name="a\\"b",port=80].args[="x"][3]');
});

test("Paths come by level: what is owned at one, then what is below", () => {
  const set = setOf([["f:b", "f:c"], ["f:a"], ["f:a", "f:d"], ["f:b"]]);
  assert.deepEqual([...pathsOf(set)].map(printPath), [".a", ".b", ".a.d", ".b.c"]);
});
