/**
 * The rules of ValidatingAdmissionPolicies and their bindings beside those of `metadata`; expressions are compiled by admission.
 *
 * Source: k/k pkg/apis/admissionregistration/validation/validation.go.
 */
import { goQuote } from "../codec/go-quote.ts";
import type { JsonObject } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import type { FieldError } from "./field-error.ts";
import { duplicate, forbidden, invalid, notSupported, required, tooMany } from "./field-error-constructors.ts";
import { labelSelectorErrors } from "./label-selector.ts";
import { nameIsDnsSubdomain, nameIsPathSegment, qualifiedNameErrors } from "./names.ts";
import { metadataOf, objectField, objectsField, stringField, stringsField } from "./object-fields.ts";

const conditionsMax = 64;
const auditAnnotationsMax = 20;
const identifier = /^[_a-zA-Z][_a-zA-Z0-9]*$/;

/** Errors of a ValidatingAdmissionPolicy. */
export function validateAdmissionPolicy(policy: JsonObject): FieldError[] {
  const spec = objectField(policy, "spec");
  const [validations, annotations] = [objectsField(spec, "validations"), objectsField(spec, "auditAnnotations")];
  const atLeastOne = "validations or auditAnnotations must contain at least one item";
  return [
    ...oneOf(spec, "failurePolicy", ["Fail", "Ignore"], "spec"),
    ...(isJsonObject(spec["paramKind"]) ? paramKindErrors(spec["paramKind"]) : []),
    ...constraintsErrors(spec),
    ...conditionsErrors(objectsField(spec, "matchConditions")),
    ...objectsField(spec, "variables").flatMap((variable, index) =>
      variableErrors(variable, `spec.variables[${index}]`),
    ),
    ...(validations.length + annotations.length === 0
      ? [required("spec.validations", atLeastOne), required("spec.auditAnnotations", atLeastOne)]
      : []),
    ...validations.flatMap((validation, index) => validationErrors(validation, `spec.validations[${index}]`)),
    ...annotationsErrors(annotations, stringField(metadataOf(policy), "name")),
  ];
}

/** Errors of a ValidatingAdmissionPolicyBinding. */
export function validateAdmissionPolicyBinding(binding: JsonObject): FieldError[] {
  const spec = objectField(binding, "spec");
  const name = stringField(spec, "policyName");
  return [
    ...(name === "" ? [required("spec.policyName", "")] : []),
    ...(name === "" ? [] : nameIsDnsSubdomain(name, false).map((text) => invalid("spec.policyName", name, text))),
    ...(isJsonObject(spec["paramRef"]) ? paramRefErrors(spec["paramRef"]) : []),
    ...(isJsonObject(spec["matchResources"]) ? matchErrors(spec["matchResources"], "spec.matchResources") : []),
    ...actionsErrors(stringsField(spec, "validationActions")),
  ];
}

function oneOf(object: Readonly<JsonObject>, field: string, words: readonly string[], path: string): FieldError[] {
  const value = stringField(object, field);
  if (value === "") return [required(`${path}.${field}`, "")];
  return words.includes(value) ? [] : [notSupported(`${path}.${field}`, goQuote(value), [...words].sort())];
}

function paramKindErrors(kind: JsonObject): FieldError[] {
  return ["apiVersion", "kind"].flatMap((field) =>
    stringField(kind, field) === "" ? [required(`spec.paramKind.${field}`, "")] : [],
  );
}

function constraintsErrors(spec: Readonly<JsonObject>): FieldError[] {
  const constraints = spec["matchConstraints"];
  if (!isJsonObject(constraints)) return [required("spec.matchConstraints", "")];
  const none = objectsField(constraints, "resourceRules").length === 0;
  return [
    ...matchErrors(constraints, "spec.matchConstraints"),
    ...(none ? [required("spec.matchConstraints.resourceRules", "")] : []),
  ];
}

function matchErrors(resources: JsonObject, path: string): FieldError[] {
  return [
    ...oneOf(resources, "matchPolicy", ["Equivalent", "Exact"], path),
    ...["namespaceSelector", "objectSelector"].flatMap((selector) =>
      labelSelectorErrors(objectField(resources, selector), `${path}.${selector}`),
    ),
    ...["resourceRules", "excludeResourceRules"].flatMap((field) =>
      objectsField(resources, field).flatMap((rule, index) => ruleErrors(rule, `${path}.${field}[${index}]`)),
    ),
  ];
}

function ruleErrors(rule: JsonObject, path: string): FieldError[] {
  const names = stringsField(rule, "resourceNames");
  return [
    ...names.flatMap((name, index) => [
      ...nameIsPathSegment(name, false).map((text) => invalid(`${path}.resourceNames[${index}]`, name, text)),
      ...(names.indexOf(name) < index ? [duplicate(`${path}.resourceNames[${index}]`, goQuote(name))] : []),
    ]),
    ...wordsErrors(rule, "operations", path, "operations"),
    ...stringsField(rule, "operations").flatMap((operation, index) =>
      operations.includes(operation)
        ? []
        : [notSupported(`${path}.operations[${index}]`, goQuote(operation), operations)],
    ),
    ...wordsErrors(rule, "apiGroups", path, "API groups"),
    ...wordsErrors(rule, "apiVersions", path, "API versions"),
    ...emptyWordErrors(rule, "apiVersions", path),
    ...(stringsField(rule, "resources").length === 0 ? [required(`${path}.resources`, "")] : []),
    ...emptyWordErrors(rule, "resources", path),
    ...oneOf(rule, "scope", ["*", "Cluster", "Namespaced"], path),
  ];
}

const operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];

