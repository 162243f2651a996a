/**
 * An object with a configuration merged in: objects and maps member by member,
 * lists by the identity of their items, all else replaced.
 *
 * Source: structured-merge-diff typed/merge.go.
 */
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { ShapeError, resolve, shapeOfField, stepOfItem } from "./merge-shape.ts";
import type { ListShape, MergeShape, ObjectShape } from "./merge-shape.ts";

/**
 * The merged value. It shares parts with both arguments, neither of which is
 * changed. Raises ShapeError for items without identity, and for an item that the
 * configuration has twice.
 */
export function mergeValues(shape: MergeShape, live: JsonValue, applied: JsonValue): JsonValue {
  return merge(shape, live, applied) ?? null;
}

type Maybe = JsonValue | undefined;

function merge(shape: MergeShape, live: Maybe, applied: Maybe): Maybe {
  if (applied === undefined) return live;
  const resolved = resolve(shape, applied);
  if (resolved.kind === "scalar" || resolved.atomic) return applied;
  if (resolved.kind === "list") {
    const [left, right] = [Array.isArray(live) ? live : [], Array.isArray(applied) ? applied : []];
    return left.length + right.length === 0 ? applied : mergeLists(resolved, left, right);
  }
  const left = isJsonObject(live) ? live : jsonObject();
  const right = isJsonObject(applied) ? applied : jsonObject();
  // Two empty ones keep the difference between null and empty.
  if (Object.keys(left).length + Object.keys(right).length === 0) return applied;
  return mergeObjects(resolved, left, right);
}

function mergeObjects(shape: ObjectShape, live: JsonObject, applied: JsonObject): JsonObject {
  const result = jsonObject();
  for (const name of Object.keys(live)) {
    const field = shapeOfField(shape, name);
    const merged = field === undefined ? live[name] : merge(field, live[name], applied[name]);
    if (merged !== undefined) result[name] = merged;
  }
  for (const name of Object.keys(applied)) if (!(name in live)) result[name] = applied[name] ?? null;
  return result;
}

/** A list by the steps of its items. What is in it twice is no longer merged, only kept: its value is null here. */
interface Indexed {
  readonly steps: readonly string[];
  readonly items: ReadonlyMap<string, JsonValue>;
}

function indexed(shape: ListShape, list: readonly JsonValue[], duplicates: "kept" | "refused"): Indexed {
  const steps: string[] = [];
  const items = new Map<string, JsonValue>();
  for (const item of list) {
    const step = stepOfItem(shape, item);
    if (items.has(step) && duplicates === "refused") throw new ShapeError("items of an applied list must be distinct");
    items.set(step, items.has(step) ? null : item);
    steps.push(step);
  }
  return { steps, items };
}

/**
 * The items of both lists: those of the configuration in its order, and each item
 * that only the object has where it stood, after the shared item before it.
 */
function mergeLists(
  shape: ListShape,
  liveItems: readonly JsonValue[],
  appliedItems: readonly JsonValue[],
): JsonValue[] {
  const live = indexed(shape, liveItems, "kept");
  const applied = indexed(shape, appliedItems, "refused");
  const shared = applied.steps.filter((step) => live.items.has(step));
  const placed = new Set<string>();
  const result: JsonValue[] = [];
  let [left, right, nextShared] = [0, 0, 0];
  const place = (step: string) => {
    placed.add(step);
    result.push(merge(shape.item(), live.items.get(step), applied.items.get(step)) ?? null);
    right += 1;
    if (shared[nextShared] === step) nextShared += 1;
  };
  while (left < live.steps.length || right < applied.steps.length) {
    const [current, wanted] = [live.steps[left], applied.steps[right]];
    if (current !== undefined && current === wanted) {
      place(current);
      left += 1;
    } else if (current !== undefined && !applied.items.has(current)) {
      result.push(liveItems[left] ?? null);
      left += 1;
    } else if (current !== undefined && (wanted === undefined || mustWait(current, shared[nextShared]))) {
      left += 1; // the configuration puts it elsewhere, or has put it already
    } else if (wanted !== undefined) {
      if (current !== undefined && placed.has(current)) left += 1;
      place(wanted);
    }
  }
  return result;
}

/** A shared item that is not the next one in the order of the configuration. */
function mustWait(current: string, nextShared: string | undefined): boolean {
  return nextShared !== undefined && nextShared !== current;
}
