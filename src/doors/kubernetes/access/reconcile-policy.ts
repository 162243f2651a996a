/**
 * What a default role or binding should become, given what is there: what is missing is added, what an administrator
 * added stays, and what they marked as theirs is left alone.
 *
 * Source: component-helpers auth/rbac/reconciliation/{reconcile_role,reconcile_rolebindings}.go.
 */
import { missingRules } from "../../../access/rbac/rule-cover.ts";
import { cloneJson, equalJson, isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import { metadataOf, objectField, objectsField, stringField } from "../validation/object-fields.ts";
import { autoUpdateAnnotation } from "./default-policy.ts";
import { ruleTree, rulesOf } from "./rbac-objects.ts";

/** Whether an object says that it is not to be kept up to date. */
export function isProtected(existing: Readonly<JsonObject>): boolean {
  return stringField(objectField(metadataOf(existing), "annotations"), autoUpdateAnnotation) === "false";
}

/** The role with what it lacks of the expected one; equal to `existing` when that is nothing. */
export function reconciledRole(existing: Readonly<JsonObject>, expected: Readonly<JsonObject>): JsonObject {
  const next = withExpectedMetadata(existing, expected);
  const missing = missingRules(rulesOf(existing), rulesOf(expected)).map(ruleTree);
  if (missing.length > 0) next["rules"] = [...objectsField(existing, "rules"), ...missing];
  reconcileAggregation(next, expected);
  return next;
}

/** The binding with what it lacks of the expected one; undefined when it binds another role and has to be made anew. */
export function reconciledBinding(
  existing: Readonly<JsonObject>,
  expected: Readonly<JsonObject>,
): JsonObject | undefined {
  if (!equalJson(existing["roleRef"], expected["roleRef"])) return undefined;
  const next = withExpectedMetadata(existing, expected);
  const subjects = objectsField(existing, "subjects");
  const missing = objectsField(expected, "subjects").filter(
    (subject) => !subjects.some((each) => equalJson(each, subject)),
  );
  if (missing.length > 0) next["subjects"] = [...subjects, ...missing.map(cloneJson)];
  return next;
}

/** What an administrator changed of labels and annotations stays as they changed it. */
function withExpectedMetadata(existing: Readonly<JsonObject>, expected: Readonly<JsonObject>): JsonObject {
  const next = cloneJson<JsonObject>(existing);
  const metadata = ownMetadata(next);
  for (const field of ["labels", "annotations"]) {
    const merged = { ...objectField(metadataOf(expected), field), ...objectField(metadata, field) };
    if (Object.keys(merged).length > 0) metadata[field] = jsonObject(Object.entries(merged));
  }
  return next;
}

function reconcileAggregation(next: JsonObject, expected: Readonly<JsonObject>): void {
  if (!isJsonObject(expected["aggregationRule"])) {
    delete next["aggregationRule"];
    return;
  }
  const held = objectsField(objectField(next, "aggregationRule"), "clusterRoleSelectors");
  const asked = objectsField(expected["aggregationRule"], "clusterRoleSelectors");
  const missing = asked.filter((selector) => !held.some((each) => equalJson(each, selector)));
  if (missing.length > 0) {
    next["aggregationRule"] = jsonObject([["clusterRoleSelectors", [...held, ...missing.map(cloneJson)]]]);
  }
}
