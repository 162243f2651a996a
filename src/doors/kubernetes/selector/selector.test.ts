import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as fc from "fast-check";
import type { JsonObject } from "../codec/json.ts";
import { cloneJson, jsonObject } from "../codec/json.ts";
import { parseFieldSelector } from "./field-selector.ts";
import { parseLabelSelector } from "./label-selector.ts";
import { SelectorError } from "./selector-error.ts";

interface FixtureCase<Result> {
  readonly text: string;
  readonly labels: Record<string, string>[];
  readonly result?: Result;
  readonly error?: string;
}

function readCases<Result>(name: string): FixtureCase<Result>[] {
  const table = JSON.parse(readFileSync(new URL(`testdata/${name}.json`, import.meta.url), "utf8")) as {
    cases: FixtureCase<Result>[];
  }; // the file is ours
  assert.ok(table.cases.length > 40);
  return table.cases;
}

const secretFields = new Set(["metadata.name", "metadata.namespace", "type"]);

test("parseLabelSelector accepts, refuses and matches as apimachinery does", () => {
  for (const { text, labels, result, error } of readCases<{ matches: boolean[] }>("label-selectors")) {
    if (result === undefined)
      assert.throws(() => parseLabelSelector(text), { name: "SelectorError", message: error }, text);
    else {
      const selector = parseLabelSelector(text);
      assert.deepEqual(
        labels.map((set) => selector.matches(cloneJson(set))),
        result.matches,
        text,
      );
    }
  }
});

test("parseFieldSelector accepts, refuses and matches as apimachinery does", () => {
  const cases = readCases<{ matches: boolean[]; exact: string | null }>("field-selectors");
  for (const { text, labels, result, error } of cases) {
    if (result === undefined) {
      assert.throws(() => parseFieldSelector(text, secretFields), { name: "SelectorError", message: error }, text);
      continue;
    }
    const selector = parseFieldSelector(text, secretFields);
    assert.deepEqual(
      labels.map((set) => selector.matches((field) => set[field] ?? "")),
      result.matches,
      text,
    );
    assert.equal(selector.exactMatch("metadata.name") ?? null, result.exact, text);
  }
});

const labelCases: readonly { selector: string; matching: JsonObject[]; others: (JsonObject | undefined)[] }[] = [
  { selector: "", matching: [{}, { a: "b" }], others: [] },
  { selector: "a", matching: [{ a: "" }], others: [{}, undefined] },
  { selector: "!a", matching: [{}, { b: "" }], others: [{ a: "" }] },
  { selector: "a=b", matching: [{ a: "b" }], others: [{ a: "c" }, {}, undefined] },
  { selector: "a==b", matching: [{ a: "b" }], others: [{ a: "" }] },
  { selector: "a!=b", matching: [{ a: "c" }, {}], others: [{ a: "b" }] },
  { selector: "a in (b, c)", matching: [{ a: "b" }, { a: "c" }], others: [{ a: "d" }, {}] },
  { selector: "a notin (b,c)", matching: [{ a: "d" }, {}], others: [{ a: "b" }] },
  { selector: "a in ()", matching: [{ a: "" }], others: [{ a: "b" }, {}] },
  { selector: "a>3", matching: [{ a: "4" }, { a: "9223372036854775807" }], others: [{ a: "3" }, { a: "x" }, {}] },
  { selector: "a<3", matching: [{ a: "-1" }], others: [{ a: "3" }, { a: "9223372036854775808" }, {}] },
  {
    selector: "a=b,c notin (d),!e",
    matching: [{ a: "b" }],
    others: [
      { a: "b", c: "d" },
      { a: "b", e: "" },
    ],
  },
  { selector: "in in (in)", matching: [{ in: "in" }], others: [{}] },
  { selector: "example.com/a=b", matching: [{ "example.com/a": "b" }], others: [{ a: "b" }] },
  {
    selector: "owner=helm,status in (deployed)",
    matching: [{ owner: "helm", status: "deployed" }],
    others: [{ owner: "helm" }],
  },
];

for (const { selector, matching, others } of labelCases) {
  test(`the label selector ${JSON.stringify(selector)} matches what it says and nothing else`, () => {
    const parsed = parseLabelSelector(selector);
    for (const labels of matching) assert.equal(parsed.matches(cloneJson(labels)), true, JSON.stringify(labels));
    for (const labels of others) {
      assert.equal(parsed.matches(labels === undefined ? undefined : cloneJson(labels)), false, JSON.stringify(labels));
    }
  });
}

test("a label selector does not find what only the prototype has", () => {
  for (const name of ["constructor", "toString", "hasOwnProperty"]) {
    assert.equal(parseLabelSelector(name).matches(jsonObject()), false);
  }
});

test("a field selector reads the values its escapes stand for", () => {
  const selector = parseFieldSelector("type=a\\,b\\=c\\\\d,metadata.name!=x", secretFields);
  assert.deepEqual(
    selector.requirements.map(({ field, operator, value }) => [field, operator, value]),
    [
      ["metadata.name", "!=", "x"],
      ["type", "=", "a,b=c\\d"],
    ],
  );
});

test("a field that the kind does not support is refused by name", () => {
  assert.throws(() => parseFieldSelector("data.x=1", secretFields), { message: "field label not supported: data.x" });
});

const selectorText = fc
  .array(
    fc.oneof(
      fc.constantFrom(..."a|in|notin|!|=|==|!=|>|<|(|)|,| |\t|\\|\\,|metadata.name|type|1|\0|é|x/y".split("|")),
      fc.string({ maxLength: 4, unit: "binary" }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

test("any text is a label selector or a SelectorError", () => {
  fc.assert(
    fc.property(selectorText, (text) => {
      try {
        parseLabelSelector(text).matches(cloneJson({ a: "1" }));
      } catch (error) {
        if (!(error instanceof SelectorError)) throw error;
      }
    }),
    { seed: 1005, numRuns: 5000 },
  );
});

test("any text is a field selector or a SelectorError", () => {
  fc.assert(
    fc.property(selectorText, (text) => {
      try {
        parseFieldSelector(text, secretFields).matches(() => "x");
      } catch (error) {
        if (!(error instanceof SelectorError)) throw error;
      }
    }),
    { seed: 1006, numRuns: 5000 },
  );
});

test("selectors as long as a URL may be are parsed in linear time", () => {
  const started = performance.now();
  for (const text of [
    "a,".repeat(50_000),
    " ".repeat(100_000),
    "a in (" + "b,".repeat(50_000) + ")",
    "(".repeat(100_000),
  ]) {
    try {
      parseLabelSelector(text);
    } catch (error) {
      assert.ok(error instanceof SelectorError);
    }
  }
  assert.throws(() => parseFieldSelector("\\".repeat(100_001), secretFields), SelectorError);
  assert.ok(performance.now() - started < 5_000);
});
