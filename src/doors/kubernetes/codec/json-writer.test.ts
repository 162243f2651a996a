import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson } from "./json-parser.ts";
import { jsonObject } from "./json.ts";
import { writeJson } from "./json-writer.ts";

test("writeJson escapes what Go escapes: HTML characters, line separators, control characters", () => {
  assert.equal(
    writeJson('<a href="x">&\u2028\u2029\b\f\n\r\t\u0000\u001f\u007fé😀/\\'),
    '"\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028\\u2029\\b\\f\\n\\r\\t\\u0000\\u001f\u007fé😀/\\\\"',
  );
});

test("writeJson escapes keys as it escapes values", () => {
  assert.equal(writeJson(jsonObject([["<&>", 1]])), '{"\\u003c\\u0026\\u003e":1}');
});

test("writeJson prints pretty with two blanks a level and empty containers on one line", () => {
  const { value } = parseJson(Buffer.from('{"a":[1,{"b":"<"}],"c":{},"d":[]}'));
  assert.equal(
    writeJson(value, true),
    '{\n  "a": [\n    1,\n    {\n      "b": "\\u003c"\n    }\n  ],\n  "c": {},\n  "d": []\n}',
  );
});

test("writeJson is not misled by a field named toJSON", () => {
  assert.equal(writeJson(jsonObject([["toJSON", "x"]])), '{"toJSON":"x"}');
});
