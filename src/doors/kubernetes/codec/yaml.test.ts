import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Namespace, Secret } from "../schema/core-v1.ts";
import { DecodeError, valuesMax } from "./decode-error.ts";
import { decodeObject } from "./decode-object.ts";
import { parseJson } from "./json-parser.ts";
import { equalJson } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { writeJson } from "./json-writer.ts";
import { parseYaml, writeYaml, yamlTokensMax } from "./yaml.ts";

const parse = (text: string): ReturnType<typeof parseYaml> => parseYaml(Buffer.from(text));

function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`testdata/${name}`, import.meta.url), "utf8")) as T; // ours
}

interface BodyCase {
  readonly name: string;
  readonly format: "json" | "yaml";
  readonly kind: string;
  readonly body: string;
  readonly error?: string;
  readonly strict?: string[];
  readonly result?: JsonObject;
}

/** Bodies the reference accepts and we refuse rather than change or ignore a part of them. */
const refusedHere: ReadonlyMap<string, RegExp> = new Map([
  ["yaml: two documents", /one document/],
  ["yaml: trailing garbage", /line 7/],
  ["yaml: key .inf", /finite/],
]);

test("Every YAML body of the fixture is read or refused as the reference does", () => {
  const cases = fixture<BodyCase[]>("decode-bodies.json").filter(({ format }) => format === "yaml");
  assert.ok(cases.length > 100);
  for (const body of cases) {
    const refusal = refusedHere.get(body.name);
    if (refusal !== undefined || body.error !== undefined) {
      assert.throws(() => read(body), refusal ?? DecodeError, body.name);
      continue;
    }
    const { unknownFields, duplicates, object } = read(body);
    const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
    const { kind: _k, apiVersion: _a, ...expected } = body.result ?? {};
    assert.equal(JSON.stringify(rest), JSON.stringify(expected), body.name);
    const strict = body.strict ?? [];
    assert.equal(
      duplicates.length > 0,
      strict.some((text) => text.includes("already set in map")),
      body.name,
    );
    const unknown = strict.filter((text) => text.startsWith("unknown field"));
    assert.deepEqual(
      unknownFields.map((path) => `unknown field ${JSON.stringify(path)}`).toSorted(),
      unknown.toSorted(),
      body.name,
    );
  }
});

function read(body: BodyCase): ReturnType<typeof decodeObject> & { duplicates: string[] } {
  const { value, duplicates } = parse(body.body);
  const message = body.kind === "Namespace" ? Namespace : Secret;
  return { ...decodeObject(message, value, { kind: body.kind, apiVersion: "v1" }), duplicates };
}

test("What is wrong is said in the reference's words, without the body's", () => {
  for (const [text, message] of [
    ["a: @x", "yaml: line 1: found character that cannot start any token"],
    ["a:\n\tb: c", "yaml: line 2: found character that cannot start any token"],
    ["a: b: c", "yaml: line 1: mapping values are not allowed in this context"],
    ["<<: x", "yaml: map merge requires map or sequence of maps as the value"],
    ["%YAML 1.2\n---\na: b", "yaml: found incompatible YAML document"],
    ["a: \u0001", "yaml: control characters are not allowed"],
    ["a: &x\n  b: *x", "yaml: anchor value contains itself"],
    ["a: &x {<<: *x}", "yaml: anchor value contains itself"],
    ["a: *x", "yaml: unknown anchor referenced"],
  ] as const) {
    assert.throws(() => parse(text), { name: "DecodeError", message }, text);
  }
});

test("No error of parseYaml contains a scalar of the body", () => {
  const canary = "c4n4ry";
  for (const text of [
    `a: *${canary}`,
    `a: &${canary}\n  b: *${canary}`,
    `a: "\\q${canary}`,
    `a: {${canary}`,
    `a: 'b' ${canary}`,
    `- a\n${canary}: c`,
    `a: !!int ${canary}`,
    `a: !!bool ${canary}`,
    `? [${canary}]\n: x`,
    `${canary}: x: y`,
    `a: |x${canary}\n  y`,
    `<<: ${canary}`,
    `a: b\n---\n${canary}: c`,
  ]) {
    assert.throws(
      () => parse(text),
      (error) => error instanceof DecodeError && !error.message.includes(canary),
      text,
    );
  }
});

