/**
 * A bound on the work of one patch.
 *
 * Ten thousand operations on a list of 300,000 items could each move all of them
 * and hold up the server. So steps whose cost grows with the object are counted,
 * and a patch that goes past the bound is refused.
 */
import type { JsonValue } from "../codec/json.ts";
import { isJsonObject } from "../codec/json.ts";
import { PatchError } from "./patch-error.ts";

/** Values looked at by one patch, at most. Shifting the items of a long list until here takes 0.3 to 0.9 s (2 cores). */
export const patchWorkMax = 20_000_000;

/** List items that are moved along cost less than values looked at. */
const movedItemsPerUnit = 16;

/** Counts the work of one patch. Every method raises {@link PatchError} `too-large` past {@link patchWorkMax}. */
export class PatchWork {
  #spent = 0;

  /** Items of a list that shift when one is added or removed before them. */
  moveItems(count: number): void {
    this.#spend(1 + Math.floor(count / movedItemsPerUnit));
  }

  /** How many levels of objects and lists a value has; 0 for a scalar. Does not recurse. */
  depth(value: JsonValue): number {
    let depth = 0;
    let level: JsonValue[] = [value];
    for (;;) {
      const next: JsonValue[] = [];
      let containers = 0;
      for (const item of level) {
        if (typeof item !== "object" || item === null) continue;
        containers += 1;
        const children = Array.isArray(item) ? item : Object.values(item);
        this.#spend(1 + children.length);
        for (const child of children) if (typeof child === "object" && child !== null) next.push(child);
      }
      if (containers === 0) return depth;
      depth += 1;
      level = next;
    }
  }

  /** Deep equality; the order of keys does not matter. */
  equal(a: JsonValue, b: JsonValue): boolean {
    this.#spend(1);
    if (a === b) return true;
    if (Array.isArray(a)) {
      return Array.isArray(b) && a.length === b.length && a.every((item, index) => this.equal(item, b[index] ?? null));
    }
    if (!isJsonObject(a) || !isJsonObject(b)) return false;
    const keys = Object.keys(a);
    const others = Object.keys(b).length;
    this.#spend(keys.length + others);
    return keys.length === others && keys.every((key) => key in b && this.equal(a[key] ?? null, b[key] ?? null));
  }

  #spend(units: number): void {
    this.#spent += units;
    if (this.#spent <= patchWorkMax) return;
    throw new PatchError("too-large", "The operations of the patch together do too much work on this object");
  }
}
