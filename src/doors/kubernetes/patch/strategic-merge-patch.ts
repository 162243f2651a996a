/**
 * Strategic Merge Patch: a merge patch that knows from the kind's schema which
 * lists to merge and by which key, steered by directives in the patch.
 *
 * - `$patch: replace | delete` in an object, or in an item of a merged list
 * - `$deleteFromPrimitiveList/FIELD: [...]` removes scalars from a list
 * - `$setElementOrder/FIELD: [...]` orders a merged list
 * - `$retainKeys: [...]` drops all other keys of an object
 *
 * Source: apimachinery pkg/util/strategicpatch/patch.go and
 * pkg/util/mergepatch/errors.go (texts). Patches that upstream answers with 500
 * (an unknown directive, mixed list items, no merge key) are `bad-patch` here.
 */
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { cloneJson, isJsonObject, jsonObject } from "../codec/json.ts";
import type { Message } from "../schema/schema.ts";
import { PatchError } from "./patch-error.ts";
import {
  checkElementOrder,
  deleteScalars,
  itemKind,
  mergeObjectLists,
  mergeScalars,
  orderAfterMerge,
  orderItems,
  partition,
} from "./strategic-merge-list.ts";
import type { MergeField, MergeType } from "./strategic-merge-schema.ts";
import { goKindOf, lookupList, lookupObject } from "./strategic-merge-schema.ts";
import * as texts from "./strategic-merge-texts.ts";

const deletePrefix = "$deleteFromPrimitiveList";
const orderPrefix = "$setElementOrder";
const retainKeys = "$retainKeys";

/**
 * The document with the patch merged in by the rules of `message`: a new tree,
 * neither argument is changed. The result may hold nulls (in list items the patch
 * adds) and fields the schema does not know: it is to be decoded like a body.
 * Raises {@link PatchError} `bad-patch` for a malformed patch and `apply-failed`
 * for lists of lists.
 */
export function applyStrategicMergePatch(document: JsonObject, patch: JsonValue, message: Message): JsonObject {
  if (!isJsonObject(patch)) throw new PatchError("bad-patch", "invalid JSON document");
  // The steps below change the trees they are given, as upstream's do, so they are given copies.
  return mergeObjects(cloneJson(document), cloneJson(patch), message);
}

/** Merges `patch` into `original`, both of which it uses up. */
function mergeObjects(original: JsonObject, patch: JsonObject, type: MergeType): JsonObject {
  if ("$patch" in patch) return applyObjectDirective(patch);
  applyRetainKeys(original, patch);
  for (const key of Object.keys(patch)) {
    if (key.startsWith(orderPrefix)) applyElementOrder(original, patch, key, type);
  }
  for (const key of Object.keys(patch)) mergeField(original, patch[key] ?? null, key, type);
  return original;
}

function applyObjectDirective(patch: JsonObject): JsonObject {
  const directive = patch["$patch"] ?? null;
  if (directive === "delete") return jsonObject();
  if (directive !== "replace") throw texts.unknownDirective(directive, patch);
  delete patch["$patch"];
  return patch;
}

function applyRetainKeys(original: JsonObject, patch: JsonObject): void {
  if (!(retainKeys in patch)) return;
  const list = patch[retainKeys];
  delete patch[retainKeys];
  if (!Array.isArray(list)) throw texts.badRetainKeys();
  const retained = new Set<JsonValue>(list);
  for (const key of Object.keys(patch)) {
    const directive = key.startsWith(deletePrefix) || key.startsWith(orderPrefix);
    if (patch[key] !== null && !directive && !retained.has(key)) throw texts.badRetainKeys();
  }
  for (const key of Object.keys(original)) if (!retained.has(key)) delete original[key];
}

/** Merges the list that a `$setElementOrder` key is about and orders it; both leave the patch. */
function applyElementOrder(original: JsonObject, patch: JsonObject, key: string, type: MergeType): void {
  const order = requireList(patch[key] ?? null);
  delete patch[key];
  const name = directiveField(key, orderPrefix) ?? fail(texts.badSetElementOrder());
  const current = name in original ? requireList(original[name] ?? null) : undefined;
  const change = name in patch ? requireList(patch[name] ?? null) : undefined;
  const field = lookupList(type, name);
  checkElementOrder(change ?? [], order, field.mergeKey);
  if (current === undefined && change === undefined) return;
  const { mergeKey } = field;
  const serverOrder = [...(current ?? [])];
  const merged = mergeForOrder(current, change, field);
  const [fromPatch, fromServer] = partition(merged, order, mergeKey);
  if (itemKind(serverOrder, change ?? []) === undefined) {
    throw texts.badPatch("no elements in any of the given slices");
  }
  const orderAfter = change === undefined ? serverOrder : orderAfterMerge(serverOrder, change, merged, mergeKey);
  original[name] = orderItems({ fromPatch, fromServer, patchOrder: order, serverOrder: orderAfter, mergeKey });
  delete patch[name];
}

