/** What tracking the owners of fields needs to know of a kind, read from its table. */
import { zeroMessage } from "../codec/canonical-object.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import { apiVersionOf } from "../response/encode-object.ts";
import { fieldStep } from "./field-path.ts";
import { emptySet, setOf } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { shapeOf } from "./merge-shape.ts";
import type { MergeShape } from "./merge-shape.ts";

export interface OwnershipRules {
  readonly kind: string;
  /** The version of the kind: entries in another one are dropped, since no other is served. */
  readonly apiVersion: string;
  readonly shape: MergeShape;
  /** An object with no field set: what a new object is compared to. */
  readonly empty: () => JsonObject;
  /** Fields that a write through here cannot set, with all below them. */
  readonly resetFields: FieldSet;
  /** Fields that stand for another one in what was recorded elsewhere (`stringData` for `data`). */
  readonly aliases: ReadonlyMap<string, string>;
  /** A configuration as it is merged: without its type, write-only fields folded into what is stored. A new object. */
  readonly prepareApplied: (configuration: JsonObject) => JsonObject;
}

/** The part of a kind's table that is read here. */
export type OwnedKind = Pick<
  Kind,
  "group" | "version" | "kind" | "schema" | "subresources" | "resetFields" | "foldsInto"
>;

const rules = new WeakMap<OwnedKind, Map<string, OwnershipRules>>();

/** The rules of writes to a kind, or through one of its subresources ("" for none). */
export function ownershipRules(kind: OwnedKind, subresource: string): OwnershipRules {
  const known = rules.get(kind) ?? new Map<string, OwnershipRules>();
  rules.set(kind, known);
  const made = known.get(subresource) ?? makeRules(kind, subresource);
  known.set(subresource, made);
  return made;
}

function makeRules(kind: OwnedKind, subresource: string): OwnershipRules {
  const aliases = kind.foldsInto ?? new Map<string, never>();
  return {
    kind: kind.kind,
    apiVersion: apiVersionOf(kind),
    shape: shapeOf(kind.schema),
    empty: () => zeroMessage(kind.schema),
    resetFields: resetFieldsOf(kind, subresource),
    aliases: new Map([...aliases].map(([from, { field }]) => [fieldStep(from), fieldStep(field)])),
    prepareApplied: (configuration) => folded(configuration, aliases),
  };
}

/**
 * Where a kind says nothing: a status is set through the subresource `status`
 * alone, and nothing else is. Source: each kind's strategy, GetResetFields.
 */
function resetFieldsOf(kind: OwnedKind, subresource: string): FieldSet {
  const given =
    subresource === "" ? kind.resetFields : kind.subresources.find(({ name }) => name === subresource)?.resetFields;
  if (given !== undefined) return setOf(given.map((path) => path.map(fieldStep)));
  if (!kind.subresources.some(({ name }) => name === "status")) return emptySet;
  return setOf([[fieldStep(subresource === "status" ? "spec" : "status")]]);
}

/** Without its type; entries of each write-only map in the stored map, where they win. */
function folded(configuration: JsonObject, folds: NonNullable<Kind["foldsInto"]>): JsonObject {
  const result = jsonObject(Object.entries(configuration));
  delete result["apiVersion"];
  delete result["kind"];
  for (const [from, { field, fold }] of folds) {
    const entries = result[from];
    delete result[from];
    if (typeof entries !== "object" || entries === null || Array.isArray(entries)) continue;
    const target = result[field];
    const own = typeof target === "object" && target !== null && !Array.isArray(target) ? Object.entries(target) : [];
    const merged = jsonObject(own);
    for (const key of Object.keys(entries)) {
      const value = entries[key];
      if (typeof value === "string") merged[key] = fold(value);
    }
    result[field] = merged;
  }
  return result;
}
