/**
 * Whole histories of objects - created, updated, applied to by several managers -
 * as the reference tells them: see testdata/README.md.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { runScenario } from "./scenario-server.ts";
import type { Scenario, StepOutcome } from "./scenario-server.ts";

for (const kind of ["secret", "configmap", "namespace", "pod"]) {
  const text = readFileSync(new URL(`testdata/scenarios/${kind}.json`, import.meta.url), "utf8");
  const scenarios = JSON.parse(text) as Scenario[]; // the form of the README
  describe(kind, () => {
    for (const scenario of scenarios) {
      test(`${scenario.name}: every step ends as the reference says`, () => {
        for (const { step, outcome, expected } of runScenario(scenario)) {
          assert.deepEqual(comparable(outcome), comparable(expected), JSON.stringify(step));
        }
      });
    }
  });
}

/** Lines and causes in one order, and no value after "got". */
function comparable(outcome: StepOutcome): StepOutcome {
  if (!("message" in outcome)) return outcome;
  const lines = outcome.message.replaceAll(/(expected [\w ()]+), got .*/g, "$1").split("\n");
  return {
    ...outcome,
    message: lines.toSorted().join("\n"),
    ...(outcome.causes !== undefined && {
      causes: outcome.causes.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))),
    }),
  };
}
