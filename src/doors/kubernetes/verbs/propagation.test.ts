import assert from "node:assert/strict";
import { test } from "node:test";
import { finalizersOfDeleted } from "./propagation.ts";

type Options = Parameters<typeof finalizersOfDeleted>[1];

const silent: Options = { propagationPolicy: undefined, orphanDependents: undefined };

const cases: [before: string[], options: Partial<Options>, after: string[]][] = [
  [[], {}, []],
  [["a"], {}, ["a"]],
  [["orphan"], {}, ["orphan"]],
  [["foregroundDeletion", "a"], {}, ["foregroundDeletion", "a"]],
  [["a"], { propagationPolicy: "Foreground" }, ["a", "foregroundDeletion"]],
  [["orphan", "a"], { propagationPolicy: "Foreground" }, ["a", "foregroundDeletion"]],
  [["foregroundDeletion"], { propagationPolicy: "Orphan" }, ["orphan"]],
  [["foregroundDeletion", "a"], { propagationPolicy: "Background" }, ["a"]],
  [["orphan"], { propagationPolicy: "Background" }, []],
  [["orphan", "a"], { propagationPolicy: "Orphan" }, ["orphan", "a"]],
  [["a"], { orphanDependents: true }, ["a", "orphan"]],
  [["foregroundDeletion"], { orphanDependents: true }, ["orphan"]],
  [["orphan", "a"], { orphanDependents: false }, ["a"]],
];

for (const [before, options, after] of cases) {
  test(`Finalizers [${before.join(", ")}] deleted with ${JSON.stringify(options)} are [${after.join(", ")}]`, () => {
    assert.deepEqual(finalizersOfDeleted(before, { ...silent, ...options }), after);
  });
}

test("A hundred thousand finalizers are compared in no time", () => {
  const many = Array.from({ length: 100_000 }, (_, index) => `example.com/${index}`);
  const started = performance.now();
  assert.equal(finalizersOfDeleted(many, silent), many);
  assert.ok(performance.now() - started < 2000);
});
