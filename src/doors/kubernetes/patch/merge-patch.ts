/**
 * JSON Merge Patch.
 *
 * Source: RFC 7386 (https://www.rfc-editor.org/rfc/rfc7386), as read by
 * evanphx/json-patch v4 merge.go. That library drops null members of objects in
 * a list that is new; the RFC keeps them, and so do we (a decoder reads a null as
 * absent anyway).
 */
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { cloneJson, isJsonObject, jsonObject } from "../codec/json.ts";
import { PatchError } from "./patch-error.ts";

/**
 * The document with the patch merged in: objects key by key, null removes, and
 * anything else replaces. A new tree; neither argument is changed. Raises
 * {@link PatchError} `bad-patch` when the patch is no object.
 */
export function applyMergePatch(document: JsonObject, patch: JsonValue): JsonObject {
  if (!isJsonObject(patch)) throw new PatchError("bad-patch", "Invalid JSON Patch");
  return merge(document, patch);
}

function merge(target: JsonObject | undefined, patch: JsonObject): JsonObject {
  const result = target === undefined ? jsonObject() : cloneUntouched(target, patch);
  for (const key of Object.keys(patch)) {
    const value = patch[key] ?? null;
    if (value === null) continue;
    const current = target?.[key];
    result[key] = isJsonObject(value) ? merge(isJsonObject(current) ? current : undefined, value) : cloneJson(value);
  }
  return result;
}

/** A copy of what the patch does not name, and in the old place of what it replaces. */
function cloneUntouched(target: JsonObject, patch: JsonObject): JsonObject {
  const copy = jsonObject();
  for (const key of Object.keys(target)) {
    const value = target[key] ?? null;
    if (!(key in patch)) copy[key] = cloneJson(value);
    else if (patch[key] !== null) copy[key] = null; // keeps the order of keys; merge() sets the value
  }
  return copy;
}
