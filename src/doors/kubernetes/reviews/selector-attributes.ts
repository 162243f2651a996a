/**
 * The selectors of a request that is asked about: nodes are judged by fields, roles by none. What cannot be read of them is told.
 *
 * Source: k/k pkg/registry/authorization/util/helpers.go.
 */
import { isJsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { parseFieldSelector } from "../selector/field-selector.ts";
import type { FieldRequirement } from "../selector/field-selector.ts";
import { parseLabelSelector } from "../selector/label-selector.ts";
import { SelectorError } from "../selector/selector-error.ts";
import { objectField, objectsField, stringField, stringsField } from "../validation/object-fields.ts";

/** What the question asks of fields, as far as it can be read; undefined for nothing. */
export function fieldSelectorOf(attributes: Readonly<JsonObject>): FieldRequirement[] | undefined {
  if (!isJsonObject(attributes["fieldSelector"])) return undefined;
  const selector = objectField(attributes, "fieldSelector");
  const requirements = objectsField(selector, "requirements").filter(isFieldRequirement);
  if (objectsField(selector, "requirements").length === 0) return rawRequirements(stringField(selector, "rawSelector"));
  return requirements.map((requirement) => ({
    field: stringField(requirement, "key"),
    operator: stringField(requirement, "operator") === "In" ? "=" : "!=",
    value: stringsField(requirement, "values")[0] ?? "", // one, or it would not be readable
  }));
}

function rawRequirements(text: string): FieldRequirement[] | undefined {
  try {
    return [...parseFieldSelector(text, { has: () => true }).requirements];
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}

/** What is wrong with the selectors, "" for nothing. */
export function selectorErrorText(attributes: Readonly<JsonObject>): string {
  const texts = [
    unreadable(
      attributes,
      "fieldSelector",
      (text) => parseFieldSelector(text, { has: () => true }),
      isFieldRequirement,
    ),
    unreadable(attributes, "labelSelector", parseLabelSelector, isLabelRequirement),
  ];
  return texts.filter((text) => text !== "").join("; ");
}

function unreadable(
  attributes: Readonly<JsonObject>,
  name: "fieldSelector" | "labelSelector",
  parse: (text: string) => unknown,
  isReadable: (requirement: JsonObject) => boolean,
): string {
  if (!isJsonObject(attributes[name])) return "";
  const selector = objectField(attributes, name);
  const requirements = objectsField(selector, "requirements");
  const readable = requirements.filter(isReadable).length;
  if (requirements.length === 0) return parses(parse, stringField(selector, "rawSelector")) ? "" : ignored(name, "");
  return readable === requirements.length ? "" : ignored(name, readable > 0 ? "partially " : "");
}

function ignored(name: string, how: string): string {
  return `spec.resourceAttributes.${name} ${how}ignored due to parse error`;
}

function parses(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch (error) {
    if (error instanceof SelectorError) return false;
    throw error;
  }
}

/** Field selectors know one value, and no Exists. */
function isFieldRequirement(requirement: JsonObject): boolean {
  const operator = stringField(requirement, "operator");
  return (operator === "In" || operator === "NotIn") && stringsField(requirement, "values").length === 1;
}

function isLabelRequirement(requirement: JsonObject): boolean {
  return ["In", "NotIn", "Exists", "DoesNotExist"].includes(stringField(requirement, "operator"));
}
