/**
 * The kinds ValidatingAdmissionPolicy and ValidatingAdmissionPolicyBinding.
 *
 * Source: k/k pkg/registry/admissionregistration/validatingadmissionpolicy{,binding}/strategy.go,
 * pkg/apis/admissionregistration/v1/defaults.go, pkg/printers/internalversion/printers.go.
 */
import type { JsonObject } from "../codec/json.ts";
import { equalJson, isJsonObject, jsonObject } from "../codec/json.ts";
import { message } from "../schema/messages.ts";
import { nameIsDnsSubdomain } from "../validation/names.ts";
import { metadataOf, numberField, objectField, objectsField, stringField } from "../validation/object-fields.ts";
import { validateAdmissionPolicy, validateAdmissionPolicyBinding } from "../validation/validating-admission-policy.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import type { Column, Kind, Strategy } from "./kind.ts";
import { resourceVerbs } from "./kind.ts";
import { keepField, ownObject } from "./own-object.ts";
import { plainStrategy } from "./plain-strategy.ts";
import { ownMetadata } from "./system-fields.ts";

/** The API group of admission by configuration. */
export const admissionGroup = "admissionregistration.k8s.io";

const policyStrategy: Strategy = {
  ...plainStrategy,
  prepareForCreate(policy) {
    policy["status"] = jsonObject();
    ownMetadata(policy)["generation"] = 1;
  },
  prepareForUpdate(next, previous) {
    keepField(next, previous, "status");
    if (!equalJson(next["spec"], previous["spec"])) {
      ownMetadata(next)["generation"] = numberField(metadataOf(previous), "generation") + 1;
    }
  },
  validate: validateAdmissionPolicy,
  validateUpdate: (next) => validateAdmissionPolicy(next),
  allowUnconditionalUpdate: false,
};

const statusStrategy: Strategy = {
  ...plainStrategy,
  prepareForUpdate: (next, previous) => keepField(next, previous, "spec"),
  allowUnconditionalUpdate: false,
};

function column(name: string, type: Column["type"], description: string, cell: Column["cell"]): Column {
  return { name, type, format: "", description, priority: 0, cell };
}

/** ValidatingAdmissionPolicies: what changes must be like, as expressions. They hold where a binding says so. */
export const validatingAdmissionPolicyKind: Kind = {
  group: admissionGroup,
  version: "v1",
  kind: "ValidatingAdmissionPolicy",
  listKind: "ValidatingAdmissionPolicyList",
  resource: "validatingadmissionpolicies",
  singular: "validatingadmissionpolicy",
  shortNames: [],
  categories: ["api-extensions"],
  namespaced: false,
  verbs: resourceVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"], strategy: statusStrategy }],
  schema: message("admissionregistration-v1", "ValidatingAdmissionPolicy"),
  listSchema: message("admissionregistration-v1", "ValidatingAdmissionPolicyList"),
  columns: [
    nameColumn,
    column(
      "Validations",
      "integer",
      "How many validations the policy has.",
      (policy) => objectsField(objectField(policy, "spec"), "validations").length,
    ),
    column("ParamKind", "string", "The kind of objects that hold parameters of the policy.", (policy) => {
      const kind = objectField(policy, "spec")["paramKind"];
      return isJsonObject(kind) ? `${stringField(kind, "apiVersion")}/${stringField(kind, "kind")}` : "<unset>";
    }),
    ageColumn,
  ],
  fieldSelectors: new Map([["metadata.name", (object: JsonObject) => stringField(metadataOf(object), "name")]]),
  internalize: setPolicyDefaults,
  validateName: nameIsDnsSubdomain,
  strategy: policyStrategy,
};

const bindingStrategy: Strategy = {
  ...plainStrategy,
  prepareForCreate: (binding) => void (ownMetadata(binding)["generation"] = 1),
  prepareForUpdate(next, previous) {
    if (!equalJson(next["spec"], previous["spec"])) {
      ownMetadata(next)["generation"] = numberField(metadataOf(previous), "generation") + 1;
    }
  },
  validate: validateAdmissionPolicyBinding,
  validateUpdate: (next) => validateAdmissionPolicyBinding(next),
  allowUnconditionalUpdate: false,
};

/** ValidatingAdmissionPolicyBindings: where a policy holds, with which parameters, and what becomes of what fails it. */
export const validatingAdmissionPolicyBindingKind: Kind = {
  ...validatingAdmissionPolicyKind,
  kind: "ValidatingAdmissionPolicyBinding",
  listKind: "ValidatingAdmissionPolicyBindingList",
  resource: "validatingadmissionpolicybindings",
  singular: "validatingadmissionpolicybinding",
  subresources: [],
  schema: message("admissionregistration-v1", "ValidatingAdmissionPolicyBinding"),
  listSchema: message("admissionregistration-v1", "ValidatingAdmissionPolicyBindingList"),
  columns: [
    nameColumn,
    column("PolicyName", "string", "The policy that is bound.", (binding) =>
      stringField(objectField(binding, "spec"), "policyName"),
    ),
    column("ParamRef", "string", "Where the parameters are.", paramCell),
    ageColumn,
  ],
  internalize: (binding) => setMatchDefaults(ownObject(binding, "spec")["matchResources"]),
  strategy: bindingStrategy,
};

function paramCell(binding: JsonObject): string {
  const reference = objectField(binding, "spec")["paramRef"];
  if (!isJsonObject(reference)) return "<unset>";
  const name = stringField(reference, "name");
  if (name !== "") return `${stringField(reference, "namespace") || "*"}/${name}`;
  return isJsonObject(reference["selector"]) ? JSON.stringify(reference["selector"]) : "<unset>";
}

function setPolicyDefaults(policy: JsonObject): void {
  const spec = ownObject(policy, "spec");
  if (stringField(spec, "failurePolicy") === "") spec["failurePolicy"] = "Fail";
  setMatchDefaults(spec["matchConstraints"]);
}

function setMatchDefaults(resources: JsonObject[string] | undefined): void {
  if (!isJsonObject(resources)) return;
  if (stringField(resources, "matchPolicy") === "") resources["matchPolicy"] = "Equivalent";
  for (const selector of ["namespaceSelector", "objectSelector"]) resources[selector] ??= jsonObject();
  for (const rule of [
    ...objectsField(resources, "resourceRules"),
    ...objectsField(resources, "excludeResourceRules"),
  ]) {
    if (stringField(rule, "scope") === "") rule["scope"] = "*";
  }
}
