/**
 * The kind ResourceQuota, with its subresource `status`.
 *
 * Source: k/k pkg/registry/core/resourcequota/strategy.go and
 * pkg/printers/internalversion/printers.go.
 */
import type { JsonObject } from "../codec/json.ts";
import { sortKeys } from "../codec/canonical-object.ts";
import { jsonObject } from "../codec/json.ts";
import { message } from "../schema/messages.ts";
import { nameIsDnsSubdomain } from "../validation/names.ts";
import { objectField, stringField } from "../validation/object-fields.ts";
import {
  validateResourceQuota,
  validateResourceQuotaStatus,
  validateResourceQuotaUpdate,
} from "../validation/resource-quota.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import type { Column, Kind, Strategy } from "./kind.ts";
import { resourceVerbs } from "./kind.ts";
import { keepField } from "./own-object.ts";
import { namespacedSelectors, plainStrategy } from "./plain-strategy.ts";
import { roundResourceLists } from "./resource-lists.ts";

const schema = message("core-v1", "ResourceQuota");

const strategy: Strategy = {
  ...plainStrategy,
  prepareForCreate: (quota) => void (quota["status"] = jsonObject()),
  prepareForUpdate: (next, previous) => keepField(next, previous, "status"),
  validate: validateResourceQuota,
  validateUpdate: validateResourceQuotaUpdate,
};

/** Updates of `resourcequotas/status`. */
export const resourceQuotaStatusStrategy: Strategy = {
  ...strategy,
  prepareForUpdate: (next, previous) => keepField(next, previous, "spec"),
  validateUpdate: (next) => validateResourceQuotaStatus(next),
};

/** Used and allowed amounts; those of limits go into a column of their own. */
function usageColumn(name: string, description: string, ofLimits: boolean): Column {
  return {
    name,
    type: "string",
    format: "",
    description,
    priority: 0,
    cell: (quota) => {
      const status = objectField(quota, "status");
      const [hard, used] = [objectField(status, "hard"), objectField(status, "used")];
      return sortKeys(Object.keys(hard))
        .filter((resource) => resource.startsWith("limits.") === ofLimits)
        .map((resource) => `${resource}: ${stringField(used, resource) || "0"}/${stringField(hard, resource)}`)
        .join(", ");
    },
  };
}

/** ResourceQuotas: how much a namespace may use. Numbers of objects are enforced (admission/resource-quota.ts). */
export const resourceQuotaKind: Kind = {
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  listKind: "ResourceQuotaList",
  resource: "resourcequotas",
  singular: "resourcequota",
  shortNames: ["quota"],
  categories: [],
  namespaced: true,
  verbs: resourceVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"], strategy: resourceQuotaStatusStrategy }],
  schema,
  listSchema: message("core-v1", "ResourceQuotaList"),
  columns: [
    nameColumn,
    usageColumn("Request", "Used and allowed amounts, apart from those of limits.", false),
    usageColumn("Limit", "Used and allowed amounts of limits.", true),
    ageColumn,
  ],
  fieldSelectors: namespacedSelectors,
  internalize: (quota: JsonObject) => roundResourceLists(schema, quota),
  validateName: nameIsDnsSubdomain,
  strategy,
};
