/**
 * Label selectors in the form that objects have them: matchLabels and matchExpressions.
 *
 * Source: apimachinery pkg/apis/meta/v1/helpers.go (LabelSelectorAsSelector).
 */
import type { JsonObject } from "../codec/json.ts";
import { objectField, objectsField, stringField, stringsField } from "../validation/object-fields.ts";

/** Makes a valid selector ready to be asked of labels; an empty one matches everything. */
export function labelSelectorMatcher(selector: Readonly<JsonObject>): (labels: Readonly<JsonObject>) => boolean {
  const pairs = Object.entries(objectField(selector, "matchLabels"));
  const tests = objectsField(selector, "matchExpressions").map(expressionTest);
  return (labels) => pairs.every(([name, value]) => labels[name] === value) && tests.every((holds) => holds(labels));
}

function expressionTest(expression: JsonObject): (labels: Readonly<JsonObject>) => boolean {
  const key = stringField(expression, "key");
  const values = new Set(stringsField(expression, "values"));
  const isOneOf = (labels: Readonly<JsonObject>) => {
    const value = labels[key];
    return typeof value === "string" && values.has(value);
  };
  switch (stringField(expression, "operator")) {
    case "In":
      return isOneOf;
    case "NotIn":
      return (labels) => !isOneOf(labels);
    case "Exists":
      return (labels) => labels[key] !== undefined;
    case "DoesNotExist":
      return (labels) => labels[key] === undefined;
    default: // refused by validation
      return () => false;
  }
}
