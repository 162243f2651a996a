/**
 * The rules of ClusterRoles that are made of others.
 *
 * Source: k/k pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go.
 */
import { equalJson, isJsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { labelSelectorMatcher } from "../selector/label-selector-object.ts";
import { metadataOf, objectField, objectsField, stringField } from "../validation/object-fields.ts";

/** Whether the rules of a ClusterRole are those of others. */
export function isAggregated(role: Readonly<JsonObject>): boolean {
  return isJsonObject(role["aggregationRule"]);
}

/**
 * The rules of all ClusterRoles that an aggregated one selects, selector by selector and by name, each once. `roles`
 * may contain the role itself, which gathers nothing of itself.
 */
export function aggregatedRules(role: Readonly<JsonObject>, roles: readonly Readonly<JsonObject>[]): JsonObject[] {
  const name = nameOf(role);
  const others = roles.filter((each) => nameOf(each) !== name).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const rules: JsonObject[] = [];
  for (const selector of objectsField(objectField(role, "aggregationRule"), "clusterRoleSelectors")) {
    const matches = labelSelectorMatcher(selector);
    for (const other of others) {
      if (!matches(objectField(metadataOf(other), "labels"))) continue;
      for (const rule of objectsField(other, "rules")) {
        if (!rules.some((each) => equalJson(each, rule))) rules.push(rule);
      }
    }
  }
  return rules;
}

function nameOf(role: Readonly<JsonObject>): string {
  return stringField(metadataOf(role), "name");
}
