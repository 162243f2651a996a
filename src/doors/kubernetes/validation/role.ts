/**
 * The rules of Roles and ClusterRoles beside those of `metadata`.
 *
 * Source: k/k pkg/apis/rbac/validation/validation.go.
 */
import type { JsonObject } from "../codec/json.ts";
import type { FieldError } from "./field-error.ts";
import { invalidPrinted, required } from "./field-error-constructors.ts";
import { goJson } from "./go-format.ts";
import { hasInvalidValue, labelSelectorErrors } from "./label-selector.ts";
import { isJsonObject } from "../codec/json.ts";
import { objectField, objectsField, stringsField } from "./object-fields.ts";

/** Errors of a Role. */
export function validateRole(role: JsonObject): FieldError[] {
  return rulesErrors(role, true);
}

/** Errors of a ClusterRole. */
export function validateClusterRole(role: JsonObject): FieldError[] {
  return [...rulesErrors(role, false), ...aggregationErrors(role, false)];
}

/** Errors of an update of a ClusterRole: what was stored with a bad value in a selector may keep it. */
export function validateClusterRoleUpdate(next: JsonObject, previous: JsonObject): FieldError[] {
  const anyValue = selectorsOf(previous).some(hasInvalidValue);
  return [...rulesErrors(next, false), ...aggregationErrors(next, anyValue)];
}

function rulesErrors(role: JsonObject, namespaced: boolean): FieldError[] {
  return objectsField(role, "rules").flatMap((rule, index) => policyRuleErrors(rule, namespaced, `rules[${index}]`));
}

function policyRuleErrors(rule: JsonObject, namespaced: boolean, path: string): FieldError[] {
  const [apiGroups, resources, resourceNames, urls] = [
    "apiGroups",
    "resources",
    "resourceNames",
    "nonResourceURLs",
  ].map((field) => stringsField(rule, field));
  const errors: FieldError[] = [];
  if (stringsField(rule, "verbs").length === 0) {
    errors.push(required(`${path}.verbs`, "verbs must contain at least one value"));
  }
  if (urls !== undefined && urls.length > 0) {
    const add = (detail: string) => errors.push(invalidPrinted(`${path}.nonResourceURLs`, goJson(urls), detail));
    if (namespaced) add("namespaced rules cannot apply to non-resource URLs");
    const mixed = [apiGroups, resources, resourceNames].some((list) => list !== undefined && list.length > 0);
    if (mixed) add("rules cannot apply to both regular resources and non-resource URLs");
    return errors;
  }
  if (apiGroups?.length === 0) {
    errors.push(required(`${path}.apiGroups`, "resource rules must supply at least one api group"));
  }
  if (resources?.length === 0) {
    errors.push(required(`${path}.resources`, "resource rules must supply at least one resource"));
  }
  return errors;
}

function aggregationErrors(role: JsonObject, anyValue: boolean): FieldError[] {
  if (!isJsonObject(role["aggregationRule"])) return [];
  const path = "aggregationRule.clusterRoleSelectors";
  const selectors = selectorsOf(role);
  if (selectors.length === 0) {
    return [required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil")];
  }
  return selectors.flatMap((selector, index) => selectorErrors(selector, `${path}[${index}]`, anyValue));
}

/** Upstream says again, without a value, that a selector with errors cannot be used. */
function selectorErrors(selector: JsonObject, path: string, anyValue: boolean): FieldError[] {
  const errors = labelSelectorErrors(selector, path, anyValue);
  const unusable = labelSelectorErrors(selector, path).length > 0;
  return unusable ? [...errors, invalidPrinted(path, "null", "invalid label selector.")] : errors;
}

function selectorsOf(role: JsonObject): JsonObject[] {
  return objectsField(objectField(role, "aggregationRule"), "clusterRoleSelectors");
}