test("Duplicate keys are reported by their path, and the last one counts", () => {
  const { value, duplicates } = parse("a:\n  b: 1\n  b: 2\nc:\n- d: 1\n  d: 2\n");
  assert.deepEqual(duplicates, ["a.b", "c[0].d"]);
  assert.equal(writeJson(value), '{"a":{"b":2},"c":[{"d":2}]}');
});

test("Objects have no prototype, and keys named like its members are keys", () => {
  const { value } = parse("__proto__: {a: 1}\nconstructor: x\n");
  assert.equal(Object.getPrototypeOf(value), null);
  assert.equal(writeJson(value), '{"__proto__":{"a":1},"constructor":"x"}');
});

test("A body that is JSON is read as JSON, with pairs of surrogate escapes and without a token limit", () => {
  assert.equal(writeJson(parse('{"a":"\\ud83d\\ude00"}').value), '{"a":"😀"}');
  const items = Array.from({ length: 60_000 }, (_, index) => index);
  assert.deepEqual(parse(JSON.stringify(items)).value, items);
});

test("A flow mapping that is not JSON is read as YAML", () => {
  assert.equal(writeJson(parse("{a: b, c: [yes, 010]}").value), '{"a":"b","c":[true,8]}');
});

test("Alias bombs are refused, whether they multiply values or text", () => {
  const levels = "bcdefghi".split("").map((name, index) => {
    const below = "abcdefgh".charAt(index);
    return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${below}`).join(",")}]`;
  });
  assert.throws(() => parse(`a: &a [x,x]\n${levels.join("\n")}\n`), /at most 200000 values/);
  const long = `a: &a ${"x".repeat(100_000)}\n`;
  const aliases = Array.from({ length: 100 }, (_, index) => `b${index}: *a`).join("\n");
  assert.throws(() => parse(long + aliases), /excessive aliasing/);
});

test("Aliases in moderate use are read", () => {
  assert.equal(
    writeJson(parse("a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\n").value),
    '{"a":{"b":1},"c":{"b":1},"d":{"b":1,"e":2}}',
  );
});

test("Bodies that cost more than they may are refused: nesting, tokens, values", () => {
  for (const text of ["[".repeat(100_000), "- ".repeat(100_000), "? ".repeat(50_000), "{a: ".repeat(50_000)]) {
    assert.throws(() => parse(text), DecodeError, text.slice(0, 4));
  }
  assert.throws(() => parse("a\n:\n".repeat(yamlTokensMax)), /at most 100000 tokens/);
  assert.throws(() => parse(`[${"{},".repeat(valuesMax)}]`), DecodeError);
});

test("Every object of the fixture is read back from the YAML we write, and from the reference's", () => {
  const objects = fixture<{ name: string; json: string; yaml?: string }[]>("objects.json");
  let same = 0;
  for (const { name, json, yaml } of objects) {
    const { value } = parseJson(Buffer.from(json));
    const text = writeYaml(value);
    assert.ok(equalJson(parse(text).value, value), name);
    if (yaml === undefined) continue;
    assert.ok(equalJson(parse(yaml).value, value), name);
    if (text === yaml) same++;
  }
  // The rest differ in the order or the quotes of unusual keys and texts.
  assert.ok(same >= 19, String(same));
});

test("writeYaml quotes what YAML 1.1 or 1.2 would take for something else", () => {
  for (const text of [
    "yes",
    "n",
    "null",
    "~",
    "1",
    "0x1",
    "1:30",
    "2024-01-01",
    "",
    " a",
    "a ",
    "a: b",
    "a #b",
    "- a",
    "*a",
    "&a",
    "!a",
    "%a",
    "@a",
    "`a",
    "{a",
    "[a",
    "'a",
    '"a',
    "|",
    ">",
    "a\nb",
    "\u0085",
    "\ufeff",
    ".inf",
    "-",
    "---",
    "...",
  ]) {
    const written = writeYaml(text);
    assert.equal(written.charAt(0), '"', text);
    assert.equal(parse(written).value, text);
  }
  for (const text of ["Opaque", "kubernetes.io/tls", "aGVsbG8=", "two words", "f:data"]) {
    assert.equal(writeYaml(text), `${text}\n`);
  }
});

test("writeYaml writes keys of any length", () => {
  const value = parseJson(Buffer.from(`{"${"k".repeat(5000)}":{"a":[[],{},[1]]},"b":null}`)).value;
  assert.ok(equalJson(parse(writeYaml(value)).value, value));
});
