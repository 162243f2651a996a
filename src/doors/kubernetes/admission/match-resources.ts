/**
 * Whether a change is one that a policy or binding is about.
 *
 * Source: apiserver pkg/admission/plugin/policy/matching/matching.go, pkg/admission/plugin/webhook/predicates.
 */
import type { JsonObject } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import { labelSelectorMatcher } from "../selector/label-selector-object.ts";
import { objectField, objectsField, stringField, stringsField } from "../validation/object-fields.ts";

/** A change, as far as matching looks at it. */
export interface MatchedChange {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly resource: string;
  readonly subresource: string;
  /** "" outside of namespaces. */
  readonly namespace: string;
  readonly name: string;
  /** Labels of the object before and after; absent where there is none. */
  readonly labels: readonly Readonly<JsonObject>[];
  /** Of the namespace - of the object itself if that is one; undefined outside of namespaces. */
  readonly namespaceLabels: Readonly<JsonObject> | undefined;
}

/** Whether all of it applies. Absent resources apply to everything. */
export function matchesResources(resources: JsonObject[string] | undefined, change: MatchedChange): boolean {
  if (!isJsonObject(resources)) return true;
  const inNamespace = labelSelectorMatcher(objectField(resources, "namespaceSelector"));
  if (change.namespaceLabels !== undefined && !inNamespace(change.namespaceLabels)) return false;
  const selects = labelSelectorMatcher(objectField(resources, "objectSelector"));
  if (!isEmptySelector(objectField(resources, "objectSelector")) && !change.labels.some(selects)) return false;
  if (objectsField(resources, "excludeResourceRules").some((rule) => matchesRule(rule, change))) return false;
  const rules = objectsField(resources, "resourceRules");
  return rules.length === 0 || rules.some((rule) => matchesRule(rule, change));
}

function isEmptySelector(selector: Readonly<JsonObject>): boolean {
  return Object.keys(selector).length === 0;
}

function matchesRule(rule: JsonObject, change: MatchedChange): boolean {
  const names = stringsField(rule, "resourceNames");
  return (
    matchesScope(stringField(rule, "scope"), change) &&
    hasOrAll(stringsField(rule, "operations"), change.operation) &&
    hasOrAll(stringsField(rule, "apiGroups"), change.apiGroup) &&
    hasOrAll(stringsField(rule, "apiVersions"), change.apiVersion) &&
    stringsField(rule, "resources").some((resource) => matchesResource(resource, change)) &&
    (names.length === 0 || names.includes(change.name))
  );
}

/** Objects of the kind Namespace are of the cluster, although requests for them have a namespace. */
function matchesScope(scope: string, { apiGroup, resource, namespace }: MatchedChange): boolean {
  const isOfCluster = namespace === "" || (apiGroup === "" && resource === "namespaces");
  if (scope === "Cluster") return isOfCluster;
  return scope !== "Namespaced" || !isOfCluster;
}

function hasOrAll(words: readonly string[], word: string): boolean {
  return words.includes("*") || words.includes(word);
}

function matchesResource(written: string, { resource, subresource }: MatchedChange): boolean {
  const slash = written.indexOf("/");
  const [of, sub] = slash < 0 ? [written, ""] : [written.slice(0, slash), written.slice(slash + 1)];
  return (of === "*" || of === resource) && (sub === "*" || sub === subresource);
}
