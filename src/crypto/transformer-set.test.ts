import assert from "node:assert/strict";
import { test } from "node:test";

import { TransformerSet } from "./transformer-set.ts";
import type { Transformer } from "./transformer.ts";

function dummy(): Transformer {
  return { toStorage: (plaintext) => plaintext, fromStorage: (stored) => ({ plaintext: stored, stale: false }) };
}

test("TransformerSet chooses by the place of the resource, the longer one first, else the default", () => {
  const [fallback, secrets, group, deployments] = [dummy(), dummy(), dummy(), dummy()];
  const places = new Map([
    ["/registry/secrets/", secrets],
    ["/registry/apps/", group],
    ["/registry/apps/deployments/", deployments],
  ]);
  const set = new TransformerSet(fallback, places);
  const rows: [string, Transformer][] = [
    ["/registry/secrets/default/db", secrets],
    ["/registry/secrets/db", secrets],
    ["/registry/apps/deployments/default/web", deployments],
    ["/registry/apps/statefulsets/default/web", group],
    ["/registry/secretsx/default/db", fallback],
    ["/registry/configmaps/default/db", fallback],
    ["/strongroom/pki/ca", fallback],
    ["/registry/secrets", fallback],
    ["", fallback],
  ];
  for (const [key, expected] of rows) assert.equal(set.transformerFor(key), expected, key);
  assert.equal(new TransformerSet(fallback).transformerFor("/registry/secrets/a/b"), fallback);
});

test("TransformerSet refuses a place that names no resource", () => {
  for (const place of ["/registry/", "registry/secrets/", "/registry/secrets", "/a/b/c/d/", ""]) {
    assert.throws(() => new TransformerSet(dummy(), new Map([[place, dummy()]])), RangeError, place);
  }
});
