/**
 * The kind Namespace, with its subresources `status` and `finalize`.
 *
 * Source: k/k pkg/registry/core/namespace/strategy.go, pkg/apis/core/v1/defaults.go
 * and pkg/printers/internalversion/printers.go.
 */
import type { JsonObject } from "../codec/json.ts";
import { jsonObject } from "../codec/json.ts";
import { Namespace, NamespaceList } from "../schema/core-v1.ts";
import { nameIsDnsLabel } from "../validation/names.ts";
import { validateNamespace, validateNamespaceFinalize, validateNamespaceStatus } from "../validation/namespace.ts";
import { metadataOf, objectField, stringField, stringsField } from "../validation/object-fields.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import type { Column, Kind, Strategy } from "./kind.ts";
import { keepField, ownObject } from "./own-object.ts";

/** The label every namespace carries, with its own name as value. */
export const namespaceNameLabel = "kubernetes.io/metadata.name";

/** The entry of spec.finalizers that waits for the namespace's content to go. */
export const namespaceFinalizer = "kubernetes";

const columns: readonly Column[] = [
  nameColumn,
  {
    name: "Status",
    type: "string",
    format: "",
    description: "Active, or Terminating while the namespace and all in it are being deleted.",
    priority: 0,
    cell: phaseOf,
  },
  ageColumn,
];

const strategy: Strategy = {
  prepareForCreate(namespace) {
    namespace["status"] = jsonObject([["phase", "Active"]]);
    const spec = ownObject(namespace, "spec");
    const finalizers = stringsField(spec, "finalizers");
    if (!finalizers.includes(namespaceFinalizer)) spec["finalizers"] = [...finalizers, namespaceFinalizer];
    setNameLabel(namespace);
  },
  prepareForUpdate(next, previous) {
    keepField(ownObject(next, "spec"), objectField(previous, "spec"), "finalizers");
    keepField(next, previous, "status");
    setNameLabel(next);
  },
  validate: validateNamespace,
  validateUpdate: (next) => validateNamespace(next),
  warnings: () => [],
  allowUnconditionalUpdate: true,
  allowCreateOnUpdate: false,
};

/** Updates of `namespaces/status`: the spec stays as it is. */
export const namespaceStatusStrategy: Strategy = {
  ...strategy,
  prepareForUpdate(next, previous) {
    keepField(next, previous, "spec");
    setNameLabel(next);
  },
  validateUpdate: (next) => validateNamespaceStatus(next),
};

/** Updates of `namespaces/finalize`, by which spec.finalizers shrink; the status stays as it is. */
export const namespaceFinalizeStrategy: Strategy = {
  ...strategy,
  prepareForUpdate(next, previous) {
    keepField(next, previous, "status");
    setNameLabel(next);
  },
  validateUpdate: (next) => validateNamespaceFinalize(next),
};

/** Namespaces: what separates the objects of one team or use from those of another. */
export const namespaceKind: Kind = {
  group: "",
  version: "v1",
  kind: "Namespace",
  listKind: "NamespaceList",
  resource: "namespaces",
  singular: "namespace",
  shortNames: ["ns"],
  categories: [],
  namespaced: false,
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  subresources: [
    { name: "finalize", verbs: ["update"], strategy: namespaceFinalizeStrategy },
    { name: "status", verbs: ["get", "patch", "update"], strategy: namespaceStatusStrategy },
  ],
  addedOnCreate: [["spec", "finalizers"]],
  schema: Namespace,
  listSchema: NamespaceList,
  columns,
  fieldSelectors: new Map([
    ["metadata.name", (namespace: JsonObject) => stringField(metadataOf(namespace), "name")],
    ["status.phase", phaseOf],
  ]),
  beginTermination: (namespace) => void (ownObject(namespace, "status")["phase"] = "Terminating"),
  validateName: nameIsDnsLabel,
  strategy,
};

function phaseOf(namespace: JsonObject): string {
  return stringField(objectField(namespace, "status"), "phase");
}

function setNameLabel(namespace: JsonObject): void {
  const meta = ownObject(namespace, "metadata");
  const name = stringField(meta, "name");
  if (name !== "") ownObject(meta, "labels")[namespaceNameLabel] = name;
}
