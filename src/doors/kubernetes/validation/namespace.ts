/**
 * The rules of a Namespace beside those of `metadata`.
 *
 * Source: k/k pkg/apis/core/validation/validation.go (ValidateNamespace,
 * ValidateNamespaceStatusUpdate, ValidateNamespaceFinalizeUpdate).
 */
import type { JsonObject } from "../codec/json.ts";
import type { FieldError } from "./field-error.ts";
import { invalid } from "./field-error-constructors.ts";
import { coreFinalizerNameErrors, finalizerNameErrors } from "./object-meta.ts";
import { metadataOf, objectField, stringField, stringsField } from "./object-fields.ts";

/** Errors of `spec.finalizers`; all of them share one path, as upstream has it. */
export function validateNamespace(namespace: JsonObject): FieldError[] {
  return specFinalizers(namespace).flatMap((name) => specFinalizerErrors(name, "spec.finalizers"));
}

/** Errors of an update by `namespaces/finalize`; here the paths carry an index. */
export function validateNamespaceFinalize(next: JsonObject): FieldError[] {
  return specFinalizers(next).flatMap((name, index) => specFinalizerErrors(name, `spec.finalizers[${index}]`));
}

/** Errors of an update by `namespaces/status`: the phase follows the deletionTimestamp. */
export function validateNamespaceStatus(next: JsonObject): FieldError[] {
  const phase = stringField(objectField(next, "status"), "phase");
  const deleting = stringField(metadataOf(next), "deletionTimestamp") !== "";
  const expected = deleting ? "Terminating" : "Active";
  if (phase === expected) return [];
  const detail = `may only be '${expected}' if \`deletionTimestamp\` is ${deleting ? "not empty" : "empty"}`;
  return [invalid("status.Phase", phase, detail)]; // upstream writes the Go name of the field here
}

function specFinalizers(namespace: JsonObject): string[] {
  return stringsField(objectField(namespace, "spec"), "finalizers");
}

function specFinalizerErrors(name: string, field: string): FieldError[] {
  return [...finalizerNameErrors(name, field), ...coreFinalizerNameErrors(name, field)];
}
