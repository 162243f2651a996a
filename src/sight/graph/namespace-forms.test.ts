import assert from "node:assert/strict";
import { test } from "node:test";
import { namesMatching } from "./namespace-forms.ts";

test("Each form is an expression for the whole name; without any, all names are meant", () => {
  assert.equal(namesMatching([])("any"), true);
  const matches = namesMatching(["b", "b-.*", "team-[0-9]+"]);
  for (const name of ["b", "b-", "b-x", "team-12"]) assert.equal(matches(name), true, name);
  for (const name of ["bb", "a", "xb-x", "team-", "team-1x"]) assert.equal(matches(name), false, name);
});

test("What is no expression stands for itself, and what is too much for everything", () => {
  assert.deepEqual([namesMatching(["(a"])("(a"), namesMatching(["(a"])("a")], [true, false]);
  assert.equal(namesMatching(Array.from({ length: 101 }, (_, n) => `x${n}`))("other"), true);
  assert.equal(namesMatching(["x".repeat(201)])("other"), true);
});

test("A form that is made to take for ever does not", () => {
  const started = performance.now();
  for (const form of ["(a*)*b", "(a+)+b", "(a|a)*b", "(.*)*b", "a*a*a*a*a*a*a*a*a*b"]) {
    assert.equal(namesMatching([form])("a".repeat(63)), false, form);
  }
  assert.ok(performance.now() - started < 5000, "by trying one after the other, this would take centuries");
});
