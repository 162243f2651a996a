/**
 * The rules of a ResourceQuota beside those of `metadata`.
 *
 * Source: k/k pkg/apis/core/validation/validation.go (ValidateResourceQuota and
 * what it calls).
 */
import type { JsonObject } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import type { FieldError } from "./field-error.ts";
import { invalid, invalidPrinted, required } from "./field-error-constructors.ts";
import { goJson } from "./go-format.ts";
import { objectField, objectsField, stringField, stringsField } from "./object-fields.ts";
import { isStandardQuotaResource, quotaResourceNameErrors, resourceAmountErrors } from "./resource-names.ts";

const podCompute = ["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
const ofPods: ReadonlySet<string> = new Set(["pods", ...podCompute]);

/** Which resources of a quota each scope can be applied to. */
const scopes: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["Terminating", ofPods],
  ["NotTerminating", ofPods],
  ["BestEffort", new Set(["pods"])],
  ["NotBestEffort", ofPods],
  ["PriorityClass", ofPods],
  ["CrossNamespacePodAffinity", ofPods],
  ["VolumeAttributesClass", new Set(["persistentvolumeclaims", "requests.storage"])],
]);
const conflictingScopes = [
  ["BestEffort", "NotBestEffort"],
  ["Terminating", "NotTerminating"],
];
/** Scopes that either apply or do not: they have no values. */
const flagScopes: ReadonlySet<string> = new Set([
  "BestEffort",
  "NotBestEffort",
  "Terminating",
  "NotTerminating",
  "CrossNamespacePodAffinity",
]);

/** Errors of a ResourceQuota on create. */
export function validateResourceQuota(quota: JsonObject): FieldError[] {
  return [...specErrors(quota), ...validateResourceQuotaStatus(quota)];
}

/** Errors of an update: the scopes are those of the stored quota. */
export function validateResourceQuotaUpdate(next: JsonObject, previous: JsonObject): FieldError[] {
  const [nextScopes, storedScopes] = [next, previous].map((quota) => new Set(scopesOf(quota)));
  const same = nextScopes?.symmetricDifference(storedScopes ?? nextScopes).size === 0;
  const errors = specErrors(next);
  return same ? errors : [...errors, invalidPrinted("spec.scopes", printScopes(next), "field is immutable")];
}

/** Errors of an update by `resourcequotas/status`. */
export function validateResourceQuotaStatus(quota: JsonObject): FieldError[] {
  const status = objectField(quota, "status");
  return ["hard", "used"].flatMap((field) => amountsErrors(objectField(status, field), `status.${field}`));
}

function specErrors(quota: JsonObject): FieldError[] {
  const spec = objectField(quota, "spec");
  return [...amountsErrors(objectField(spec, "hard"), "spec.hard"), ...scopesErrors(quota), ...selectorErrors(quota)];
}

function amountsErrors(amounts: Readonly<JsonObject>, path: string): FieldError[] {
  return Object.keys(amounts).flatMap((name) => [
    ...quotaResourceNameErrors(name, `${path}[${name}]`),
    ...resourceAmountErrors(name, stringField(amounts, name), `${path}[${name}]`),
  ]);
}

function scopesErrors(quota: JsonObject): FieldError[] {
  const found = scopesOf(quota);
  const add = (detail: string) => invalidPrinted("spec.scopes", printScopes(quota), detail);
  const errors = found.flatMap((scope) => [
    ...(scopes.has(scope) ? [] : [add("unsupported scope")]),
    ...inapplicable(quota, scope).map(() => add("unsupported scope applied to resource")),
  ]);
  return [...errors, ...conflicts(found).map(() => add("conflicting scopes"))];
}

/** The standard resources of the quota's limits that a scope says nothing about. */
function inapplicable(quota: JsonObject, scope: string): string[] {
  const applicable = scopes.get(scope);
  if (applicable === undefined) return [];
  const hard = Object.keys(objectField(objectField(quota, "spec"), "hard"));
  return hard.filter((name) => isStandardQuotaResource(name) && !applicable.has(name));
}

function conflicts(found: readonly string[]): (readonly string[])[] {
  return conflictingScopes.filter((pair) => pair.every((scope) => found.includes(scope)));
}

function selectorErrors(quota: JsonObject): FieldError[] {
  const selector = objectField(quota, "spec")["scopeSelector"];
  if (!isJsonObject(selector)) return [];
  const requirements = objectsField(selector, "matchExpressions");
  const errors = requirements.flatMap((requirement) => requirementErrors(quota, selector, requirement));
  const found = requirements.map((requirement) => stringField(requirement, "scopeName"));
  return [
    ...errors,
    ...conflicts(found).map(() =>
      invalidPrinted("spec.scopeSelector.matchExpressions", printScopes(quota), "conflicting scopes"),
    ),
  ];
}

function requirementErrors(quota: JsonObject, selector: JsonObject, requirement: JsonObject): FieldError[] {
  const path = "spec.scopeSelector.matchExpressions"; // upstream gives no index
  const [scope, operator] = [stringField(requirement, "scopeName"), stringField(requirement, "operator")];
  const errors = scopes.has(scope) ? [] : [invalid(`${path}.scopeName`, scope, "unsupported scope")];
  for (const _ of inapplicable(quota, scope)) {
    errors.push(invalidPrinted(path, printSelector(selector), "unsupported scope applied to resource"));
  }
  if (flagScopes.has(scope) && operator !== "Exists") errors.push(invalid(`${path}.operator`, operator, existsText));
  return [...errors, ...valuesErrors(operator, stringsField(requirement, "values"), path)];
}

const existsText =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, " +
  "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";

function valuesErrors(operator: string, values: readonly string[], path: string): FieldError[] {
  switch (operator) {
    case "In":
    case "NotIn":
      if (values.length > 0) return [];
      return [
        required(`${path}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"),
      ];
    case "Exists":
    case "DoesNotExist":
      if (values.length === 0) return [];
      return [
        invalidPrinted(
          `${path}.values`,
          goJson([...values]),
          "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
        ),
      ];
    default:
      return [invalid(`${path}.operator`, operator, "not a valid selector operator")];
  }
}

function scopesOf(quota: JsonObject): string[] {
  return stringsField(objectField(quota, "spec"), "scopes");
}

/** A nil slice of Go is null. */
function printScopes(quota: JsonObject): string {
  const found = scopesOf(quota);
  return found.length === 0 ? "null" : goJson(found);
}

function printSelector(selector: JsonObject): string {
  const requirements = objectsField(selector, "matchExpressions").map((requirement) => ({
    ScopeName: stringField(requirement, "scopeName"),
    Operator: stringField(requirement, "operator"),
    Values: requirement["values"] ?? null,
  }));
  return goJson({ MatchExpressions: requirements });
}
