/**
 * Who set which fields: `metadata.managedFields` as the server keeps it.
 *
 * Source: apimachinery pkg/util/managedfields/internal/{managedfields,capmanagers}.go.
 */
import { compareUtf8 } from "../codec/canonical-object.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { stringField } from "../validation/object-fields.ts";
import { goJson } from "../validation/go-format.ts";
import { unionOf } from "./field-set.ts";
import type { FieldSet } from "./field-set.ts";
import { readFieldsV1, writeFieldsV1 } from "./fields-v1.ts";

export type Operation = "Apply" | "Update";

/** Who acts, and how: entries with the same one are one entry. */
export interface ManagerKey {
  readonly manager: string;
  readonly operation: Operation;
  /** The version in which the fields are named. Applying in another version is still the same manager. */
  readonly apiVersion: string;
  /** "" for the object itself. */
  readonly subresource: string;
}

export interface ManagedEntry extends ManagerKey {
  readonly fields: FieldSet;
  /** As metav1.Time prints it; undefined when an apply changed nothing and so left no time. */
  readonly time: string | undefined;
}

/** Entries by {@link managerId}. */
export type ManagedFields = ReadonlyMap<string, ManagedEntry>;

/** Entries that updates made, at most; the oldest beyond it are put together. */
export const updateManagersMax = 10;

/** The manager under whose name old entries of updates are put together. */
const ancientManager = "ancient-changes";

/** The text that identifies a manager, and by which managers are sorted. */
export function managerId(key: ManagerKey): string {
  const parts: [string, string][] = [
    ["manager", key.manager],
    ["operation", key.operation],
    ["apiVersion", key.operation === "Apply" ? "" : key.apiVersion],
    ["subresource", key.subresource],
  ];
  return goJson(jsonObject(parts.filter(([, value]) => value !== "")));
}

/** A list of entries that cannot be read, which a client sent. */
export class ManagedFieldsError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "ManagedFieldsError";
  }
}

/** Reads the entries of an object's metadata. Raises {@link ManagedFieldsError}. */
export function readManagedFields(metadata: Readonly<JsonObject>): ManagedFields {
  const entries = metadata["managedFields"];
  const result = new Map<string, ManagedEntry>();
  if (!Array.isArray(entries)) return result;
  for (const tree of entries) {
    if (!isJsonObject(tree)) throw new ManagedFieldsError("an entry must be an object");
    const entry = readEntry(tree);
    result.set(managerId(entry), entry);
  }
  return result;
}

/** The entries as a list, in the order Kubernetes gives them; undefined when there are none. */
export function writeManagedFields(managed: ManagedFields): JsonValue[] | undefined {
  if (managed.size === 0) return undefined;
  const sorted = (operation: Operation) => {
    const entries = [...managed.values()].filter((entry) => entry.operation === operation);
    return inOrder(entries, ({ time }) => secondsOf(time), compareNames);
  };
  return [...sorted("Apply"), ...sorted("Update")].map(writeEntry);
}

/** With at most {@link updateManagersMax} entries of updates: the oldest of one version become one entry. */
export function capUpdateManagers(managed: ManagedFields): ManagedFields {
  const updates = [...managed].filter(([, entry]) => entry.operation === "Update");
  const surplus = updates.length - updateManagersMax;
  if (surplus <= 0) return managed;
  const oldest = inOrder(
    updates,
    ([, entry]) => secondsOf(entry.time),
    ([a], [b]) => compareUtf8(a, b),
  );
  const result = new Map(managed);
  for (const [id, merged] of oldestOfEachVersion(oldest, managed, surplus)) {
    for (const [old] of merged) result.delete(old);
    result.set(id, ancientEntry(merged, managed.get(id)));
  }
  return result;
}

type Identified = readonly [string, ManagedEntry];

/**
 * What is to be put together, by the id of the entry that it becomes: as many as
 * it takes for `surplus` entries less. The first of a version stays, since it takes
 * two to save one - unless there is such an entry already, which then takes the others.
 */
