import assert from "node:assert/strict";
import { test } from "node:test";

import { editDistance, suggestionFor } from "./suggestion.ts";

const distances: readonly (readonly [string, string, number])[] = [
  ["serve", "serve", 0],
  ["", "abc", 3],
  ["abc", "", 3],
  ["srve", "serve", 1],
  ["sserve", "serve", 1],
  ["sarve", "serve", 1],
  ["esrve", "serve", 1],
  ["evres", "serve", 3],
];

for (const [a, b, distance] of distances) {
  test(`editDistance from ${JSON.stringify(a)} to ${JSON.stringify(b)} is ${distance}`, () => {
    assert.equal(editDistance(a, b), distance);
  });
}

const names = ["serve", "secret", "kubeconfig", "version", "help"];
const suggestions: readonly (readonly [string, string | undefined])[] = [
  ["srve", "serve"],
  ["kubecofnig", "kubeconfig"],
  ["vresion", "version"],
  ["kube", "kubeconfig"], // the only one that begins so
  ["se", undefined], // two begin so, and half of it would have to change
  ["x", undefined],
  ["", undefined],
  ["delete", undefined],
];

for (const [word, suggestion] of suggestions) {
  test(`suggestionFor ${JSON.stringify(word)} is ${suggestion ?? "nothing"}`, () => {
    assert.equal(suggestionFor(word, names), suggestion);
  });
}
