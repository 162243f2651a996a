import assert from "node:assert/strict";
import { test } from "node:test";
import { isStrongroomError } from "../errors/strongroom-error.ts";
import { expressionLengthMax, loadCel } from "./cel.ts";
import type { CelInputs } from "./cel-values.ts";

const cel = await loadCel();
const object = {
  metadata: { name: "db-password", labels: { team: "a" } },
  items: [{ v: 1 }, { v: 2.5 }],
  empty: {},
  absent: null,
};

function evaluate(expression: string, variables: CelInputs = { object }, costMax?: number) {
  return cel.compile(expression, new Set(Object.keys(variables))).evaluate(variables, costMax);
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isStrongroomError(error, "invalid")) return error.message;
    throw error;
  }
  return "";
}

const results: readonly [expression: string, result: unknown][] = [
  ['object.metadata.name.startsWith("db-")', true],
  ['object.metadata.labels["team"] in ["a", "b"]', true],
  ["has(object.metadata.labels.team) && !has(object.metadata.annotations)", true],
  ["object.items.all(item, item.v < 3) && object.items.exists(item, item.v == 2.5)", true],
  ["object.items.map(item, double(item.v) * 2.0)", [2, 5]],
  ['"a,b".split(",")', ["a", "b"]],
  ['object.metadata.name.matches("^db-[a-z]+$")', true],
  ["size(object.items) + 1", 3],
  ["object.absent == null", true],
  ["{'a': object.empty}", { a: {} }],
  ['type(object.items[0].v) == int ? "int" : "other"', "int"],
  ['"%s has %d".format(["x", 2])', "x has 2"],
  ["false && object.missing", false],
];

for (const [expression, result] of results) {
  test(`${expression} is ${JSON.stringify(result)}`, () => assert.deepEqual(evaluate(expression), result));
}

test("An expression names what it does not have when it is compiled", () => {
  const compile = (expression: string) => refusal(() => cel.compile(expression, new Set(["object"])));
  assert.equal(compile("object.x.frobnicate()"), "undeclared reference to 'frobnicate'");
  assert.equal(compile("params.x"), "undeclared reference to 'params'");
  assert.equal(compile("object.all(x, y)"), "undeclared reference to 'y'");
  assert.equal(compile("google.protobuf.Timestamp{}"), "undeclared reference to 'google.protobuf.Timestamp'");
  assert.equal(compile("@step()") !== "", true, "the function that costs cannot be spelled");
  assert.match(compile("1 +"), /^Syntax error: /);
  assert.match(compile(`${"(".repeat(8000)}1${")".repeat(8000)}`), /nested less deeply/);
  assert.match(compile("1".repeat(expressionLengthMax + 1)), /at most 16384 characters/);
});

test("An error of an expression has a reason, and is no result", () => {
  assert.notEqual(
    refusal(() => evaluate("object.missing.name")),
    "",
  );
  assert.match(
    refusal(() => evaluate('object.metadata.name + 1 == "x"')),
    /no matching overload/,
  );
  assert.match(
    refusal(() => evaluate("1 / 0")),
    /zero/,
  );
  assert.match(
    refusal(() => evaluate('timestamp("2024-01-01T00:00:00Z")')),
    /must be JSON/,
  );
});

test("What costs too much ends: nested loops, long texts for regular expressions, patterns made to hang", () => {
  const numbers = Array.from({ length: 2000 }, (_, index) => index);
  const tooMuch = "the expression costs more than is allowed";
  for (const expression of [
    "numbers.all(a, numbers.all(b, numbers.all(c, a + b + c >= 0)))",
    "numbers.map(a, numbers.map(b, a + b)).size() > 0",
    "numbers.exists(a, numbers.filter(b, b > a).size() == -1)",
    "numbers.exists_one(a, numbers.exists_one(b, a == b))",
  ]) {
    assert.equal(
      refusal(() => evaluate(expression, { numbers })),
      tooMuch,
      expression,
    );
  }
  const text = `${"a".repeat(2_000_000)}!`;
  assert.equal(
    refusal(() => evaluate('text.matches("^(a+)+$")', { text })),
    tooMuch,
  );
  assert.equal(evaluate('text.matches("^(a+)+$")', { text: text.slice(-10_000) }), false, "in linear time");
  assert.equal(evaluate("numbers.all(a, a >= 0)", { numbers }), true);
  assert.equal(
    refusal(() => evaluate("numbers.all(a, a >= 0)", { numbers }, 1999)),
    tooMuch,
  );
});

