/** Entries of managedFields: their identity, their order, and how many there may be. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson } from "../codec/json-parser.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import {
  ManagedFieldsError,
  capUpdateManagers,
  readManagedFields,
  updateManagersMax,
  writeManagedFields,
} from "./managed-fields.ts";
import type { ManagedFields } from "./managed-fields.ts";

interface Entry {
  readonly manager?: string;
  readonly operation?: string;
  readonly apiVersion?: string;
  readonly subresource?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: unknown;
}

function read(entries: readonly Entry[]): ManagedFields {
  const whole = entries.map((entry) => ({
    operation: "Update",
    apiVersion: "v1",
    fieldsType: "FieldsV1",
    fieldsV1: { "f:a": {} },
    ...entry,
  }));
  const parsed = parseJson(Buffer.from(JSON.stringify({ managedFields: whole }))).value;
  return readManagedFields(isJsonObject(parsed) ? parsed : jsonObject());
}

function write(managed: ManagedFields): JsonObject[] {
  return (writeManagedFields(managed) ?? []).filter(isJsonObject);
}

const second = (index: number) => new Date(index * 1000).toISOString().replace(".000", "");
const names = (managed: ManagedFields) => write(managed).map(({ manager }) => manager);

test("Updates in two versions, through two subresources, are two entries; applies in two versions are one", () => {
  const updates = [{}, { apiVersion: "v2" }, { subresource: "status" }].map((fields) => ({ manager: "m", ...fields }));
  assert.equal(read(updates).size, 3);
  const applies = [{}, { apiVersion: "v2" }].map((fields) => ({ manager: "m", operation: "Apply", ...fields }));
  assert.deepEqual(
    write(read(applies)).map(({ apiVersion }) => apiVersion),
    ["v2"],
    "the last one counts",
  );
});

test("Entries are sorted: applies first, then by time, manager, version, subresource; no time is the oldest", () => {
  const entries = [
    { manager: "u", time: second(1) },
    { manager: "b", operation: "Apply", time: second(9) },
    { manager: "a", operation: "Apply", time: second(9), subresource: "status" },
    { manager: "a", operation: "Apply", time: second(9) },
    { manager: "z", operation: "Apply" },
    { manager: "c", operation: "Apply", time: second(2) },
  ];
  const sorted = write(read(entries)).map(({ manager, subresource = "" }) => `${manager}${subresource}`);
  assert.deepEqual(sorted, ["z", "c", "a", "astatus", "b", "u"]);
});

for (const [what, entry] of Object.entries({
  "another operation": { operation: "Sing" },
  "no apiVersion": { apiVersion: "" },
  "no fieldsType": { fieldsType: "" },
  "another fieldsType": { fieldsType: "FieldsV2" },
  "fields that are none": { fieldsV1: { nonsense: {} } },
})) {
  test(`An entry with ${what} cannot be read`, () => {
    assert.throws(() => read([entry]), ManagedFieldsError);
  });
}

test("An entry without fields is read as an empty set", () => {
  assert.deepEqual(write(read([{ manager: "m", fieldsV1: null }]))[0]?.["fieldsV1"], jsonObject());
});

/** Managers m00, m01, ... of updates, one second apart, each with a field of its own. */
const updates = (count: number, from = 0): Entry[] =>
  Array.from({ length: count }, (_, index) => {
    const name = `m${String(index + from).padStart(2, "0")}`;
    return { manager: name, time: second(index + from), fieldsV1: { [`f:${name}`]: {} } };
  });

test("Ten managers of updates stay as they are, and so do any number of appliers", () => {
  const appliers = updates(30).map((entry) => ({ ...entry, operation: "Apply" }));
  const managed = read([...updates(updateManagersMax), ...appliers]);
  assert.equal(capUpdateManagers(managed), managed);
});

test("The two oldest become one entry, with the time of the later", () => {
  const capped = capUpdateManagers(read(updates(11)));
  const [ancient] = write(capped);
  assert.deepEqual(names(capped), ["ancient-changes", ...names(read(updates(9, 2)))]);
  assert.equal(ancient?.["time"], second(1));
  assert.deepEqual(Object.keys(Object(ancient?.["fieldsV1"])), ["f:m00", "f:m01"]);
});

test("The entry of ancient changes takes in one more each time", () => {
  const capped = capUpdateManagers(read(updates(11)));
  const more = new Map([...capped, ...read(updates(1, 11))]);
  const [ancient] = write(capUpdateManagers(more));
  assert.deepEqual(Object.keys(Object(ancient?.["fieldsV1"])), ["f:m00", "f:m01", "f:m02"]);
  assert.equal(ancient?.["time"], second(2));
});

test("Entries of one version are put together with their like alone", () => {
  const mixed = updates(12).map((entry, index) => ({ ...entry, apiVersion: index === 1 ? "v2" : "v1" }));
  const capped = capUpdateManagers(read(mixed));
  assert.deepEqual(
    names(capped).filter((name) => name === "ancient-changes" || name === "m01"),
    ["m01", "ancient-changes"],
  );
  const ancient = write(capped).find(({ manager }) => manager === "ancient-changes");
  assert.deepEqual(Object.keys(Object(ancient?.["fieldsV1"])), ["f:m00", "f:m02", "f:m03"]);
});

test("Twenty thousand entries in one body are put together in linear time", () => {
  const managed = read(updates(20_000));
  const started = performance.now();
  const capped = capUpdateManagers(managed);
  assert.equal(capped.size, updateManagersMax);
  // Quadratic time would be minutes; the bound is generous for a busy machine.
  assert.ok(performance.now() - started < 5000);
});
