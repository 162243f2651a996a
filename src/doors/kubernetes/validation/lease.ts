/**
 * The rules of a Lease beside those of `metadata`.
 *
 * Source: k/k pkg/apis/coordination/validation/validation.go.
 */
import { goQuote } from "../codec/go-quote.ts";
import type { JsonObject } from "../codec/json.ts";
import type { FieldError } from "./field-error.ts";
import { forbidden, invalid, invalidPrinted, notSupported } from "./field-error-constructors.ts";
import { qualifiedNameErrors } from "./names.ts";
import { numberField, objectField, stringField } from "./object-fields.ts";

/** Errors of a Lease, on create and after an update. */
export function validateLease(lease: JsonObject): FieldError[] {
  const spec = objectField(lease, "spec");
  const errors: FieldError[] = [];
  const duration = numberField(spec, "leaseDurationSeconds");
  if ("leaseDurationSeconds" in spec && duration <= 0) {
    errors.push(invalidPrinted("spec.leaseDurationSeconds", String(duration), "must be greater than 0"));
  }
  const transitions = numberField(spec, "leaseTransitions");
  if (transitions < 0) {
    const detail = "must be greater than or equal to 0";
    errors.push(invalidPrinted("spec.leaseTransitions", String(transitions), detail));
  }
  if ("strategy" in spec) errors.push(...strategyErrors(stringField(spec, "strategy")));
  if (stringField(spec, "preferredHolder") !== "" && stringField(spec, "strategy") === "") {
    errors.push(forbidden("spec.preferredHolder", "may only be specified if `strategy` is defined"));
  }
  return errors;
}

/** Upstream names the field twice in the path. */
function strategyErrors(strategy: string): FieldError[] {
  const field = "spec.strategy.strategy";
  if (strategy.includes("/")) return qualifiedNameErrors(strategy).map((text) => invalid(field, strategy, text));
  return strategy === "OldestEmulationVersion"
    ? []
    : [notSupported(field, goQuote(strategy), ["OldestEmulationVersion"])];
}
