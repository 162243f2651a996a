/**
 * Merging and ordering the lists of a strategic merge patch.
 *
 * The functions take lists they own and may reuse items of both. Lookups go
 * through maps, so that long lists cost no more than linear time (upstream's
 * take quadratic time).
 *
 * Source: apimachinery pkg/util/strategicpatch/patch.go (mergeSlice,
 * mergeSliceWithSpecialElements, normalizeElementOrder, mergeSortedSlice).
 */
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import * as texts from "./strategic-merge-texts.ts";

/** How two objects of one type are merged; handed in by strategic-merge-patch.ts. */
export type MergeObjects = (original: JsonObject, patch: JsonObject) => JsonObject;

export type ItemKind = "objects" | "scalars";

/** A list of scalars with what the patch adds, each once: what the patch names in its order, between the rest. */
export function mergeScalars(original: readonly JsonValue[], patch: readonly JsonValue[]): JsonValue[] {
  const merged = [...new Set([...original, ...patch])];
  const [fromPatch, fromServer] = partition(merged, patch, "");
  return orderItems({ fromPatch, fromServer, patchOrder: patch, serverOrder: original, mergeKey: "" });
}

/** A list of scalars without those that the patch names. */
export function deleteScalars(original: readonly JsonValue[], patch: readonly JsonValue[]): JsonValue[] {
  const deleted = new Set(patch);
  return original.filter((item) => !deleted.has(item));
}

/** A list of objects merged item by item, those with the same value of `mergeKey` with each other. */
export function mergeObjectLists(
  lists: { readonly original: JsonValue[]; readonly patch: JsonValue[] },
  mergeKey: string,
  mergeObjects: MergeObjects,
): JsonValue[] {
  const { original, patch } = withoutDirectives(lists.original, lists.patch, mergeKey);
  const merged = mergeItems([...original], patch, mergeKey, mergeObjects);
  const [fromPatch, fromServer] = partition(merged, patch, mergeKey);
  return orderItems({ fromPatch, fromServer, patchOrder: patch, serverOrder: original, mergeKey });
}

/**
 * Whether the items of all lists are objects or scalars, undefined when there are
 * none; raises when types are mixed, or for a list in a list.
 */
export function itemKind(...lists: (readonly JsonValue[])[]): ItemKind | undefined {
  let first: string | undefined;
  for (const list of lists) {
    for (const item of list) {
      // Upstream looks at the first item only, and then whether the others are like it.
      if (Array.isArray(item) && first === undefined) throw texts.listOfLists();
      const type = texts.goTypeOf(item);
      first ??= type;
      if (type !== first) throw texts.mixedTypes();
    }
  }
  if (first === undefined) return undefined;
  return first === texts.goObjectType ? "objects" : "scalars";
}

/** Items whose key is among those of `order`, and the others. With a merge key all items must be objects that have it. */
export function partition(
  items: readonly JsonValue[],
  order: readonly JsonValue[],
  mergeKey: string,
): [JsonValue[], JsonValue[]] {
  const named = new Set(order.map((item) => keyOf(item, mergeKey)));
  const within: JsonValue[] = [];
  const without: JsonValue[] = [];
  for (const item of items) (named.has(requireKey(item, mergeKey)) ? within : without).push(item);
  return [within, without];
}

/** What {@link orderItems} sorts. */
export interface ItemsToOrder {
  readonly fromPatch: readonly JsonValue[];
  readonly fromServer: readonly JsonValue[];
  readonly patchOrder: readonly JsonValue[];
  readonly serverOrder: readonly JsonValue[];
  /** "" for scalars. */
  readonly mergeKey: string;
}

/**
 * The items of the patch in the patch's order and those only the server has in
 * the server's, woven together: an item of the server goes before the next item
 * of the patch if it stood before it on the server.
 */
export function orderItems(items: ItemsToOrder): JsonValue[] {
  const { mergeKey } = items;
  const server = positions(items.serverOrder, mergeKey);
  const left = sortBy(items.fromServer, server, mergeKey);
  const right = sortBy(items.fromPatch, positions(items.patchOrder, mergeKey), mergeKey);
  const woven: JsonValue[] = [];
  let next = 0;
  for (const item of right) {
    const place = server.get(keyOf(item, mergeKey));
    while (next < left.length) {
      const candidate = server.get(keyOf(left[next] ?? null, mergeKey));
      if (place === undefined || candidate === undefined || candidate >= place) break;
      woven.push(left[next] ?? null);
      next += 1;
    }
    woven.push(item);
  }
  return [...woven, ...left.slice(next)];
}

/**
 * The order of the server that holds once the patch is merged in: items that the
 * patch adds stand in the places of those it deletes, since upstream merges in the
 * memory of the list. Without deletions it is the order of the list.
 */
