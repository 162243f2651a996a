import assert from "node:assert/strict";
import { test } from "node:test";
import { scoreOf } from "../findings/score.ts";
import { riskOfSecret } from "./risk-model.ts";
import type { RiskInput, SourceReach } from "./risk-model.ts";
import { withFanOut } from "./sensitivity.ts";

const sensitivity = (value: number) => ({ value, because: "test", unknown: [] });
const source = (likelihood: number, reach = 1, name = "s"): SourceReach => ({
  name,
  class: "workload",
  likelihood,
  reach,
});
const riskOf = (sources: readonly SourceReach[], value: number, evidence: RiskInput["evidence"] = "none") =>
  riskOfSecret({ sources, sensitivity: sensitivity(value), evidence, unknown: [] });

for (const [what, likelihood, value, score, severity] of [
  ["a pod reached from the internet that mounts a secret of a production database", 0.9, 0.9, 9, "critical"],
  [
    "a pod of the inside whose account lists secrets, with a cluster administrator's token among them",
    0.5,
    1,
    7.1,
    "high",
  ],
  ["an administrator for emergencies", 0.1, 1, 3.2, "low"],
  ["a secret of a place for trying things out", 0.5, 0.3, 3.9, "low"],
] as const) {
  test(`The risk by ${what} is ${score}`, () => {
    const risk = riskOf([source(likelihood)], value);
    assert.deepEqual([risk.score.value, risk.severity], [score, severity]);
  });
}

test("Of many sources five count, of one name the worst only, in whatever order they come", () => {
  const many = Array.from({ length: 12 }, (_, n) => source(0.1 + n / 20, 1, `s${n}`));
  const risk = riskOf(many, 1);
  assert.deepEqual(risk, riskOf(many.toReversed(), 1));
  assert.equal(risk.score.factors.filter(({ name }) => name.startsWith("source")).length, 5);
  assert.deepEqual(riskOf([source(0.5), source(0.4)], 1), riskOf([source(0.5)], 1));
});

test("Misuse makes it critical whatever else is known, other signs change it by their factor", () => {
  assert.equal(riskOf([source(0.05)], 0.05, "misuse").severity, "critical");
  assert.equal(riskOf([source(0.5)], 0.5, "anomaly").score.value, 6.3);
  assert.equal(riskOf([source(0.5)], 0.5, "denied-probing").score.value, 5.5);
});

test("Every risk is within its bounds, and its factors give the same number again", () => {
  let state = 5;
  const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  for (let round = 0; round < 2000; round++) {
    const sources = Array.from({ length: Math.floor(random() * 9) }, (_, n) => source(random(), random(), `s${n}`));
    const evidence = (["none", "anomaly", "misuse", "never-read"] as const)[Math.floor(random() * 4)] ?? "none";
    const { score } = riskOf(sources, random(), evidence);
    assert.ok(score.value >= 0 && score.value <= 10);
    assert.equal(scoreOf(score), score.value);
    assert.ok(
      riskOf([...sources, source(random(), random(), "more")], 1).score.value >= riskOf(sources, 1).score.value,
    );
  }
});

test("The more places take a value, the more sensitive it is, up to 1", () => {
  assert.equal(withFanOut(sensitivity(0.5), 1).value, 0.5);
  assert.equal(withFanOut(sensitivity(0.5), 10).value, 0.6);
  assert.equal(withFanOut(sensitivity(0.95), 1000).value, 1);
});
