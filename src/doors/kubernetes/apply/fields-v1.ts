/**
 * FieldsV1, the JSON form of a set of fields: an object per step, `{}` for a
 * field with nothing below, `.` for a field that is in the set beside some below.
 *
 *     {"f:data":{".":{},"f:a":{}},"f:metadata":{"f:labels":{"f:x":{}}}}
 *
 * Source: structured-merge-diff fieldpath/serialize.go.
 */
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { compareSteps, parseStep, sortableStep } from "./field-path.ts";
import { emptySet } from "./field-set.ts";
import type { FieldNode, FieldSet } from "./field-set.ts";

const self = ".";

/** Deeper than any schema; what a client sends is not followed further. */
const depthMax = 200;

/** Reads FieldsV1; steps of unknown kinds are dropped. Raises SyntaxError for what is none. */
export function readFieldsV1(fields: JsonValue): FieldSet {
  if (fields === null) return emptySet;
  if (!isJsonObject(fields)) throw new SyntaxError("fieldsV1 must be an object");
  return readChildren(fields, 0);
}

function readChildren(fields: JsonObject, depth: number): FieldSet {
  if (depth > depthMax) throw new SyntaxError(`fieldsV1 must have at most ${depthMax} levels`);
  const set = new Map<string, FieldNode>();
  for (const key of Object.keys(fields)) {
    if (key === self) continue;
    const step = parseStep(key);
    if (step === undefined) continue;
    const below = fields[key] ?? null;
    if (below !== null && !isJsonObject(below)) throw new SyntaxError("each step of fieldsV1 must hold an object");
    const children = below === null ? emptySet : readChildren(below, depth + 1);
    const owned = children.size === 0 || (below !== null && self in below);
    const other = set.get(step);
    set.set(step, { owned: owned || other?.owned === true, children });
  }
  return set;
}

/** Writes a set, its steps in the order that Kubernetes gives them. */
export function writeFieldsV1(set: FieldSet): JsonObject {
  const fields = jsonObject();
  for (const [step, node] of inOrder(set)) {
    const below = writeFieldsV1(node.children);
    fields[step] =
      node.owned && node.children.size > 0 ? jsonObject([[self, jsonObject()], ...Object.entries(below)]) : below;
  }
  return fields;
}

/** The paths of a set in the order of upstream: the fields of a level, then what is below each. */
export function* pathsOf(set: FieldSet, prefix: readonly string[] = []): Generator<readonly string[]> {
  const nodes = inOrder(set);
  for (const [step, node] of nodes) if (node.owned) yield [...prefix, step];
  for (const [step, node] of nodes) if (node.children.size > 0) yield* pathsOf(node.children, [...prefix, step]);
}

function inOrder(set: FieldSet): (readonly [string, FieldNode])[] {
  if (set.size < 2) return [...set];
  return [...set]
    .map((entry) => ({ entry, key: sortableStep(entry[0]) }))
    .toSorted((a, b) => compareSteps(a.key, b.key))
    .map(({ entry }) => entry);
}
