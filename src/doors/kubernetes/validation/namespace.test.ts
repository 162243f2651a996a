import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../codec/json.ts";
import { cloneJson } from "../codec/json.ts";
import { formatFieldError } from "./field-error-format.ts";
import { validateNamespace, validateNamespaceFinalize, validateNamespaceStatus } from "./namespace.ts";

const notQualified = "name is neither a standard finalizer name nor is it fully qualified";

test("spec.finalizers of a Namespace are standard or qualified names", () => {
  const errors = (finalizers: string[]): string[] =>
    validateNamespace(cloneJson<JsonObject>({ spec: { finalizers } })).map(formatFieldError);
  assert.deepEqual(errors(["kubernetes", "example.com/x", "orphan", "foregroundDeletion"]), []);
  assert.deepEqual(errors(["mine"]), [`spec.finalizers: Invalid value: "mine": ${notQualified}`]);
  assert.equal(errors(["a b/c"]).length, 1);
  assert.deepEqual(validateNamespace(cloneJson<JsonObject>({})), []);
});

test("finalize names the index of a bad finalizer", () => {
  const next = cloneJson<JsonObject>({ spec: { finalizers: ["kubernetes", "mine"] } });
  assert.deepEqual(validateNamespaceFinalize(next).map(formatFieldError), [
    `spec.finalizers[1]: Invalid value: "mine": ${notQualified}`,
  ]);
});

test("the phase of a Namespace follows its deletionTimestamp", () => {
  const errors = (phase: string, deletionTimestamp?: string): string[] =>
    validateNamespaceStatus(
      cloneJson<JsonObject>({
        metadata: deletionTimestamp === undefined ? {} : { deletionTimestamp },
        status: { phase },
      }),
    ).map(formatFieldError);
  assert.deepEqual(errors("Active"), []);
  assert.deepEqual(errors("Terminating", "2024-01-01T00:00:00Z"), []);
  assert.deepEqual(errors("Terminating"), [
    "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty",
  ]);
  assert.deepEqual(errors("Active", "2024-01-01T00:00:00Z"), [
    "status.Phase: Invalid value: \"Active\": may only be 'Terminating' if `deletionTimestamp` is not empty",
  ]);
});
