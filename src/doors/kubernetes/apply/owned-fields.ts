/**
 * The fields a value consists of, and sets of fields seen through a type.
 *
 * Source: structured-merge-diff typed/{tofieldset,reconcile_schema}.go and
 * fieldpath/set.go (EnsureNamedFieldsAreMembers).
 */
import { isJsonObject } from "../codec/json.ts";
import type { JsonValue } from "../codec/json.ts";
import { fieldOfStep, fieldStep, isKeyStep } from "./field-path.ts";
import { emptySet, ownedLeaf } from "./field-set.ts";
import type { FieldNode, FieldSet } from "./field-set.ts";
import { resolve, shapeOfField, stepOfItem } from "./merge-shape.ts";
import type { ListShape, MergeShape, ObjectShape } from "./merge-shape.ts";

/**
 * The fields that a configuration names: leaves, items of lists, and objects that
 * are null or empty. Raises ShapeError for items of lists without identity.
 */
export function fieldsOf(shape: MergeShape, value: JsonValue): FieldSet {
  return nodeOf(shape, value).children;
}

const nothing: FieldNode = { owned: false, children: emptySet };

function nodeOf(shape: MergeShape, value: JsonValue): FieldNode {
  const resolved = resolve(shape, value);
  if (resolved.kind === "scalar" || resolved.atomic) return ownedLeaf;
  if (resolved.kind === "list")
    return Array.isArray(value) ? { owned: false, children: itemsOf(resolved, value) } : nothing;
  return isJsonObject(value) ? { owned: false, children: membersOf(resolved, value) } : nothing;
}

function itemsOf(shape: ListShape, items: readonly JsonValue[]): FieldSet {
  const set = new Map<string, FieldNode>();
  for (const item of items) {
    const step = stepOfItem(shape, item);
    // Of what is in the list twice nobody owns a part.
    set.set(step, set.has(step) ? ownedLeaf : { owned: true, children: nodeOf(shape.item(), item).children });
  }
  return set;
}

function membersOf(shape: ObjectShape, object: { readonly [key: string]: JsonValue }): FieldSet {
  const set = new Map<string, FieldNode>();
  for (const name of Object.keys(object)) {
    const field = shapeOfField(shape, name);
    if (field === undefined) continue;
    const value = object[name] ?? null;
    const node = nodeOf(field, value);
    const owned = node.owned || isNullOrEmpty(value) || !shape.fields.has(name);
    if (owned || node.children.size > 0) set.set(fieldStep(name), { owned, children: node.children });
  }
  return set;
}

function isNullOrEmpty(value: JsonValue): boolean {
  return value === null || (isJsonObject(value) && Object.keys(value).length === 0);
}

/** The set with every object that has a name in the schema and something of the set in it. */
export function withNamedObjects(shape: MergeShape | undefined, set: FieldSet): FieldSet {
  if (set.size === 0) return set;
  const result = new Map<string, FieldNode>();
  for (const [step, node] of set) {
    if (node.children.size === 0) {
      result.set(step, node);
      continue;
    }
    const name = fieldOfStep(step);
    const owned = node.owned || (name !== undefined && shape?.kind === "object" && shape.fields.has(name));
    result.set(step, { owned, children: withNamedObjects(shapeAt(shape, step), node.children) });
  }
  return result;
}

/**
 * The set as the type says today: where a list or an object has become atomic,
 * whoever owned a part of it now owns the whole.
 */
export function reconciledWith(shape: MergeShape, set: FieldSet): FieldSet {
  let changed = false;
  const result = new Map<string, FieldNode>();
  for (const [step, node] of set) {
    const below = shapeAt(shape, step);
    const reconciled = below === undefined || node.children.size === 0 ? node : reconciledNode(below, node);
    changed ||= reconciled !== node;
    result.set(step, reconciled);
  }
  return changed ? result : set;
}

function reconciledNode(shape: MergeShape, node: FieldNode): FieldNode {
  if (shape.kind === "scalar" || shape.kind === "free") return node;
  if (shape.atomic) return ownedLeaf;
  const children = reconciledWith(shape, node.children);
  return children === node.children ? node : { owned: node.owned, children };
}

function shapeAt(shape: MergeShape | undefined, step: string): MergeShape | undefined {
  const name = fieldOfStep(step);
  if (name !== undefined) {
    if (shape?.kind === "free") return shape;
    return shape?.kind === "object" ? shapeOfField(shape, name) : undefined;
  }
  return isKeyStep(step) && shape?.kind === "list" ? shape.item() : undefined;
}
