/**
 * The rules of a LabelSelector in an object.
 *
 * Source: apimachinery pkg/apis/meta/v1/validation/validation.go.
 */
import type { JsonObject } from "../codec/json.ts";
import type { FieldError } from "./field-error.ts";
import { forbidden, invalid, required } from "./field-error-constructors.ts";
import { labelValueErrors, qualifiedNameErrors } from "./names.ts";
import { objectField, objectsField, stringField, stringsField } from "./object-fields.ts";

/** Errors of the selector at `path`. With `anyValue`, values of expressions are not checked (they once were not). */
export function labelSelectorErrors(selector: Readonly<JsonObject>, path: string, anyValue = false): FieldError[] {
  return [
    ...matchLabelsErrors(objectField(selector, "matchLabels"), `${path}.matchLabels`),
    ...objectsField(selector, "matchExpressions").flatMap((requirement, index) =>
      requirementErrors(requirement, `${path}.matchExpressions[${index}]`, anyValue),
    ),
  ];
}

/** Whether a value in the selector's expressions could not be the value of a label. */
export function hasInvalidValue(selector: Readonly<JsonObject>): boolean {
  return objectsField(selector, "matchExpressions").some((requirement) =>
    stringsField(requirement, "values").some((value) => labelValueErrors(value).length > 0),
  );
}

/** Errors of the name of a label. */
export function labelNameErrors(name: string, path: string): FieldError[] {
  return qualifiedNameErrors(name).map((text) => invalid(path, name, text));
}

function matchLabelsErrors(labels: Readonly<JsonObject>, path: string): FieldError[] {
  return Object.keys(labels).flatMap((key) => {
    const value = stringField(labels, key);
    return [...labelNameErrors(key, path), ...labelValueErrors(value).map((text) => invalid(path, value, text))];
  });
}

function requirementErrors(requirement: JsonObject, path: string, anyValue: boolean): FieldError[] {
  const operator = stringField(requirement, "operator");
  const values = stringsField(requirement, "values");
  const errors = [
    ...(operatorValuesErrors(operator, values, path) ?? [
      invalid(`${path}.operator`, operator, "not a valid selector operator"),
    ]),
    ...labelNameErrors(stringField(requirement, "key"), `${path}.key`),
  ];
  if (anyValue) return errors;
  const valueErrors = values.flatMap((value, index) =>
    labelValueErrors(value).map((text) => invalid(`${path}.values[${index}]`, value, text)),
  );
  return [...errors, ...valueErrors];
}

/** Whether a requirement's operator has the values it needs; undefined for an operator that is not known. */
export function operatorValuesErrors(
  operator: string,
  values: readonly string[],
  path: string,
): FieldError[] | undefined {
  switch (operator) {
    case "In":
    case "NotIn":
      if (values.length > 0) return [];
      return [required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    case "Exists":
    case "DoesNotExist":
      if (values.length === 0) return [];
      return [forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    default:
      return undefined;
  }
}