function wordsErrors(rule: JsonObject, field: string, path: string, what: string): FieldError[] {
  const words = stringsField(rule, field);
  if (words.length === 0) return [required(`${path}.${field}`, "")];
  if (words.length === 1 || !words.includes("*")) return [];
  return [invalid(`${path}.${field}`, words.join(","), `if '*' is present, must not specify other ${what}`)];
}

function emptyWordErrors(rule: JsonObject, field: string, path: string): FieldError[] {
  return stringsField(rule, field).flatMap((word, index) =>
    word === "" ? [required(`${path}.${field}[${index}]`, "")] : [],
  );
}

function conditionsErrors(conditions: readonly JsonObject[]): FieldError[] {
  const path = "spec.matchConditions";
  const names = conditions.map((condition) => stringField(condition, "name"));
  return [
    ...(conditions.length > conditionsMax ? [tooMany(path, conditions.length, conditionsMax)] : []),
    ...conditions.flatMap((condition, index) => {
      const name = names[index] ?? "";
      return [
        ...(stringField(condition, "expression").trim() === "" ? [required(`${path}[${index}].expression`, "")] : []),
        ...(name === "" ? [required(`${path}[${index}].name`, "")] : []),
        ...(name === "" ? [] : qualifiedNameErrors(name).map((text) => invalid(`${path}[${index}].name`, name, text))),
        ...(name !== "" && names.indexOf(name) < index ? [duplicate(`${path}[${index}].name`, goQuote(name))] : []),
      ];
    }),
  ];
}

function variableErrors(variable: JsonObject, path: string): FieldError[] {
  const name = stringField(variable, "name");
  return [
    ...(name.trim() === "" ? [required(`${path}.name`, "name is not specified")] : []),
    ...(name.trim() === "" || identifier.test(name)
      ? []
      : [invalid(`${path}.name`, name, "must be a valid CEL identifier")]),
    ...(stringField(variable, "expression").trim() === ""
      ? [required(`${path}.expression`, "expression is not specified")]
      : []),
  ];
}

const reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge"];

function validationErrors(validation: JsonObject, path: string): FieldError[] {
  const text = (field: string) => stringField(validation, field);
  const blank = (field: string) =>
    text(field) !== "" && text(field).trim() === ""
      ? [invalid(`${path}.${field}`, text(field), "must be non-empty if specified")]
      : [];
  const reason = text("reason");
  return [
    ...(text("expression").trim() === "" ? [required(`${path}.expression`, "expression is not specified")] : []),
    ...blank("messageExpression"),
    ...blank("message"),
    ...(/[\n\r]/.test(text("message").trim())
      ? [invalid(`${path}.message`, text("message"), "must not contain line breaks")]
      : []),
    ...(reason !== "" && !reasons.includes(reason) ? [notSupported(`${path}.reason`, goQuote(reason), reasons)] : []),
  ];
}

function annotationsErrors(annotations: readonly JsonObject[], policy: string): FieldError[] {
  const path = "spec.auditAnnotations";
  const keys = annotations.map((annotation) => stringField(annotation, "key"));
  return [
    ...(annotations.length > auditAnnotationsMax
      ? [invalid(path, String(annotations.length), `must not have more than ${auditAnnotationsMax} auditAnnotations`)]
      : []),
    ...annotations.flatMap((annotation, index) => {
      const at = `${path}[${index}]`;
      const key = `${policy}/${keys[index] ?? ""}`;
      return [
        ...qualifiedNameErrors(key).map((text) => invalid(`${at}.key`, key, text)),
        ...(stringField(annotation, "valueExpression").trim() === ""
          ? [required(`${at}.valueExpression`, "valueExpression is not specified")]
          : []),
        ...(keys.indexOf(keys[index] ?? "") < index ? [duplicate(`${at}.key`, goQuote(keys[index] ?? ""))] : []),
      ];
    }),
  ];
}

function paramRefErrors(reference: JsonObject): FieldError[] {
  const path = "spec.paramRef";
  const name = stringField(reference, "name");
  const hasSelector = isJsonObject(reference["selector"]);
  const both = "name and selector are mutually exclusive";
  const action = stringField(reference, "parameterNotFoundAction");
  return [
    ...(name === "" ? [] : nameIsPathSegment(name, false).map((text) => invalid(`${path}.name`, name, text))),
    ...(name !== "" && hasSelector ? [forbidden(`${path}.name`, both)] : []),
    ...(hasSelector ? labelSelectorErrors(objectField(reference, "selector"), `${path}.selector`) : []),
    ...(name !== "" && hasSelector ? [forbidden(`${path}.selector`, both)] : []),
    ...(name === "" && !hasSelector ? [required(path, "one of name or selector must be specified")] : []),
    ...(action === "" ? [required(`${path}.parameterNotFoundAction`, "")] : []),
    ...(action === "" || ["Allow", "Deny"].includes(action)
      ? []
      : [notSupported(`${path}.parameterNotFoundAction`, goQuote(action), ["Deny", "Allow"])]),
  ];
}

function actionsErrors(actions: readonly string[]): FieldError[] {
  const path = "spec.validationActions";
  const known = ["Audit", "Deny", "Warn"];
  const both =
    "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)";
  return [
    ...actions.flatMap((action, index) => [
      ...(known.includes(action) ? [] : [notSupported(`${path}[${index}]`, goQuote(action), known)]),
      ...(actions.indexOf(action) < index ? [duplicate(`${path}[${index}]`, goQuote(action))] : []),
    ]),
    ...(actions.includes("Deny") && actions.includes("Warn") ? [invalid(path, actions.join(","), both)] : []),
    ...(actions.length === 0 ? [required(path, "at least one validation action is required")] : []),
  ];
}
