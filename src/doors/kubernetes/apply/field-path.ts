/**
 * The steps of a path to a field, each written as FieldsV1 writes it:
 *
 * - `f:NAME` a field of an object, or a key of a map
 * - `k:{"name":"x"}` the item of a list whose keys have these values
 * - `v:VALUE` the item of a set
 * - `i:N` the item of a list at an index (no list of ours is owned by index; kept when a client sends it)
 *
 * A step is compared as text, so each has one spelling: keys sorted, values as
 * Go's encoding/json writes them.
 *
 * Source: structured-merge-diff fieldpath/{element,serialize-pe,path}.go, value/value.go.
 */
import { compareUtf8 } from "../codec/canonical-object.ts";
import { goQuote } from "../codec/go-quote.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { writeJson } from "../codec/json-writer.ts";

/** A step to a field of an object or a key of a map. */
export function fieldStep(name: string): string {
  return `f:${name}`;
}

/** A step to the item of a list that has these keys; the order of `keys` does not matter. */
export function keyStep(keys: JsonObject): string {
  const names = Object.keys(keys);
  const sorted =
    names.length < 2 ? keys : jsonObject(names.toSorted(compareUtf8).map((key) => [key, keys[key] ?? null]));
  return `k:${writeJson(sorted)}`;
}

/** A step to an item of a set. */
export function valueStep(value: JsonValue): string {
  return `v:${writeJson(value)}`;
}

/** The name in a field step, undefined for other steps. */
export function fieldOfStep(step: string): string | undefined {
  return step.startsWith("f:") ? step.slice(2) : undefined;
}

/** Whether a step leads to the item of a list by its keys. */
export function isKeyStep(step: string): boolean {
  return step.startsWith("k:");
}

/**
 * A step as somebody else spelt it in the one spelling used here; undefined for a
 * kind of step that is not known, which a reader passes over. Raises SyntaxError
 * for what cannot be read.
 */
export function parseStep(text: string): string | undefined {
  if (text.length < 2 || text[1] !== ":")
    throw new SyntaxError("a step of a field path must begin with a letter and a colon");
  switch (text[0]) {
    case "f":
      return text;
    case "v":
      return valueStep(parseValue(text.slice(2)));
    case "k": {
      const keys = parseValue(text.slice(2));
      if (!isJsonObject(keys)) throw new SyntaxError("keys of a list item must be an object");
      return keyStep(keys);
    }
    case "i":
      if (!/^[-+]?[0-9]+$/.test(text.slice(2))) throw new SyntaxError("an index must be an integer");
      return `i:${Number(text.slice(2))}`;
    default:
      return undefined;
  }
}

/** Deepest nesting of the value in a step; those of the API have none, and what walks them calls itself. */
const valueDepthMax = 100;

function parseValue(text: string): JsonValue {
  const value: JsonValue = JSON.parse(text);
  if (isDeeper(value, valueDepthMax))
    throw new SyntaxError(`a value in a step must have at most ${valueDepthMax} levels`);
  return value;
}

function isDeeper(value: JsonValue, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeper(item, levels - 1));
}

/** A step with what {@link compareSteps} needs of it, read once. */
export interface SortableStep {
  readonly step: string;
  readonly rank: number;
  readonly value: JsonValue;
}

/** Prepares a step for sorting. */
export function sortableStep(step: string): SortableStep {
  const rank = ranks.indexOf(step[0] ?? "");
  return { step, rank, value: rank === 0 ? step : JSON.parse(step.slice(2)) };
}

const ranks = ["f", "k", "v", "i"];

/** The order in which FieldsV1 lists steps: fields by name, then items by keys, by value, by index. */
export function compareSteps(a: SortableStep, b: SortableStep): number {
  if (a.rank !== b.rank) return a.rank - b.rank;
  if (a.rank === 0) return compareUtf8(a.step, b.step);
  return a.rank === 1 ? compareKeys(entriesOf(a.value), entriesOf(b.value)) : compareValues(a.value, b.value);
}

type Entries = readonly (readonly [string, JsonValue])[];

function entriesOf(value: JsonValue): Entries {
  return isJsonObject(value) ? Object.entries(value) : [];
}

function compareKeys(a: Entries, b: Entries): number {
  for (let index = 0; ; index++) {
    const [left, right] = [a[index], b[index]];
    if (left === undefined || right === undefined) return a.length - b.length;
    const order = compareUtf8(left[0], right[0]) || compareValues(left[1], right[1]);
    if (order !== 0) return order;
  }
}

/** Numbers before texts before booleans before lists before objects before null. */
function compareValues(a: JsonValue, b: JsonValue): number {
  const order = typeRank(a) - typeRank(b);
  if (order !== 0) return order;
  if (typeof a === "string" && typeof b === "string") return compareUtf8(a, b);
  if (Array.isArray(a) && Array.isArray(b)) return compareLists(a, b);
  if (isJsonObject(a) && isJsonObject(b)) return compareKeys(sortedEntries(a), sortedEntries(b));
  return Number(a) - Number(b);
}

function compareLists(a: readonly JsonValue[], b: readonly JsonValue[]): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const order = compareValues(a[index] ?? null, b[index] ?? null);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function sortedEntries(object: JsonObject): Entries {
  return Object.entries(object).toSorted(([a], [b]) => compareUtf8(a, b));
}

function typeRank(value: JsonValue): number {
  if (value === null) return 5;
  if (Array.isArray(value)) return 3;
  return { number: 0, string: 1, boolean: 2, object: 4 }[typeof value as "number" | "string" | "boolean" | "object"]; // the types of JSON
}

/** A path as messages show it, e.g. `.spec.containers[name="web"].image`. */
export function printPath(path: readonly string[]): string {
  return path.map(printStep).join("");
}

/** One step as messages show it, e.g. `.data`, `[name="web"]`, `[="example.com/a"]`. */
export function printStep(step: string): string {
  const field = fieldOfStep(step);
  if (field !== undefined) return `.${field}`;
  const value: JsonValue = JSON.parse(step.slice(2));
  if (isKeyStep(step))
    return `[${entriesOf(value)
      .map(([name, key]) => `${name}=${printValue(key)}`)
      .join(",")}]`;
  return step.startsWith("v:") ? `[=${printValue(value)}]` : `[${printValue(value)}]`;
}

function printValue(value: JsonValue): string {
  if (typeof value === "string") return goQuote(value);
  if (Array.isArray(value)) return `[${value.map(printValue).join(",")}]`;
  if (isJsonObject(value))
    return Object.entries(value)
      .map(([key, item]) => `${key}=${printValue(item)}`)
      .join("");
  return String(value);
}
