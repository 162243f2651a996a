import assert from "node:assert/strict";
import { test } from "node:test";
import { FactSet } from "./fact-set.ts";

test("A gap makes a kind unknown where it is, whatever was listed", () => {
  const facts = new FactSet("cluster");
  facts.markListed("Secret");
  assert.equal(facts.knows("Secret"), true);
  facts.addGap({ kind: "Secret", namespace: "a", reason: "forbidden", message: "the cluster refused it" });
  assert.deepEqual(
    [facts.knows("Secret"), facts.knows("Secret", "a"), facts.knows("Secret", "b"), facts.knows("Role", "a")],
    [false, false, true, false],
  );
  facts.addGap({ kind: "Secret", namespace: "", reason: "failed", message: "the cluster did not answer" });
  assert.equal(facts.knows("Secret", "b"), false);
  facts.closeGap({ kind: "Secret", namespace: "" });
  facts.closeGap({ kind: "Secret", namespace: "a" });
  assert.deepEqual([facts.knows("Secret"), facts.coverage.gaps], [true, []]);
});

test("A later gap of the same kind and namespace takes the place of the first", () => {
  const facts = new FactSet("cluster");
  for (const message of ["one", "two"]) facts.addGap({ kind: "Role", namespace: "", reason: "failed", message });
  assert.deepEqual(
    facts.coverage.gaps.map(({ message }) => message),
    ["two"],
  );
});
