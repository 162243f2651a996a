/**
 * Keeps `metadata.managedFields` through every write, and merges what is applied.
 *
 * Source: apimachinery pkg/util/managedfields/internal/{fieldmanager,managedfieldsupdater,
 * skipnonapplied,lastappliedmanager,lastappliedupdater}.go.
 */
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import { metadataOf } from "../validation/object-fields.ts";
import { ApplyConflict, applyConfiguration } from "./apply-configuration.ts";
import type { Applied, Configuration } from "./apply-configuration.ts";
import { difference, union } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { hasLastApplied, lastAppliedFields, setLastApplied } from "./last-applied.ts";
import {
  ManagedFieldsError,
  capUpdateManagers,
  managerId,
  readManagedFields,
  writeManagedFields,
} from "./managed-fields.ts";
import type { ManagedEntry, ManagedFields, ManagerKey } from "./managed-fields.ts";
import { ShapeError } from "./merge-shape.ts";
import type { OwnershipRules } from "./ownership-rules.ts";
import { afterChange, changesBetween, currentEntries, ownedByChange } from "./track-owners.ts";

/** What a write is to the managed fields. */
export interface FieldWrite {
  readonly rules: OwnershipRules;
  /** Name of the manager; "" counts as `unknown`. */
  readonly manager: string;
  /** "" for the object itself. */
  readonly subresource: string;
  /** As metav1.Time prints it. */
  readonly time: string;
}

/** The manager of what was in an object whose fields nobody tracked when it was first applied to. */
const beforeFirstApply = "before-first-apply";

/**
 * Notes in `next` who owns its fields after an update. `live` is the state before
 * it, undefined for a new object. Through a subresource, managedFields sent by the
 * client count for nothing; else they replace the stored ones, and an empty list
 * ends the tracking. Never fails: what cannot be tracked is untracked.
 */
export function trackUpdate(write: FieldWrite, live: JsonObject | undefined, next: JsonObject): void {
  const managed = managedForUpdate(write, live, next);
  delete ownMetadata(next)["managedFields"];
  // An object that is not tracked stays so until it is applied to.
  if (managed.size === 0 && live !== undefined) return;
  try {
    setManagedFields(next, capUpdateManagers(updated(write, live ?? write.rules.empty(), next, managed)));
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
  }
}

export interface ApplyWrite extends FieldWrite {
  readonly force: boolean;
  /** A field whose values the manager may not read, so that they must not learn what equals theirs. */
  readonly unreadable?: string;
}

/**
 * The state after a configuration that fits its type is applied, managedFields
 * included; `live` is undefined when the object does not exist. Neither argument is changed; the result shares parts with
 * both. Raises {@link ApplyConflict}, and ShapeError when the live object has no
 * order that can be merged.
 */
export function applyToObject(write: ApplyWrite, live: JsonObject | undefined, configuration: JsonObject): JsonObject {
  const before = live ?? write.rules.empty();
  const managed = managedForApply(write, before);
  const { object, managed: owners } = applyOrTakeOver(
    write,
    before,
    managed,
    write.rules.prepareApplied(configuration),
  );
  const next = withOwnMetadata(object ?? before);
  setManagedFields(next, owners);
  if (write.manager === kubectl && hasLastApplied(next)) setLastApplied(next, configuration);
  return next;
}

/** The manager of kubectl's server-side apply, who takes over from its client-side apply. */
const kubectl = "kubectl";

function managedForUpdate(write: FieldWrite, live: JsonObject | undefined, next: JsonObject): ManagedFields {
  const stored = () => (live === undefined ? noEntries : readOrNothing(metadataOf(live)));
  if (write.subresource !== "") return stored();
  const metadata = metadataOf(next);
  if (isReset(metadata["managedFields"])) return noEntries;
  const sent = readOrNothing(metadata);
  return sent.size > 0 ? sent : stored();
}

const noEntries: ManagedFields = new Map();

/** An empty list, or one empty entry, asks for the tracking to end. */
function isReset(entries: JsonValue | undefined): boolean {
  if (!Array.isArray(entries) || entries.length > 1) return false;
  const only = entries[0];
  return only === undefined || (isJsonObject(only) && Object.keys(only).length === 0);
}

function readOrNothing(metadata: Readonly<JsonObject>): ManagedFields {
  try {
    return readManagedFields(metadata);
  } catch (error) {
    if (error instanceof ManagedFieldsError) return noEntries;
    throw error;
  }
}

function updated(write: FieldWrite, live: JsonObject, next: JsonObject, managed: ManagedFields): ManagedFields {
  const changes = changesBetween(write.rules, live, next);
  // The manager's own entry loses what changes, too, and gets it back with the new time.
  const owners = afterChange(currentEntries(write.rules, managed), changes, undefined);
  const fields = ownedByChange(changes);
  if (fields.size === 0) return owners;
  const key = managerKey(write, "Update");
  const id = managerId(key);
  const previous = owners.get(id);
  owners.set(id, entryOf(key, previous === undefined ? fields : union(fields, previous.fields), write.time));
  return owners;
}

function managedForApply(write: FieldWrite, live: JsonObject): ManagedFields {
  const managed = readManagedFields(metadataOf(live));
  if (managed.size > 0) return managed;
  const first = { ...write, manager: beforeFirstApply };
  return updated(first, write.rules.empty(), live, managed);
}

/**
 * kubectl may take what its client-side apply set, by the annotation that this
 * left - unless the object has changed since.
 */
function applyOrTakeOver(write: ApplyWrite, live: JsonObject, managed: ManagedFields, applied: JsonObject): Applied {
  const { force, time, unreadable } = write;
  const manager = managerKey(write, "Apply");
  const configuration: Configuration = {
    applied,
    manager,
    force,
    time,
    ...(unreadable !== undefined && { unreadable }),
  };
  try {
    return applyConfiguration(write.rules, live, managed, configuration);
  } catch (error) {
    if (!(error instanceof ApplyConflict) || write.manager !== kubectl) throw error;
    const allowed = lastAppliedFields(write.rules, live);
    if (allowed === undefined) throw error;
    const conflicts = conflictsBut(error.conflicts, allowed);
    if (conflicts.size > 0) throw new ApplyConflict(conflicts, error.managed);
    return applyConfiguration(write.rules, live, managed, { ...configuration, force: true });
  }
}

function conflictsBut(conflicts: ReadonlyMap<string, FieldSet>, allowed: FieldSet): Map<string, FieldSet> {
  const result = new Map<string, FieldSet>();
  for (const [id, fields] of conflicts) {
    const left = difference(fields, allowed);
    if (left.size > 0) result.set(id, left);
  }
  return result;
}

function managerKey(write: FieldWrite, operation: ManagerKey["operation"]): ManagerKey {
  const { manager, rules, subresource } = write;
  return { manager: manager === "" ? "unknown" : manager, operation, apiVersion: rules.apiVersion, subresource };
}

function entryOf(key: ManagerKey, fields: FieldSet, time: string): ManagedEntry {
  return { ...key, fields, time };
}

/** A copy that has a `metadata` of its own. */
function withOwnMetadata(object: JsonObject): JsonObject {
  const copy = jsonObject(Object.entries(object));
  copy["metadata"] = jsonObject(Object.entries(metadataOf(object)));
  return copy;
}

function setManagedFields(object: JsonObject, managed: ManagedFields): void {
  const entries = writeManagedFields(managed);
  if (entries === undefined) delete ownMetadata(object)["managedFields"];
  else ownMetadata(object)["managedFields"] = entries;
}