function mergeForOrder(
  current: JsonValue[] | undefined,
  change: JsonValue[] | undefined,
  field: MergeField,
): JsonValue[] {
  if (change === undefined) return current ?? [];
  if (current === undefined) return change.filter((item) => !removeDirectives(item));
  return mergeLists(current, change, field, false);
}

/** One field of the patch into the same field of the original. */
function mergeField(original: JsonObject, value: JsonValue, patchKey: string, type: MergeType): void {
  const deletes = patchKey.startsWith(deletePrefix);
  const name = deletes ? (directiveField(patchKey, deletePrefix) ?? fail(texts.badPrimitiveList())) : patchKey;
  const key = name === "" ? patchKey : name;
  if (value === null) {
    delete original[key];
    return;
  }
  const current = original[key];
  if (isJsonObject(current) && isJsonObject(value)) {
    original[key] = mergeObjects(current, value, lookupObject(type, key).type);
  } else if (Array.isArray(current) && Array.isArray(value)) {
    original[key] = mergeLists(current, value, lookupList(type, key), deletes);
  } else if (!deletes || sameScalarType(current, value)) {
    setNew(original, key, value);
  }
}

/** Upstream overwrites a scalar even by a deletion list that is a scalar too; lists against nothing do nothing. */
function sameScalarType(current: JsonValue | undefined, value: JsonValue): boolean {
  return current !== undefined && typeof current !== "object" && typeof current === typeof value;
}

/** A value that replaces, or that the original has not: without nulls, and not at all if it is a directive. */
function setNew(original: JsonObject, key: string, value: JsonValue): void {
  discardNulls(value);
  if (removeDirectives(value)) delete original[key];
  else original[key] = value;
}

function mergeLists(original: JsonValue[], patch: JsonValue[], field: MergeField, deletes: boolean): JsonValue[] {
  if (!field.merges && !deletes) return patch;
  const kind = itemKind(original, patch);
  if (kind === undefined) return original;
  const { mergeKey, type } = field;
  if (kind === "scalars") {
    if (deletes) return deleteScalars(original, patch);
    if (mergeKey !== "") throw texts.wrongType("map", original[0] ?? patch[0] ?? null);
    return mergeScalars(original, patch);
  }
  if (mergeKey === "") throw texts.badPatch(`cannot merge lists without merge key for ${goKindOf(type)}`);
  return mergeObjectLists({ original, patch }, mergeKey, (current, item) => mergeObjects(current, item, type));
}

/** The field a directive `PREFIX/FIELD` is about; undefined when it is not of that form. */
function directiveField(key: string, prefix: string): string | undefined {
  return key.startsWith(`${prefix}/`) ? key.slice(prefix.length + 1) : undefined;
}

function requireList(value: JsonValue): JsonValue[] {
  return Array.isArray(value) ? value : fail(texts.wrongType("list", value));
}

function fail(error: PatchError): never {
  throw error;
}

/** Removes members that are null from all objects of a tree; nulls in lists stay. */
function discardNulls(value: JsonValue): void {
  if (Array.isArray(value)) {
    for (const item of value) discardNulls(item);
  } else if (isJsonObject(value)) {
    for (const key of Object.keys(value)) {
      const child = value[key] ?? null;
      if (child === null) delete value[key];
      else discardNulls(child);
    }
  }
}

/** Removes objects with a `$patch` from a tree; true when the tree itself is one. */
function removeDirectives(value: JsonValue): boolean {
  if (Array.isArray(value)) {
    let kept = 0;
    for (const item of value) {
      if (removeDirectives(item)) continue;
      value[kept] = item;
      kept += 1;
    }
    value.length = kept;
    return false;
  }
  if (!isJsonObject(value)) return false;
  if ("$patch" in value) return true;
  for (const key of Object.keys(value)) if (removeDirectives(value[key] ?? null)) delete value[key];
  return false;
}