test("What grows, or is compared, costs by its size: no expression fills the memory or takes seconds", () => {
  const numbers = Array.from({ length: 20_000 }, (_, index) => index);
  const text = "a".repeat(100_000);
  const doubled = (start: string, times: number) => start + ".map(a, a + a)".repeat(times);
  const tooMuch = "the expression costs more than is allowed";
  for (const expression of [
    `${doubled('["aaaaaaaaaaaaaaaa"]', 24)}[0].size() > 0`,
    `${doubled("[[1, 2, 3, 4]]", 30)}[0].size() > 0`,
    `${"[1]".concat(".map(a, [a, a])".repeat(30))} == [2]`,
    'text.replace("a", text).size() > 0',
    'text.split("").join(text).size() > 0',
    "numbers.all(k, !(-1 in numbers))",
    'numbers.all(k, !text.contains("b"))',
    "numbers.all(k, numbers == numbers)",
    "true || numbers.all(k, numbers == numbers)",
  ]) {
    const spent = refusal(() => evaluate(expression, { numbers, text }));
    assert.equal(spent, expression.startsWith("true ||") ? "" : tooMuch, expression);
  }
  assert.equal(
    refusal(() => evaluate("numbers.all(k, numbers == numbers) || true", { numbers })),
    tooMuch,
    "nothing makes up for it",
  );
  assert.deepEqual(evaluate("numbers.map(k, k + 1).filter(k, k % 2 == 0).size()", { numbers }), 10_000);
  assert.equal(
    evaluate("object == other", { object: { text: text.repeat(10) }, other: { text: text.repeat(10) } }),
    true,
  );
});

test("Lists that are gathered are not those they were made of", () => {
  assert.deepEqual(evaluate("[[1, 2], [3]].map(a, a.map(b, b * 2))"), [[2, 4], [6]]);
  assert.deepEqual(evaluate("[1, 2, 3].map(a, [1, 2, 3].filter(b, b <= a))"), [[1], [1, 2], [1, 2, 3]]);
  assert.deepEqual(evaluate("[1, 2].map(a, [a]) + [[3]]"), [[1], [2], [3]]);
  assert.equal(evaluate("[1, 2, 2].exists_one(a, a == 1)"), true);
});

test("Texts are replaced and joined as cel-go does", () => {
  for (const [expression, result] of [
    ['"hello hello".replace("he", "we")', "wello wello"],
    ['"hello hello".replace("he", "we", 1)', "wello hello"],
    ['"hello hello".replace("he", "we", 0)', "hello hello"],
    ['"hello hello".replace("he", "we", -1)', "wello wello"],
    ['"ab".replace("", "_")', "_a_b_"],
    ['"ab".replace("", "_", 2)', "_a_b"],
    ['"".replace("", "_")', "_"],
    ['"a😀".replace("", "_")', "_a_😀_"],
    ['"ab".replace("x", "_")', "ab"],
    ['["a", "b"].join()', "ab"],
    ['["a", "b"].join(", ")', "a, b"],
    ["[].join('-')", ""],
  ] as const) {
    assert.equal(evaluate(expression), result, expression);
  }
});

test("Times are timestamps, and addresses are in networks", () => {
  const time = new Date("2026-03-01T22:30:00Z");
  assert.equal(evaluate("time.getHours() == 22 && time.getHours('Europe/Berlin') == 23", { time }), true);
  const inNetwork = (address: string, network: string) => evaluate(`inCIDR("${address}", "${network}")`, {});
  assert.equal(inNetwork("10.1.2.3", "10.0.0.0/8"), true);
  assert.equal(inNetwork("::ffff:10.1.2.3", "10.0.0.0/8"), true);
  assert.equal(inNetwork("11.1.2.3", "10.0.0.0/8"), false);
  assert.equal(inNetwork("fd00::1", "fd00::/8"), true);
  assert.equal(inNetwork("", "10.0.0.0/8"), false);
  assert.match(
    refusal(() => inNetwork("10.1.2.3", "10.0.0.0/33")),
    /must be a network in CIDR notation/,
  );
});

test("An expression says which variables it uses", () => {
  const { uses } = cel.compile(
    "object.items.all(item, item.v > 0) || user == 'x'",
    new Set(["object", "user", "time"]),
  );
  assert.deepEqual([...uses].toSorted(), ["object", "user"]);
});

test("An expression says which fields it names, and which variables it uses as a whole", () => {
  const told = (expression: string) => {
    const { selects, wholes } = cel.compile(expression, new Set(["secret"]));
    return [[...selects], wholes.has("secret")];
  };
  assert.deepEqual(told('secret.name == "db" || has(secret.labels)'), [["secret.name", "secret.labels"], false]);
  assert.deepEqual(told('[secret].exists(s, s.name == "db")'), [["s.name"], true]);
});

test("Names of a prototype are no fields", () => {
  assert.equal(evaluate("has(object.constructor) || has(object.__proto__) || has(object.metadata.toString)"), false);
});
