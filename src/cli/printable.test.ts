import assert from "node:assert/strict";
import { test } from "node:test";
import { printable, printableJson } from "./printable.ts";

const hostile = "a\u001b[31m\u0007\r\n\u202e\u200b\u009b\ud800z\u{e0001}";

test("What a terminal would obey or not show is shown as its number", () => {
  assert.equal(printable(hostile), "a\\u{1b}[31m\\u{7}\\u{d}\\u{a}\\u{202e}\\u{200b}\\u{9b}\\u{d800}z\\u{e0001}");
  assert.equal(printable("grüße 東京 🔑"), "grüße 東京 🔑");
});

test("JSON with such text is plain to see and means the same", () => {
  const text = printableJson({ [hostile]: [hostile] });
  assert.match(text, /^[\x20-\x7e\n]*$/);
  assert.deepEqual(JSON.parse(text), { [hostile]: [hostile] });
});
