/** The kinds SecretPolicy and ClusterSecretPolicy: what users may not do with secrets, whatever their roles allow. */
import { disclosingVerbs } from "../../../access/policy/secret-policy.ts";
import type { JsonObject } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import { message } from "../schema/messages.ts";
import { strongroomGroup } from "./strongroom-group.ts";
import { nameIsDnsSubdomain } from "../validation/names.ts";
import { objectField, objectsField, stringField } from "../validation/object-fields.ts";
import { rbacGroup } from "../validation/role-binding.ts";
import { validateClusterSecretPolicy, validateSecretPolicy } from "../validation/secret-policy.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import type { Column, Kind, Strategy } from "./kind.ts";
import { resourceVerbs } from "./kind.ts";
import { ownObject } from "./own-object.ts";
import { namespacedSelectors, plainStrategy } from "./plain-strategy.ts";

const modeColumn: Column = {
  name: "Mode",
  type: "string",
  format: "",
  description: "Whether requests are denied (enforce) or let pass with a warning (warn).",
  priority: 0,
  cell: (policy) => stringField(objectField(policy, "spec"), "mode"),
};

const subjectsColumn: Column = {
  name: "Subjects",
  type: "string",
  format: "",
  description: "Whom it denies.",
  priority: 0,
  cell: (policy) =>
    objectsField(objectField(policy, "spec"), "subjects")
      .map((subject) => `${stringField(subject, "kind")}/${stringField(subject, "name")}`)
      .join(","),
};

/** The kind SecretPolicy. */
export const secretPolicyKind: Kind = {
  group: strongroomGroup,
  version: "v1",
  kind: "SecretPolicy",
  listKind: "SecretPolicyList",
  resource: "secretpolicies",
  singular: "secretpolicy",
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: resourceVerbs,
  subresources: [],
  schema: message("strongroom-policy-v1", "SecretPolicy"),
  listSchema: message("strongroom-policy-v1", "SecretPolicyList"),
  columns: [nameColumn, modeColumn, subjectsColumn, ageColumn],
  fieldSelectors: namespacedSelectors,
  internalize: setDefaults,
  validateName: nameIsDnsSubdomain,
  strategy: strategyWith(validateSecretPolicy),
};

/** The kind ClusterSecretPolicy, for all namespaces. */
export const clusterSecretPolicyKind: Kind = {
  ...secretPolicyKind,
  kind: "ClusterSecretPolicy",
  listKind: "ClusterSecretPolicyList",
  resource: "clustersecretpolicies",
  singular: "clustersecretpolicy",
  namespaced: false,
  schema: message("strongroom-policy-v1", "ClusterSecretPolicy"),
  listSchema: message("strongroom-policy-v1", "ClusterSecretPolicyList"),
  strategy: strategyWith(validateClusterSecretPolicy),
};

function strategyWith(validate: Strategy["validate"]): Strategy {
  return { ...plainStrategy, validate, validateUpdate: (next) => validate(next), allowCreateOnUpdate: true };
}

/** Defaults, written out so that whoever reads a policy sees what it says. */
function setDefaults(policy: JsonObject): void {
  if (!isJsonObject(policy["spec"])) return;
  const spec = ownObject(policy, "spec");
  if (stringField(spec, "mode") === "") spec["mode"] = "warn";
  for (const subject of objectsField(spec, "subjects")) {
    const ofRbac = ["User", "Group"].includes(stringField(subject, "kind"));
    if (ofRbac && stringField(subject, "apiGroup") === "") subject["apiGroup"] = rbacGroup;
  }
  for (const rule of objectsField(spec, "deny")) if (rule["verbs"] === undefined) rule["verbs"] = [...disclosingVerbs];
}
