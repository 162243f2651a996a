/**
 * A value without the fields of a set.
 *
 * Source: structured-merge-diff typed/remove.go.
 */
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonValue } from "../codec/json.ts";
import { fieldStep } from "./field-path.ts";
import type { FieldSet } from "./field-set.ts";
import { resolve, shapeOfField, stepOfItem } from "./merge-shape.ts";
import type { MergeShape } from "./merge-shape.ts";

/** A new value that shares what stays; a list or an object of which nothing stays becomes null. */
export function removeFields(shape: MergeShape, value: JsonValue, removed: FieldSet): JsonValue {
  const resolved = resolve(shape, value);
  if (resolved.kind === "scalar") return value;
  if (resolved.atomic) return null; // something below was owned before the list or object became atomic
  if (resolved.kind === "list") {
    if (!Array.isArray(value)) return null;
    const items = value.flatMap((item) => {
      const node = removed.get(stepOfItem(resolved, item));
      if (node?.owned === true) return [];
      return [node === undefined ? item : removeFields(resolved.item(), item, node.children)];
    });
    return items.length === 0 ? null : items;
  }
  if (!isJsonObject(value)) return null;
  const result = jsonObject();
  let kept = 0;
  for (const name of Object.keys(value)) {
    const node = removed.get(fieldStep(name));
    if (node?.owned === true) continue;
    const member = value[name] ?? null;
    const field = node === undefined ? undefined : shapeOfField(resolved, name);
    result[name] = node === undefined || field === undefined ? member : removeFields(field, member, node.children);
    kept += 1;
  }
  return kept === 0 ? null : result;
}
