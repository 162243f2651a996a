/**
 * Which fields differ between two states of an object.
 *
 * Source: structured-merge-diff typed/compare.go.
 */
import { equalJson, isJsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { fieldStep } from "./field-path.ts";
import { FieldSetBuilder } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { resolve, shapeOfField, stepOfItem } from "./merge-shape.ts";
import type { ListShape, MergeShape, ObjectShape } from "./merge-shape.ts";

export interface FieldChanges {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** What the second state adds, changes and lacks. Raises ShapeError for items of lists without identity. */
export function compareFields(shape: MergeShape, before: JsonValue, after: JsonValue): FieldChanges {
  const comparison = new Comparison();
  comparison.compare(shape, before, after);
  return { added: comparison.added.set, modified: comparison.modified.set, removed: comparison.removed.set };
}

/** A value that may be missing, which is not the same as null. */
type Maybe = JsonValue | undefined;

class Comparison {
  readonly added = new FieldSetBuilder();
  readonly modified = new FieldSetBuilder();
  readonly removed = new FieldSetBuilder();
  readonly #path: string[] = [];

  compare(shape: MergeShape, before: Maybe, after: Maybe): void {
    const [left, right] = [resolve(shape, before ?? null), resolve(shape, after ?? null)];
    let leaf: boolean;
    if (after === undefined) leaf = this.#as(left, before, after);
    else {
      if (before !== undefined && left !== right) this.#as(left, before, after);
      leaf = this.#as(right, before, after);
    }
    if (leaf) return;
    if (before === undefined) this.added.insert(this.#path);
    else if (after === undefined) this.removed.insert(this.#path);
  }

  /** Compares both as values of one shape; true when they were compared as a whole. */
  #as(shape: ReturnType<typeof resolve>, before: Maybe, after: Maybe): boolean {
    if (shape.kind === "scalar") return this.#leaf(before, after);
    if (shape.kind === "list") {
      const [left, right] = [listIn(before), listIn(after)];
      if (shape.atomic || left.length + right.length === 0) return this.#leaf(before, after);
      this.#items(shape, left, right);
      return false;
    }
    const [left, right] = [isJsonObject(before) ? before : none, isJsonObject(after) ? after : none];
    const empty = isEmpty(left) && isEmpty(right);
    if (shape.atomic || empty) return this.#leaf(before, after);
    this.#members(shape, left, right);
    return false;
  }

  #leaf(before: Maybe, after: Maybe): boolean {
    if (before === undefined) this.added.insert(this.#path);
    else if (after === undefined) this.removed.insert(this.#path);
    else if (!equalJson(before, after)) this.modified.insert(this.#path);
    return true;
  }

  #members(shape: ObjectShape, before: Readonly<JsonObject>, after: Readonly<JsonObject>): void {
    for (const name of Object.keys(before)) this.#member(shape, name, before[name], after[name]);
    for (const name of Object.keys(after)) if (!(name in before)) this.#member(shape, name, undefined, after[name]);
  }

  #member(shape: ObjectShape, name: string, before: Maybe, after: Maybe): void {
    // Equal scalars, which most fields are, need no path.
    if (before === after && typeof before !== "object") return;
    const field = shapeOfField(shape, name);
    if (field === undefined) return;
    this.#path.push(fieldStep(name));
    this.compare(field, before, after);
    this.#path.pop();
  }

  #items(shape: ListShape, before: readonly JsonValue[], after: readonly JsonValue[]): void {
    const [left, right] = [byStep(shape, before), byStep(shape, after)];
    for (const step of new Set([...left.keys(), ...right.keys()])) {
      this.#path.push(step);
      this.#item(shape, left.get(step) ?? [], right.get(step) ?? []);
      this.#path.pop();
    }
  }

  /** Items that are in a list more than once are compared as a whole, and owned as a whole. */
  #item(shape: ListShape, before: readonly JsonValue[], after: readonly JsonValue[]): void {
    if (before.length > 1 && after.length > 1) {
      if (!equalJson([...before], [...after])) this.modified.insert(this.#path);
    } else if (before.length > 1) {
      if (after.length === 1) this.compare(shape.item(), undefined, after[0]);
      this.removed.insert(this.#path);
    } else if (after.length > 1) {
      if (before.length === 1) this.compare(shape.item(), before[0], undefined);
      this.added.insert(this.#path);
    } else this.compare(shape.item(), before[0], after[0]);
  }
}

const none: Readonly<JsonObject> = Object.freeze({});

function listIn(value: Maybe): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function isEmpty(object: Readonly<JsonObject>): boolean {
  for (const _ in object) return false;
  return true;
}

function byStep(shape: ListShape, items: readonly JsonValue[]): Map<string, JsonValue[]> {
  const groups = new Map<string, JsonValue[]>();
  for (const item of items) {
    const step = stepOfItem(shape, item);
    const group = groups.get(step);
    if (group === undefined) groups.set(step, [item]);
    else group.push(item);
  }
  return groups;
}
