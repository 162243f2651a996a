import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as holds, integer, property, string } from "fast-check";
import { columnsOf, shortened, visible } from "./visible.ts";

test("What acts on a terminal, reorders a line or cannot be seen is shown as its code", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["plain-name.example", "plain-name.example"],
    ["\u001b[2J", "\\u{1b}[2J"],
    ["a\nb\r\u0000", "a\\u{a}b\\u{d}\\u{0}"],
    ["\u202ejane\u2066", "\\u{202e}jane\\u{2066}"],
    ["a\u200bb\ufeff\u00ad", "a\\u{200b}b\\u{feff}\\u{ad}"],
    ["\u3164\u2800\u115f", "\\u{3164}\\u{2800}\\u{115f}"],
    ["a\u00a0b", "a\\u{a0}b"],
    ["\ud800x", "\\u{d800}x"],
    ["\ufffe", "\\u{fffe}"],
    ["Jürgen 王 ﷽ 😀", "Jürgen 王 ﷽ 😀"],
  ];
  for (const [text, shown] of cases) assert.equal(visible(text), shown);
  assert.equal(visible(`e${"\u0301".repeat(9)}`), `e${"\u0301".repeat(4)}${"\\u{301}".repeat(5)}`);
});

test("What a pipeline would obey is no longer so", () => {
  assert.equal(visible("::error::x"), "\\u{3a}:error::x");
  assert.equal(visible("a ::stop-commands::b"), "a \\u{3a}:stop-commands::b");
  assert.equal(visible("x##vso[task.setvariable]"), "x\\u{23}#vso[task.setvariable]");
  assert.equal(visible("##[group]a ##teamcity[x]"), "\\u{23}#[group]a \\u{23}#teamcity[x]");
  assert.equal(visible("arn:aws:iam::123:role/x"), "arn:aws:iam::123:role/x");
});

test("Nothing hidden is left of any text, and doing it again changes nothing", () => {
  const texts = string({ unit: "binary", maxLength: 60 });
  holds(
    property(texts, (text) => {
      const shown = visible(text);
      assert.doesNotMatch(shown, /[\p{C}\p{Zl}\p{Zp}]/u);
      assert.equal(visible(shown), shown);
    }),
  );
});

test("A shortened text has at most so many columns and keeps both ends", () => {
  assert.equal(shortened("abcdefghij", 7), "abc…hij");
  assert.equal(shortened("short", 7), "short");
  const texts = string({ unit: "grapheme", maxLength: 40 }).map(visible);
  holds(
    property(texts, integer({ min: 1, max: 30 }), (text, max) => {
      assert.ok(columnsOf(shortened(text, max)) <= max);
    }),
  );
});
