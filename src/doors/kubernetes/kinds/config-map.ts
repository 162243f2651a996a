/**
 * The kind ConfigMap.
 *
 * Source: k/k pkg/registry/core/configmap/strategy.go and
 * pkg/printers/internalversion/printers.go.
 */
import { message } from "../schema/messages.ts";
import { validateConfigMap, validateConfigMapUpdate } from "../validation/config-map.ts";
import { nameIsDnsSubdomain } from "../validation/names.ts";
import { objectField } from "../validation/object-fields.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import type { Column, Kind } from "./kind.ts";
import { resourceVerbs } from "./kind.ts";
import { namespacedSelectors, plainStrategy } from "./plain-strategy.ts";

const dataColumn: Column = {
  name: "Data",
  type: "string", // upstream declares a string and sends the number of keys
  format: "",
  description: "How many keys the ConfigMap has in data and binaryData.",
  priority: 0,
  cell: (configMap) => ["data", "binaryData"].flatMap((field) => Object.keys(objectField(configMap, field))).length,
};

/** ConfigMaps: settings that are no secrets. */
export const configMapKind: Kind = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  listKind: "ConfigMapList",
  resource: "configmaps",
  singular: "configmap",
  shortNames: ["cm"],
  categories: [],
  namespaced: true,
  verbs: resourceVerbs,
  subresources: [],
  schema: message("core-v1", "ConfigMap"),
  listSchema: message("core-v1", "ConfigMapList"),
  columns: [nameColumn, dataColumn, ageColumn],
  fieldSelectors: namespacedSelectors,
  validateName: nameIsDnsSubdomain,
  strategy: { ...plainStrategy, validate: validateConfigMap, validateUpdate: validateConfigMapUpdate },
};
