/**
 * Who owns what after a change: the sets of all managers, given the states before
 * and after.
 *
 * Source: structured-merge-diff merge/update.go; apimachinery
 * pkg/util/managedfields/internal/stripmeta.go.
 */
import type { JsonObject } from "../codec/json.ts";
import { compareFields } from "./compare-fields.ts";
import type { FieldChanges } from "./compare-fields.ts";
import { fieldStep } from "./field-path.ts";
import { difference, differenceWithChildren, intersection, setOf, union } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import type { ManagedEntry, ManagedFields } from "./managed-fields.ts";
import { reconciledWith } from "./owned-fields.ts";
import type { OwnershipRules } from "./ownership-rules.ts";

/** Fields of `metadata` that the server owns; no manager ever does. */
const serverFields: FieldSet = setOf([
  ["f:apiVersion"],
  ["f:kind"],
  ["f:metadata"],
  ...[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
  ].map((name) => ["f:metadata", fieldStep(name)]),
]);

/** A set without the fields that only the server sets. */
export function withoutServerFields(fields: FieldSet): FieldSet {
  return difference(fields, serverFields);
}

/** Entries that can be read as the type is today. */
export function currentEntries(rules: OwnershipRules, managed: ManagedFields): Map<string, ManagedEntry> {
  const result = new Map<string, ManagedEntry>();
  for (const [id, entry] of managed) {
    if (entry.apiVersion !== rules.apiVersion) continue;
    const fields = reconciledWith(rules.shape, withoutAliases(rules.aliases, entry.fields));
    result.set(id, fields === entry.fields ? entry : { ...entry, fields });
  }
  return result;
}

/** The set with what is recorded of a write-only field recorded of the field that it was folded into. */
function withoutAliases(aliases: OwnershipRules["aliases"], fields: FieldSet): FieldSet {
  let result = fields;
  for (const [from, to] of aliases) {
    const node = result.get(from);
    if (node === undefined) continue;
    const rest = new Map(result);
    rest.delete(from);
    result = union(rest, new Map([[to, node]]));
  }
  return result;
}

/** What a change does, without the fields it cannot set. */
export function changesBetween(rules: OwnershipRules, before: JsonObject, after: JsonObject): FieldChanges {
  const changes = compareFields(rules.shape, before, after);
  const filter = (set: FieldSet) => differenceWithChildren(set, rules.resetFields);
  return { added: filter(changes.added), modified: filter(changes.modified), removed: filter(changes.removed) };
}

/** Fields of other managers that a change gives another value, by the id of the manager. */
export function contested(
  managed: ManagedFields,
  changes: FieldChanges,
  actor: string | undefined,
): Map<string, FieldSet> {
  const result = new Map<string, FieldSet>();
  const set = union(changes.modified, changes.added);
  for (const [id, entry] of managed) {
    if (id === actor) continue;
    const fields = intersection(entry.fields, set);
    if (fields.size > 0) result.set(id, fields);
  }
  return result;
}

/** The entries after other managers have lost what was changed or removed; empty ones go. */
export function afterChange(
  managed: ManagedFields,
  changes: FieldChanges,
  actor: string | undefined,
): Map<string, ManagedEntry> {
  const lost = union(union(changes.modified, changes.added), changes.removed);
  const result = new Map<string, ManagedEntry>();
  for (const [id, entry] of managed) {
    const fields = id === actor ? entry.fields : difference(entry.fields, lost);
    if (fields.size > 0) result.set(id, fields === entry.fields ? entry : { ...entry, fields });
  }
  return result;
}

/** The fields that whoever made the change owns by it. */
export function ownedByChange(changes: FieldChanges): FieldSet {
  return withoutServerFields(union(changes.modified, changes.added));
}
