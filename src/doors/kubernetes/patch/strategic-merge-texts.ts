/**
 * The texts of a strategic merge that fails.
 *
 * Where upstream prints whole objects, values and all, these print their keys: a
 * patch of a Secret must not come back in an error, from where it gets into logs.
 *
 * Source: apimachinery pkg/util/mergepatch/errors.go and pkg/util/strategicpatch/patch.go.
 */
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import { PatchError } from "./patch-error.ts";

/** A malformed `$deleteFromPrimitiveList/...`. */
export function badPrimitiveList(): PatchError {
  return new PatchError("bad-patch", "invalid patch format of primitive list");
}

/** A malformed `$retainKeys`, or a patch that sets a key which is not in it. */
export function badRetainKeys(): PatchError {
  return new PatchError("bad-patch", "invalid patch format of retainKeys");
}

/** A malformed `$setElementOrder/...`. */
export function badSetElementOrder(): PatchError {
  return new PatchError("bad-patch", "invalid patch format of setElementOrder list");
}

/** A list with a list in it. */
export function listOfLists(): PatchError {
  return new PatchError("apply-failed", "lists of lists are not supported");
}

/** A `$patch` with another word than replace or delete. */
export function unknownDirective(directive: JsonValue, object: JsonObject): PatchError {
  const word = typeof directive === "string" ? directive : goTypeOf(directive);
  return new PatchError("bad-patch", `unknown patch type: ${word} in map: ${keysOf(object)}`);
}

/** An item of a merged list without the field that identifies it. */
export function noMergeKey(object: JsonObject, mergeKey: string): PatchError {
  return new PatchError("bad-patch", `map: ${keysOf(object)} does not contain declared merge key: ${mergeKey}`);
}

/** Something that is not of the type its place asks for. */
export function wrongType(expected: "map" | "list", actual: JsonValue): PatchError {
  const expectedType = expected === "map" ? goObjectType : "[]interface {}";
  return new PatchError("bad-patch", `expected a ${expectedType}, but received a ${goTypeOf(actual)}`);
}

/** A patch whose list is ordered otherwise than its `$setElementOrder`, or has items that are not in it. */
export function orderMismatch(patch: readonly JsonValue[], order: readonly JsonValue[]): PatchError {
  const text = `The order in patch list:\n${printList(patch)}\n doesn't match $setElementOrder list:\n${printList(order)}\n`;
  return new PatchError("bad-patch", text);
}

/** Items of more than one type in one list. */
export function mixedTypes(): PatchError {
  return new PatchError("bad-patch", "list element types are not identical");
}

/** Any other malformed patch. */
export function badPatch(text: string): PatchError {
  return new PatchError("bad-patch", text);
}

/** The Go type of a decoded JSON object. */
export const goObjectType = "map[string]interface {}";

/** The Go type a decoded JSON value has. */
export function goTypeOf(value: JsonValue): string {
  if (value === null) return "%!s(<nil>)"; // as fmt prints the type of nil
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  if (typeof value === "boolean") return "bool";
  return typeof value === "string" ? "string" : goObjectType;
}

function keysOf(object: JsonObject): string {
  return `map[${Object.keys(object).toSorted().join(" ")}]`;
}

function printList(list: readonly JsonValue[]): string {
  return `[${list.map(printItem).join(" ")}]`;
}

function printItem(item: JsonValue): string {
  if (Array.isArray(item)) return printList(item);
  return isJsonObject(item) ? keysOf(item) : String(item);
}
