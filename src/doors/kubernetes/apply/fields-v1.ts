/**
 * FieldsV1, the JSON form of a set of fields: an object per step, `{}` for a
 * field with nothing below, `.` for a field that is in the set beside some below.
 *
 *     {"f:data":{".":{},"f:a":{}},"f:metadata":{"f:labels":{"f:x":{}}}}
 *
 * Source: structured-merge-diff fieldpath/serialize.go.
 */
import { compareUtf8 } from "../codec/canonical-object.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { compareSteps, fieldOfStep, parseStep, sortableStep } from "./field-path.ts";
import { emptySet, ownedLeaf } from "./field-set.ts";
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
    const owned = children.size === 0 || (below !== null && self in below) || set.get(step)?.owned === true;
    set.set(step, children.size === 0 ? ownedLeaf : { owned, children });
  }
  return set;
}

/** Writes a set, its steps in the order that Kubernetes gives them. */
export function writeFieldsV1(set: FieldSet): JsonObject {
  return writeChildren(set, false);
}

/** Most steps have nothing below: one object stands for all of them. */
const nothing: JsonObject = Object.freeze(jsonObject());

function writeChildren(set: FieldSet, owned: boolean): JsonObject {
  if (set.size === 0) return nothing;
  const fields = jsonObject();
  if (owned) fields[self] = nothing;
  for (const [step, node] of inOrder(set)) fields[step] = writeChildren(node.children, node.owned);
  return fields;
}

/** The paths of a set in the order of upstream: the fields of a level, then what is below each. */
export function* pathsOf(set: FieldSet, prefix: readonly string[] = []): Generator<readonly string[]> {
  const nodes = inOrder(set);
  for (const [step, node] of nodes) if (node.owned) yield [...prefix, step];
  for (const [step, node] of nodes) if (node.children.size > 0) yield* pathsOf(node.children, [...prefix, step]);
}

function inOrder(set: FieldSet): (readonly [string, FieldNode])[] {
  const nodes = [...set];
  if (isFieldsInOrder(nodes)) return nodes;
  return nodes
    .map((entry) => ({ entry, key: sortableStep(entry[0]) }))
    .toSorted((a, b) => compareSteps(a.key, b.key))
    .map(({ entry }) => entry);
}

/** Whether there are only steps to fields, sorted already: true of what was read, and of maps in canonical form. */
function isFieldsInOrder(nodes: readonly (readonly [string, FieldNode])[]): boolean {
  return nodes.every(([step], index) => {
    if (fieldOfStep(step) === undefined) return false;
    return index === 0 || compareUtf8(nodes[index - 1]?.[0] ?? "", step) <= 0;
  });
}
