import assert from "node:assert/strict";
import { test } from "node:test";

import { CommandFailure } from "./command-failure.ts";
import { helpFlag, parseFlags, repeatableFlag, switchFlag, valueFlag } from "./flags.ts";

const dir = valueFlag("dir", "DIR", "");
const san = repeatableFlag("san", "NAME", "");
const json = switchFlag("json", "");
const flags = [dir, san, json];

test("parseFlags reads values after a blank and after an equals sign, and operands in between", () => {
  const parsed = parseFlags(flags, ["a", "--dir", "x", "--san=1", "b", "--san", "2", "--json"]);
  assert.equal(parsed.flags.one(dir), "x");
  assert.deepEqual(parsed.flags.many(san), ["1", "2"]);
  assert.equal(parsed.flags.has(json), true);
  assert.deepEqual(parsed.operands, ["a", "b"]);
});

test("parseFlags leaves flags that were not given undefined", () => {
  const parsed = parseFlags(flags, []);
  assert.equal(parsed.flags.one(dir), undefined);
  assert.equal(parsed.flags.many(san), undefined);
  assert.equal(parsed.flags.has(json), false);
});

test("parseFlags takes everything after -- as operands", () => {
  assert.deepEqual(parseFlags(flags, ["--", "--dir", "-x"]).operands, ["--dir", "-x"]);
});

test("parseFlags knows --help and -h everywhere", () => {
  for (const arg of ["--help", "-h"]) assert.equal(parseFlags([], [arg]).flags.has(helpFlag), true);
});

test("parseFlags takes a value that begins with a dash after an equals sign, and a lone dash", () => {
  assert.equal(parseFlags(flags, ["--dir=-x"]).flags.one(dir), "-x");
  assert.equal(parseFlags(flags, ["--dir", "-"]).flags.one(dir), "-");
});

const refused: readonly (readonly [string, readonly string[], string])[] = [
  ["an unknown flag", ["--dri", "x"], "there is no flag --dri"],
  ["an unknown short flag", ["-x"], "there is no flag -x"],
  ["a flag of the object prototype", ["--constructor"], "there is no flag --constructor"],
  ["__proto__", ["--__proto__=x"], "there is no flag --__proto__"],
  ["a missing value", ["--dir"], "--dir needs a value: --dir DIR"],
  ["an empty value", ["--dir="], "--dir needs a value: --dir DIR"],
  ["a flag in the place of a value", ["--dir", "--json"], "--dir needs a value: --dir DIR"],
  ["a value for a switch", ["--json=yes"], "--json takes no value"],
  ["a negated switch", ["--no-json"], "there is no flag --no-json"],
  ["two values for one", ["--dir", "a", "--dir", "b"], "--dir must be given once only"],
];

for (const [what, args, message] of refused) {
  test(`parseFlags refuses ${what}`, () => {
    assert.throws(
      () => parseFlags(flags, args),
      (error) => error instanceof CommandFailure && error.exitCode === 2 && error.message === message,
    );
  });
}
