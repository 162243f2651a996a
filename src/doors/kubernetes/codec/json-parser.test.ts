import assert from "node:assert/strict";
import { test } from "node:test";
import { DecodeError, nestingDepthMax, strictErrorsMax, valuesMax } from "./decode-error.ts";
import { parseJson } from "./json-parser.ts";
import { cloneJson, equalJson } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { writeJson } from "./json-writer.ts";

const parse = (text: string): ReturnType<typeof parseJson> => parseJson(Buffer.from(text));

test("parseJson reads every kind of value", () => {
  const text = '{"a":[1,-2.5,1e3,0.1,true,false,null,"x",{}],"b":{"c":[]}}';
  assert.equal(JSON.stringify(parse(` \t\r\n${text}\n`).value), JSON.stringify(JSON.parse(text)));
});

test("parseJson reads all escapes", () => {
  assert.equal(parse('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00!"').value, '"\\/\b\f\n\r\té😀!');
});

test("parseJson builds objects without prototype and keeps keys named like its members", () => {
  const value = parse('{"__proto__":{"x":1},"constructor":2,"hasOwnProperty":3}').value as JsonObject; // an object
  assert.equal(Object.getPrototypeOf(value), null);
  assert.deepEqual(Object.keys(value), ["__proto__", "constructor", "hasOwnProperty"]);
});

test("parseJson reports duplicate fields by their path, once each, and keeps the last value", () => {
  const { value, duplicates } = parse('{"a":{"b":1,"b":2,"b":3},"c":[{},{"d":1,"d":2}],"a":4}');
  assert.deepEqual(duplicates, ["a.b", "c[1].d", "a"]);
  assert.equal(writeJson(value), '{"a":4,"c":[{},{"d":2}]}');
});

test("parseJson reports at most 100 duplicates", () => {
  const fields = Array.from({ length: 300 }, (_, index) => `"f${index}":1,"f${index}":2`);
  assert.equal(parse(`{${fields.join(",")}}`).duplicates.length, strictErrorsMax);
});

test("parseJson refuses invalid UTF-8 wherever it stands", () => {
  for (const bytes of [
    [0x22, 0xff, 0x22],
    [0x22, 0xc0, 0x80, 0x22],
    [0x22, 0xed, 0xa0, 0x80, 0x22],
    [0x22, 0xe2, 0x82],
    [0x7b, 0x22, 0x80, 0x22, 0x3a, 0x31, 0x7d],
  ]) {
    assert.throws(() => parseJson(Uint8Array.from(bytes)), {
      name: "DecodeError",
      message: "the body must be valid UTF-8",
    });
  }
});

test("parseJson refuses escapes that leave a surrogate alone", () => {
  for (const text of ['"\\ud800"', '"\\udc00"', '"\\ud800x"', '"\\ud800\\u0041"', '"\\ud800\\ud800\\udc00"']) {
    assert.throws(() => parse(text), /surrogate/, text);
  }
});

test("parseJson refuses numbers that a double cannot hold", () => {
  for (const text of ["9007199254740992", "-9007199254740993", "1e400", "-1e400", `1${"0".repeat(400)}`]) {
    assert.throws(() => parse(text), DecodeError, text);
  }
  assert.equal(parse("9007199254740991").value, 9007199254740991);
  assert.equal(parse("-9007199254740991").value, -9007199254740991);
  assert.ok(Object.is(parse("-0").value, 0));
});

test("parseJson follows nesting up to its limit, and what it accepts can be copied, compared and written", () => {
  for (const [open, close] of [
    ["[", "]"],
    ['{"a":', "}"],
  ] as const) {
    const deepest = open.repeat(nestingDepthMax) + (open === "[" ? "" : "1") + close.repeat(nestingDepthMax);
    const { value } = parse(deepest);
    assert.ok(equalJson(value, cloneJson(value)));
    assert.equal(writeJson(value), deepest);
    assert.throws(() => parse(open.repeat(nestingDepthMax + 1)), {
      message: `invalid character '${open.charAt(0)}' exceeded max depth`,
    });
    assert.throws(() => parse(open.repeat(1_000_000)), /exceeded max depth/);
  }
});

test("parseJson reads a string of a megabyte", () => {
  const long = "A".repeat(1 << 20);
  assert.deepEqual(parse(`["${long}","\\n${long}"]`).value, [long, `\n${long}`]);
});

test("parseJson reads a part of a bigger buffer without looking outside it", () => {
  const buffer = Buffer.from('xx{"a":1}yy');
  assert.equal(writeJson(parseJson(buffer.subarray(2, 9)).value), '{"a":1}');
});

test("parseJson bounds the number of values, so that a small body cannot fill the memory", () => {
  const values = "{},".repeat(valuesMax - 2);
  assert.doesNotThrow(() => parse(`[${values}{}]`));
  assert.throws(() => parse(`[${values}{},{}]`), {
    name: "DecodeError",
    message: "the body must have at most 200000 values",
  });
});
