import assert from "node:assert/strict";
import { test } from "node:test";
import { readSensitivities } from "./read-sensitivities.ts";

const head = "apiVersion: strongroom.dev/v1\nkind: SecretSensitivities\n";

test("Rules are read in their order", () => {
  const text = `${head}rules:\n- {namespace: prod, name: "db-*", sensitivity: 0.95}\n- {sensitivity: 0}\n`;
  assert.deepEqual(readSensitivities(text, "f"), [
    { namespace: "prod", name: "db-*", sensitivity: 0.95 },
    { namespace: undefined, name: undefined, sensitivity: 0 },
  ]);
});

for (const [text, message] of [
  ["rules: []", /must begin with apiVersion/],
  [`${head}rules: {}`, /a list named rules/],
  [`${head}rules: [{sensitivity: 2}]`, /rule 1: sensitivity must be a number from 0 to 1/],
  [`${head}rules: [{sensitivity: .nan}]`, /from 0 to 1/],
  [`${head}rules: [{sensitivty: 1}]`, /no field "sensitivty"/],
  [`${head}rules: [{name: [a], sensitivity: 1}]`, /name must be a text/],
  [`${head}rules: [`, /must be YAML/],
] as const) {
  test(`A file that would be misread is refused: ${message.source}`, () => {
    assert.throws(() => readSensitivities(text, "f"), message);
  });
}
