/**
 * The kind Node, with its subresource `status`.
 *
 * Source: k/k pkg/registry/core/node/strategy.go, pkg/apis/core/v1/defaults.go and
 * pkg/printers/internalversion/printers.go.
 */
import { sortKeys } from "../codec/canonical-object.ts";
import type { JsonObject } from "../codec/json.ts";
import { cloneJson, isJsonObject } from "../codec/json.ts";
import { message } from "../schema/messages.ts";
import { nameIsDnsSubdomain } from "../validation/names.ts";
import { validateNode, validateNodeStatus, validateNodeUpdate } from "../validation/node.ts";
import { metadataOf, objectField, objectsField, stringField, stringsField } from "../validation/object-fields.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import type { Column, Kind, Strategy } from "./kind.ts";
import { resourceVerbs } from "./kind.ts";
import { keepField, ownObject } from "./own-object.ts";
import { plainStrategy } from "./plain-strategy.ts";
import { roundResourceLists } from "./resource-lists.ts";

const schema = message("core-v1", "Node");

const strategy: Strategy = {
  ...plainStrategy,
  prepareForCreate(node) {
    delete ownObject(node, "spec")["configSource"];
    delete ownObject(node, "status")["config"];
  },
  prepareForUpdate(next, previous) {
    keepField(next, previous, "status");
    if (!("configSource" in objectField(previous, "spec"))) delete ownObject(next, "spec")["configSource"];
  },
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  warnings(node) {
    const spec = objectField(node, "spec");
    return [
      ...("configSource" in spec ? ["spec.configSource: the feature is removed"] : []),
      ...(stringField(spec, "externalID") === ""
        ? []
        : ["spec.externalID: this field is deprecated, and is unused by Kubernetes"]),
    ];
  },
};

/** Updates of `nodes/status`. */
export const nodeStatusStrategy: Strategy = {
  ...strategy,
  prepareForUpdate(next, previous) {
    keepField(next, previous, "spec");
    if (!("config" in objectField(previous, "status"))) delete ownObject(next, "status")["config"];
  },
  validateUpdate: validateNodeStatus,
  warnings: () => [],
};

function column(name: string, description: string, priority: 0 | 1, cell: (node: JsonObject) => string): Column {
  return { name, type: "string", format: "", description, priority, cell };
}

function systemColumn(name: string, description: string, field: string): Column {
  return column(name, description, 1, (node) => stringField(systemOf(node), field) || "<unknown>");
}

const columns: readonly Column[] = [
  nameColumn,
  column("Status", "Whether the node is ready, and whether pods may be put on it.", 0, statusCell),
  column("Roles", "Roles of the node, by its labels.", 0, rolesCell),
  ageColumn,
  column("Version", "Version of the kubelet.", 0, (node) => stringField(systemOf(node), "kubeletVersion")),
  column("Internal-IP", "Address within the cluster.", 1, (node) => addressCell(node, "InternalIP")),
  column("External-IP", "Address from outside of the cluster.", 1, (node) => addressCell(node, "ExternalIP")),
  systemColumn("OS-Image", "Operating system.", "osImage"),
  systemColumn("Kernel-Version", "Version of the kernel.", "kernelVersion"),
  systemColumn("Container-Runtime", "Container runtime and its version.", "containerRuntimeVersion"),
];

/** Nodes: the machines that run pods. Which secrets a node may read depends on the pods bound to it. */
export const nodeKind: Kind = {
  group: "",
  version: "v1",
  kind: "Node",
  listKind: "NodeList",
  resource: "nodes",
  singular: "node",
  storedResource: "minions",
  shortNames: ["no"],
  categories: [],
  namespaced: false,
  verbs: resourceVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"], strategy: nodeStatusStrategy }],
  schema,
  listSchema: message("core-v1", "NodeList"),
  columns,
  fieldSelectors: new Map([
    ["metadata.name", (node: JsonObject) => stringField(metadataOf(node), "name")],
    ["spec.unschedulable", (node: JsonObject) => String(objectField(node, "spec")["unschedulable"] === true)],
  ]),
  internalize: setDefaults,
  validateName: nameIsDnsSubdomain,
  strategy,
};

/** What can be allocated is what is there, unless the node says otherwise; the network of old is the first of several. */
function setDefaults(node: JsonObject): void {
  const spec = ownObject(node, "spec");
  const [first] = stringsField(spec, "podCIDRs");
  const old = stringField(spec, "podCIDR");
  // Whoever knows the older field only is believed.
  if (old !== "" && old !== first) spec["podCIDRs"] = [old];
  else if (first !== undefined) spec["podCIDR"] = first;
  const status = ownObject(node, "status");
  const capacity = status["capacity"];
  if (isJsonObject(capacity) && status["allocatable"] === undefined) status["allocatable"] = cloneJson(capacity);
  roundResourceLists(schema, node);
}

function systemOf(node: JsonObject): Readonly<JsonObject> {
  return objectField(objectField(node, "status"), "nodeInfo");
}

function statusCell(node: JsonObject): string {
  const ready = objectsField(objectField(node, "status"), "conditions").findLast(({ type }) => type === "Ready");
  const words = [ready === undefined ? "Unknown" : ready["status"] === "True" ? "Ready" : "NotReady"];
  if (objectField(node, "spec")["unschedulable"] === true) words.push("SchedulingDisabled");
  return words.join(",");
}

const rolePrefix = "node-role.kubernetes.io/";

function rolesCell(node: JsonObject): string {
  const labels = objectField(metadataOf(node), "labels");
  const roles = Object.keys(labels).flatMap((key) => {
    if (key.startsWith(rolePrefix)) return [key.slice(rolePrefix.length)];
    return key === "kubernetes.io/role" ? [stringField(labels, key)] : [];
  });
  return sortKeys([...new Set(roles)].filter((role) => role !== "")).join(",") || "<none>";
}

function addressCell(node: JsonObject, type: string): string {
  const found = objectsField(objectField(node, "status"), "addresses").find((address) => address["type"] === type);
  return found === undefined ? "<none>" : stringField(found, "address");
}
