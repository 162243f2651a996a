/**
 * Server-side apply of one configuration to an object: merge, remove what its
 * manager no longer names, find conflicts.
 *
 * Source: structured-merge-diff merge/update.go (Apply, prune).
 */
import { equalJson, isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { fieldStep } from "./field-path.ts";
import { difference, differenceWithChildren, emptySet, intersection, isSubset, union, unionOf } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { managerId } from "./managed-fields.ts";
import type { ManagedEntry, ManagedFields, ManagerKey } from "./managed-fields.ts";
import { mergeValues } from "./merge-values.ts";
import type { MergeShape } from "./merge-shape.ts";
import { fieldsOf, withNamedObjects } from "./owned-fields.ts";
import type { OwnershipRules } from "./ownership-rules.ts";
import { removeFields } from "./remove-fields.ts";
import { afterChange, changesBetween, contested, currentEntries, withoutServerFields } from "./track-owners.ts";

export interface Configuration {
  /** What the manager wants, which fits the shape. */
  readonly applied: JsonObject;
  readonly manager: ManagerKey;
  /** Takes fields from other managers rather than raising {@link ApplyConflict}. */
  readonly force: boolean;
  /** A field in which equal values are conflicts as well: who applies must not learn that they are equal. */
  readonly unreadable?: string;
  /** Time of the entry, where the object changes. */
  readonly time: string;
}

export interface Applied {
  /** The new state; undefined when it equals the old one. */
  readonly object: JsonObject | undefined;
  readonly managed: ManagedFields;
}

/** Other managers own fields to which the configuration gives another value. */
export class ApplyConflict extends Error {
  readonly conflicts: ReadonlyMap<string, FieldSet>;
  readonly managed: ManagedFields;

  constructor(conflicts: ReadonlyMap<string, FieldSet>, managed: ManagedFields) {
    super("other managers own fields to which the configuration gives another value");
    this.name = "ApplyConflict";
    this.conflicts = conflicts;
    this.managed = managed;
  }
}

/**
 * Applies a configuration to a live object, neither of which is changed. Raises
 * {@link ApplyConflict}.
 */
export function applyConfiguration(
  rules: OwnershipRules,
  live: JsonObject,
  managedBefore: ManagedFields,
  configuration: Configuration,
): Applied {
  const managed = currentEntries(rules, managedBefore);
  const id = managerId(configuration.manager);
  const last = managed.get(id);
  const named = differenceWithChildren(fieldsOf(rules.shape, configuration.applied), rules.resetFields);
  const entry: ManagedEntry = { ...configuration.manager, fields: named, time: managedBefore.get(id)?.time };
  managed.set(id, entry);
  const merged = mergeValues(rules.shape, live, configuration.applied);
  // Usually nothing was dropped since last time, which spares five walks through the object.
  const dropped = last !== undefined && !isSubset(last.fields, named);
  const pruned = dropped ? prune(rules.shape, merged, last.fields, managed) : merged;
  const next = isJsonObject(pruned) ? pruned : jsonObject();
  const changes = changesBetween(rules, live, next);
  if (!configuration.force) {
    const unread = configuration.unreadable === undefined ? emptySet : below(named, configuration.unreadable);
    const conflicts = contested(managed, { ...changes, modified: union(changes.modified, unread) }, id);
    if (conflicts.size > 0) throw new ApplyConflict(conflicts, managed);
  }
  const object = equalJson(live, next) ? undefined : next;
  const owners = afterChange(managed, changes, id);
  const fields = withoutServerFields(named);
  if (fields.size === 0) owners.delete(id);
  else owners.set(id, { ...entry, fields, time: object === undefined ? entry.time : configuration.time });
  return { object, managed: owners };
}

/** What a set has at and below one field. */
function below(fields: FieldSet, field: string): FieldSet {
  const node = fields.get(fieldStep(field));
  return node === undefined ? emptySet : new Map([[fieldStep(field), { ...node, owned: false }]]);
}

/** Without what the manager named last time, and neither it nor anyone else names now. */
function prune(shape: MergeShape, merged: JsonValue, last: FieldSet, managed: ManagedFields): JsonValue {
  const owned = withNamedObjects(shape, unionOf([...managed.values()].map(({ fields }) => fields)));
  const before = withNamedObjects(shape, last);
  const remaining = (value: JsonValue) => withNamedObjects(shape, fieldsOf(shape, value));
  const all = remaining(merged);
  // What stood below a dropped field goes with it - unless somebody owns it, or it was never the manager's own.
  const withoutLast = removeFields(shape, merged, before);
  const unowned = difference(all, union(remaining(withoutLast), owned));
  const withoutUnowned = removeFields(shape, merged, unowned);
  return removeFields(shape, merged, intersection(difference(all, remaining(withoutUnowned)), before));
}