export function orderAfterMerge(
  list: readonly JsonValue[],
  patch: readonly JsonValue[],
  merged: readonly JsonValue[],
  mergeKey: string,
): readonly JsonValue[] {
  const directive = (item: JsonValue) => (isJsonObject(item) ? item["$patch"] : undefined);
  if (mergeKey === "" || patch.some((item) => directive(item) === "replace")) return list;
  const left = new Set(merged.map((item) => keyOf(item, mergeKey)));
  const kept = list.filter((item) => left.has(keyOf(item, mergeKey)));
  if (kept.length === list.length) return list;
  const before = new Set(list.map((item) => keyOf(item, mergeKey)));
  const added = patch.filter((item) => !before.has(keyOf(item, mergeKey)) && directive(item) === undefined);
  return [...kept, ...added].slice(0, list.length);
}

/**
 * Checks that the items of the patch's list, but for those it deletes, are all
 * in its `$setElementOrder` list, and in that order.
 */
export function checkElementOrder(patch: readonly JsonValue[], order: readonly JsonValue[], mergeKey: string): void {
  if (patch.length === 0 || order.length === 0) return;
  for (const item of patch) if (mergeKey !== "" && !isJsonObject(item)) throw texts.wrongType("map", item);
  const items = patch.filter((item) => !isJsonObject(item) || item["$patch"] !== "delete");
  let [next, place] = [0, 0];
  while (next < items.length && place < order.length) {
    const item = items[next] ?? null;
    if (isJsonObject(item) && "$patch" in item) next += 1;
    else {
      if (requireKey(item, mergeKey) === requireKey(order[place] ?? null, mergeKey)) next += 1;
      place += 1;
    }
  }
  if (next < items.length) throw texts.orderMismatch(patch, order);
}

/** Applies the items of the patch that hold a directive: `$patch: delete` for one item, `replace` for the list. */
function withoutDirectives(
  original: JsonValue[],
  patch: readonly JsonValue[],
  mergeKey: string,
): { original: JsonValue[]; patch: JsonValue[] } {
  const plain: JsonValue[] = [];
  const deleted = new Set<JsonValue>();
  let replace = false;
  for (const item of patch) {
    if (!isJsonObject(item) || !("$patch" in item)) plain.push(item);
    else if (item["$patch"] === "delete") deleted.add(requireKey(item, mergeKey));
    else if (item["$patch"] === "replace") replace = true;
    else if (item["$patch"] === "merge") throw texts.badPatch("merging lists cannot yet be specified in the patch");
    else throw texts.unknownDirective(item["$patch"] ?? null, item);
  }
  if (replace) return { original: plain, patch: [] };
  const kept = deleted.size === 0 ? original : original.filter((item) => !deleted.has(keyOf(item, mergeKey)));
  return { original: kept, patch: plain };
}

function mergeItems(
  merged: JsonValue[],
  patch: readonly JsonValue[],
  mergeKey: string,
  mergeObjects: MergeObjects,
): JsonValue[] {
  const places = positions(merged, mergeKey);
  for (const item of patch) {
    const key = requireKey(item, mergeKey);
    const place = places.get(key);
    const current = place === undefined ? undefined : merged[place];
    if (place !== undefined && isJsonObject(current) && isJsonObject(item)) {
      merged[place] = mergeObjects(current, item);
      continue;
    }
    places.set(key, merged.length);
    merged.push(item);
  }
  return merged;
}

/** First position of each key. */
function positions(items: readonly JsonValue[], mergeKey: string): Map<JsonValue, number> {
  const places = new Map<JsonValue, number>();
  items.forEach((item, index) => {
    const key = requireKey(item, mergeKey);
    if (!places.has(key)) places.set(key, index);
  });
  return places;
}

/** Lists up to here are sorted by insertion in Go. */
const insertionSortedMax = 20;

/**
 * Sorted by position. All items have one, but for those that an empty
 * `$setElementOrder` adds: upstream takes each of these for smaller than any other
 * and any other for smaller than these, and so ends with the last one first. Of a
 * long list they stay behind the others, in their order.
 */
function sortBy(items: readonly JsonValue[], places: Map<JsonValue, number>, mergeKey: string): JsonValue[] {
  const found = items.map((item) => ({ item, place: places.get(requireKey(item, mergeKey)) }));
  if (items.length > insertionSortedMax || found.every(({ place }) => place !== undefined)) {
    return found.toSorted((a, b) => (a.place ?? places.size) - (b.place ?? places.size)).map(({ item }) => item);
  }
  const sorted: typeof found = [];
  for (const next of found) {
    let index = sorted.length;
    while (index > 0 && goesBefore(next.place, sorted[index - 1]?.place)) index -= 1;
    sorted.splice(index, 0, next);
  }
  return sorted.map(({ item }) => item);
}

function goesBefore(place: number | undefined, other: number | undefined): boolean {
  return place === undefined || other === undefined || place < other;
}

/** What identifies an item: itself, or the value of its merge key (null when absent). */
function keyOf(item: JsonValue, mergeKey: string): JsonValue {
  if (mergeKey === "") return item;
  return isJsonObject(item) ? (item[mergeKey] ?? null) : null;
}

/** The same for an item that must have the key. */
function requireKey(item: JsonValue, mergeKey: string): JsonValue {
  if (mergeKey === "") return item;
  if (!isJsonObject(item)) throw texts.wrongType("map", item);
  if (!(mergeKey in item)) throw texts.noMergeKey(item, mergeKey);
  return item[mergeKey] ?? null;
}