function oldestOfEachVersion(
  oldest: readonly Identified[],
  managed: ManagedFields,
  surplus: number,
): Map<string, Identified[]> {
  const firsts = new Map<string, Identified>();
  const merged = new Map<string, Identified[]>();
  let left = surplus;
  for (const identified of oldest) {
    if (left === 0) break;
    const ancient = managerId(ancientKey(identified[1].apiVersion));
    const first = firsts.get(ancient);
    if (first === undefined) firsts.set(ancient, identified);
    else if (identified[0] !== ancient) {
      const group = merged.get(ancient) ?? (managed.has(ancient) ? [] : [first]);
      group.push(identified);
      merged.set(ancient, group);
      left -= 1;
    }
  }
  return merged;
}

function ancientKey(apiVersion: string): ManagerKey {
  return { manager: ancientManager, operation: "Update", apiVersion, subresource: "" };
}

/** One entry for all of them, and for what was put together before. Its time is that of the latest. */
function ancientEntry(merged: readonly Identified[], earlier: ManagedEntry | undefined): ManagedEntry {
  const { apiVersion = "", time } = merged.at(-1)?.[1] ?? {};
  const sets = merged.map(([, { fields }]) => fields);
  return { ...ancientKey(apiVersion), fields: unionOf(earlier === undefined ? sets : [earlier.fields, ...sets]), time };
}

/** Sorted by a number that is read once of each, then by `compare`. */
function inOrder<T>(items: readonly T[], rank: (item: T) => number, compare: (a: T, b: T) => number): T[] {
  return items
    .map((item) => ({ item, rank: rank(item) }))
    .toSorted((a, b) => a.rank - b.rank || compare(a.item, b.item))
    .map(({ item }) => item);
}

function readEntry(tree: JsonObject): ManagedEntry {
  const operation = stringField(tree, "operation");
  if (operation !== "Apply" && operation !== "Update") {
    throw new ManagedFieldsError("operation must be `Apply` or `Update`");
  }
  const apiVersion = stringField(tree, "apiVersion");
  if (apiVersion === "") throw new ManagedFieldsError("apiVersion must not be empty");
  if (stringField(tree, "fieldsType") !== "FieldsV1") throw new ManagedFieldsError("fieldsType must be FieldsV1");
  return {
    manager: stringField(tree, "manager"),
    operation,
    apiVersion,
    subresource: stringField(tree, "subresource"),
    fields: readFields(tree["fieldsV1"] ?? null),
    time: stringField(tree, "time") || undefined,
  };
}

function readFields(fields: JsonValue): FieldSet {
  try {
    return readFieldsV1(fields);
  } catch (error) {
    if (error instanceof SyntaxError) throw new ManagedFieldsError("fieldsV1 must be a set of fields", error);
    throw error;
  }
}

/** Fields in the order of the schema, which is that of the JSON. */
function writeEntry(entry: ManagedEntry): JsonObject {
  const tree = jsonObject();
  if (entry.manager !== "") tree["manager"] = entry.manager;
  tree["operation"] = entry.operation;
  tree["apiVersion"] = entry.apiVersion;
  if (entry.time !== undefined) tree["time"] = entry.time;
  tree["fieldsType"] = "FieldsV1";
  tree["fieldsV1"] = writeFieldsV1(entry.fields);
  if (entry.subresource !== "") tree["subresource"] = entry.subresource;
  return tree;
}

function compareNames(a: ManagedEntry, b: ManagedEntry): number {
  return (
    compareUtf8(a.manager, b.manager) ||
    compareUtf8(a.apiVersion, b.apiVersion) ||
    compareUtf8(a.subresource, b.subresource)
  );
}

/** No time counts as 1970. */
function secondsOf(time: string | undefined): number {
  return time === undefined ? 0 : Math.floor(Date.parse(time) / 1000);
}
