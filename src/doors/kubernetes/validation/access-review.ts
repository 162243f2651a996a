/**
 * The rules of access reviews.
 *
 * Source: k/k pkg/apis/authorization/validation/validation.go; apimachinery
 * pkg/apis/meta/v1/validation/validation.go (the requirements of selectors).
 */
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { invalid, invalidPrinted, required } from "./field-error-constructors.ts";
import type { FieldError } from "./field-error.ts";
import { goJson } from "./go-format.ts";
import { printGoStruct } from "./go-struct.ts";
import { labelNameErrors } from "./label-selector.ts";
import { labelValueErrors } from "./names.ts";
import { metadataOf, objectField, objectsField, stringField, stringsField } from "./object-fields.ts";
import { operatorValuesErrors } from "./label-selector.ts";

/** Errors of a SelfSubjectAccessReview. */
export function selfReviewErrors(review: JsonObject): FieldError[] {
  return [...attributesErrors(review), ...selectorsErrors(review), ...metadataErrors(review, [], "must be empty")];
}

/** Errors of a SubjectAccessReview. */
export function subjectReviewErrors(review: JsonObject): FieldError[] {
  return [...subjectSpecErrors(review), ...metadataErrors(review, [], "must be empty")];
}

/** Errors of a LocalSubjectAccessReview, whose metadata has the namespace of the request. */
export function localReviewErrors(review: JsonObject): FieldError[] {
  const spec = objectField(review, "spec");
  const errors = [
    ...subjectSpecErrors(review),
    ...metadataErrors(review, ["namespace"], "must be empty except for namespace"),
  ];
  const namespace = stringField(objectField(spec, "resourceAttributes"), "namespace");
  if (isJsonObject(spec["resourceAttributes"]) && namespace !== stringField(metadataOf(review), "namespace")) {
    errors.push(invalid("spec.resourceAttributes.namespace", namespace, "must match metadata.namespace"));
  }
  if (isJsonObject(spec["nonResourceAttributes"])) {
    const detail = "disallowed on this kind of request";
    errors.push(invalidPrinted("spec.nonResourceAttributes", printedPath(spec), detail));
  }
  return errors;
}

function subjectSpecErrors(review: JsonObject): FieldError[] {
  const spec = objectField(review, "spec");
  const user = stringField(spec, "user");
  const nobody = user === "" && stringsField(spec, "groups").length === 0;
  const detail = "at least one of user or group must be specified";
  return [
    ...attributesErrors(review),
    ...(nobody ? [invalid("spec.user", user, detail)] : []),
    ...selectorsErrors(review),
  ];
}

function attributesErrors(review: JsonObject): FieldError[] {
  const spec = objectField(review, "spec");
  const [resource, path] = [isJsonObject(spec["resourceAttributes"]), isJsonObject(spec["nonResourceAttributes"])];
  if (resource && path) {
    const detail = "cannot be specified in combination with resourceAttributes";
    return [invalidPrinted("spec.nonResourceAttributes", printedPath(spec), detail)];
  }
  if (resource || path) return [];
  const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
  return [invalidPrinted("spec.resourceAttributes", "null", detail)];
}

function printedPath(spec: Readonly<JsonObject>): string {
  return printGoStruct(objectField(spec, "nonResourceAttributes"), [
    ["Path", "path", ""],
    ["Verb", "verb", ""],
  ]);
}

function metadataErrors(review: JsonObject, allowed: readonly string[], detail: string): FieldError[] {
  const metadata = metadataOf(review);
  const others = Object.keys(metadata).filter((field) => field !== "managedFields" && !allowed.includes(field));
  const isEmpty = others.every((field) => metadata[field] === null);
  return isEmpty ? [] : [invalidPrinted("metadata", goJson(jsonObject(Object.entries(metadata))), detail)];
}

function selectorsErrors(review: JsonObject): FieldError[] {
  const attributes = objectField(objectField(review, "spec"), "resourceAttributes");
  const path = "spec.resourceAttributes";
  return [
    ...selectorErrors(attributes["fieldSelector"], `${path}.fieldSelector`, fieldRequirementErrors),
    ...selectorErrors(attributes["labelSelector"], `${path}.labelSelector`, labelRequirementErrors),
  ];
}

function selectorErrors(
  selector: JsonObject[string] | undefined,
  path: string,
  requirementErrors: (requirement: JsonObject, path: string) => FieldError[],
): FieldError[] {
  if (!isJsonObject(selector)) return [];
  const raw = stringField(selector, "rawSelector");
  const requirements = objectsField(selector, "requirements");
  const errors: FieldError[] = [];
  if (raw !== "" && requirements.length > 0) {
    errors.push(invalid(`${path}.rawSelector`, raw, "may not specified at the same time as requirements"));
  }
  if (raw === "" && requirements.length === 0) {
    errors.push(required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`));
  }
  const each = requirements.map((requirement, index) =>
    requirementErrors(requirement, `${path}.requirements[${index}]`),
  );
  return [...errors, ...each.flat()];
}

function fieldRequirementErrors(requirement: JsonObject, path: string): FieldError[] {
  const errors = valuesErrors(requirement, path);
  if (stringField(requirement, "key") === "") errors.push(required(`${path}.key`, "must be specified"));
  return errors;
}

function labelRequirementErrors(requirement: JsonObject, path: string): FieldError[] {
  return [
    ...valuesErrors(requirement, path),
    ...labelNameErrors(stringField(requirement, "key"), `${path}.key`),
    ...stringsField(requirement, "values").flatMap((value, index) =>
      labelValueErrors(value).map((text) => invalid(`${path}.values[${index}]`, value, text)),
    ),
  ];
}

/** Operators that are not known are no error here: a newer client may know them. */
function valuesErrors(requirement: JsonObject, path: string): FieldError[] {
  const operator = stringField(requirement, "operator");
  return operatorValuesErrors(operator, stringsField(requirement, "values"), path) ?? [];
}
