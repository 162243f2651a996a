/**
 * The default roles and bindings as objects, made from a table in text form:
 *
 *     KIND [NAMESPACE/]NAME [LABEL=VALUE]... [-> ROLE-KIND ROLE]     an object; an empty line ends it
 *     gathers LABEL=VALUE                                            the roles that it aggregates
 *     VERBS GROUPS RESOURCES [NAMES]                                 a rule; "" is the core group
 *     VERBS PATHS                                                    a rule about paths
 *     KIND [NAMESPACE/]NAME                                          a subject of a binding
 */
import { jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import { clusterRoleBindingKind, roleBindingKind } from "../kinds/role-binding.ts";
import { clusterRoleKind, roleKind } from "../kinds/role.ts";
import { rbacGroup } from "../validation/role-binding.ts";
import { defaultPolicyTable } from "./default-policy-table.ts";

/** An object that should be there, without what the server sets. */
export interface DefaultObject {
  readonly kind: Kind;
  readonly tree: JsonObject;
}

/** Says that an object is kept up to date at each start; "false" leaves it to its owner. */
export const autoUpdateAnnotation = "rbac.authorization.kubernetes.io/autoupdate";
const bootstrappingLabel = ["kubernetes.io/bootstrapping", "rbac-defaults"] as const;

const kindsByName: ReadonlyMap<string, Kind> = new Map(
  [clusterRoleKind, roleKind, clusterRoleBindingKind, roleBindingKind].map((kind) => [kind.kind, kind]),
);

/** All of them, new each time. */
export function defaultPolicy(): DefaultObject[] {
  return defaultPolicyTable.trim().split(/\n\n+/).map(parseObject);
}

function parseObject(block: string): DefaultObject {
  const [heading = "", ...lines] = block.split("\n");
  const [head = "", reference] = heading.split(" -> ");
  const [kindName = "", place = "", ...labels] = head.split(" ");
  const kind = kindsByName.get(kindName);
  if (kind === undefined) throw new TypeError(`the default policy must have known kinds, not ${kindName}`);
  const metadata = metadataTree(place, labels);
  if (reference === undefined) return { kind, tree: roleTree(metadata, lines) };
  return { kind, tree: bindingTree(metadata, reference, lines) };
}

function metadataTree(place: string, labels: readonly string[]): JsonObject {
  const [namespace, name] = splitPlace(place);
  const pairs = labels.map((label) => label.split("=") as [string, string]); // LABEL=VALUE
  return jsonObject([
    ["name", name],
    ...(namespace === "" ? [] : [["namespace", namespace] as const]),
    ["labels", jsonObject([bootstrappingLabel, ...pairs])],
    ["annotations", jsonObject([[autoUpdateAnnotation, "true"]])],
  ]);
}

function roleTree(metadata: JsonObject, lines: readonly string[]): JsonObject {
  const gathered = lines.filter((line) => line.startsWith("gathers ")).map((line) => line.slice("gathers ".length));
  const selectors = gathered.map((label) =>
    jsonObject([["matchLabels", jsonObject([label.split("=") as [string, string]])]]),
  );
  return jsonObject([
    ["metadata", metadata],
    ["rules", lines.filter((line) => !line.startsWith("gathers ")).map(ruleOf)],
    ...(selectors.length === 0
      ? []
      : [["aggregationRule", jsonObject([["clusterRoleSelectors", selectors]])] as const]),
  ]);
}

function ruleOf(line: string): JsonObject {
  const [verbs = "", groups = "", resources, names] = line.split(" ");
  if (resources === undefined)
    return jsonObject([
      ["verbs", list(verbs)],
      ["nonResourceURLs", list(groups)],
    ]);
  return jsonObject([
    ["verbs", list(verbs)],
    ["apiGroups", list(groups)],
    ["resources", list(resources)],
    ...(names === undefined ? [] : [["resourceNames", list(names)] as const]),
  ]);
}

function list(words: string): JsonValue[] {
  return words.split(",").map((word) => (word === '""' ? "" : word));
}

function bindingTree(metadata: JsonObject, reference: string, subjects: readonly string[]): JsonObject {
  const [kind = "", name = ""] = reference.split(" ");
  return jsonObject([
    ["metadata", metadata],
    ["subjects", subjects.map(subjectOf)],
    [
      "roleRef",
      jsonObject([
        ["apiGroup", rbacGroup],
        ["kind", kind],
        ["name", name],
      ]),
    ],
  ]);
}

function subjectOf(line: string): JsonObject {
  const [kind = "", place = ""] = line.split(" ");
  const [namespace, name] = kind === "ServiceAccount" ? splitPlace(place) : ["", place];
  return jsonObject([
    ["kind", kind],
    ...(kind === "ServiceAccount" ? [] : [["apiGroup", rbacGroup] as const]),
    ["name", name],
    ...(namespace === "" ? [] : [["namespace", namespace] as const]),
  ]);
}

function splitPlace(place: string): [namespace: string, name: string] {
  const slash = place.indexOf("/");
  return slash < 0 ? ["", place] : [place.slice(0, slash), place.slice(slash + 1)];
}
