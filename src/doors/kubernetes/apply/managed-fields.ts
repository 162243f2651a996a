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
import { union } from "./field-set.ts";
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
  return [...managed.values()].toSorted(compareEntries).map(writeEntry);
}

/** With at most {@link updateManagersMax} entries of updates: the oldest of one version become one entry. */
export function capUpdateManagers(managed: ManagedFields): ManagedFields {
  const updates = [...managed].filter(([, entry]) => entry.operation === "Update");
  if (updates.length <= updateManagersMax) return managed;
  const result = new Map(managed);
  const oldest = updates.toSorted(([idA, a], [idB, b]) => compareTimes(a.time, b.time) || compareUtf8(idA, idB));
  const firstOfVersion = new Map<string, string>();
  let count = updates.length;
  for (const [id, entry] of oldest) {
    if (count <= updateManagersMax) break;
    const first = firstOfVersion.get(entry.apiVersion);
    if (first === undefined) firstOfVersion.set(entry.apiVersion, id);
    else {
      mergeIntoAncient(result, { first, id, entry });
      count -= 1;
    }
  }
  return result;
}

function mergeIntoAncient(
  managed: Map<string, ManagedEntry>,
  merged: { readonly first: string; readonly id: string; readonly entry: ManagedEntry },
): void {
  const { first, id, entry } = merged;
  const key = { manager: ancientManager, operation: "Update", apiVersion: entry.apiVersion, subresource: "" } as const;
  const ancientId = managerId(key);
  const ancient = managed.get(ancientId) ?? managed.get(first);
  if (!managed.has(ancientId)) managed.delete(first);
  if (id !== ancientId) managed.delete(id);
  // The later of the two times: entries come oldest first.
  managed.set(ancientId, {
    ...key,
    fields: ancient === undefined ? entry.fields : union(entry.fields, ancient.fields),
    time: entry.time,
  });
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

function compareEntries(a: ManagedEntry, b: ManagedEntry): number {
  return (
    compareUtf8(a.operation, b.operation) ||
    compareTimes(a.time, b.time) ||
    compareUtf8(a.manager, b.manager) ||
    compareUtf8(a.apiVersion, b.apiVersion) ||
    compareUtf8(a.subresource, b.subresource)
  );
}

/** By the second; no time counts as 1970. */
function compareTimes(a: string | undefined, b: string | undefined): number {
  return secondsOf(a) - secondsOf(b);
}

function secondsOf(time: string | undefined): number {
  return time === undefined ? 0 : Math.floor(Date.parse(time) / 1000);
}
