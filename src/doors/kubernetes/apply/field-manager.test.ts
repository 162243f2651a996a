/** What holds whatever is applied, and the rules of single cases. Whole histories: upstream-scenarios.test.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parseJson } from "../codec/json-parser.ts";
import { cloneJson, equalJson, isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import { metadataOf, objectsField } from "../validation/object-fields.ts";
import { message } from "../schema/messages.ts";
import { ApplyConflict } from "./apply-configuration.ts";
import { applyToObject, trackUpdate } from "./field-manager.ts";
import type { ApplyWrite } from "./field-manager.ts";
import { isSubset } from "./field-set.ts";
import { managerName } from "./manager-name.ts";
import { readManagedFields } from "./managed-fields.ts";
import { fieldsOf } from "./owned-fields.ts";
import { ownershipRules } from "./ownership-rules.ts";
import type { OwnedKind } from "./ownership-rules.ts";
import { keepTimesOfUnchanged } from "./timestamp-only-change.ts";
import { withoutServerFields } from "./track-owners.ts";

const Pod = message("core-v1", "Pod");

const podKind: OwnedKind = { group: "", version: "v1", kind: "Pod", schema: Pod, subresources: [] };
const rules = ownershipRules(podKind, "");
const options = { numRuns: 500, seed: 34 };

function tree(value: object): JsonObject {
  const parsed = parseJson(Buffer.from(JSON.stringify(value))).value;
  return isJsonObject(parsed) ? parsed : jsonObject();
}

function write(manager: string, force = false, time = "2026-01-01T00:00:00Z"): ApplyWrite {
  return { rules, manager, subresource: "", time, force };
}

const small = fc.constantFrom("a", "b");
const mapOf = (value: fc.Arbitrary<unknown>) => fc.dictionary(fc.constantFrom("x", "y", "z"), value, { maxKeys: 3 });
const optional = <T>(fields: { [name in keyof T]: fc.Arbitrary<T[name]> }) => fc.record(fields, { requiredKeys: [] });
const distinct = (item: fc.Arbitrary<object>, key: (item: never) => unknown) =>
  fc.uniqueArray(item, { maxLength: 3, selector: (value) => JSON.stringify(key(value as never)) });

const container = fc.record(
  {
    name: fc.constantFrom("c", "d", "e"),
    image: small,
    args: fc.array(small, { maxLength: 2 }),
    ports: distinct(
      fc.record(
        { containerPort: fc.constantFrom(80, 81), protocol: fc.constantFrom("TCP", "UDP"), name: small },
        { requiredKeys: ["containerPort"] },
      ),
      ({ containerPort, protocol = "TCP" }: { containerPort: number; protocol?: string }) => [containerPort, protocol],
    ),
    resources: optional({ limits: mapOf(fc.constantFrom("1", "2")) }),
  },
  { requiredKeys: ["name"] },
);

/** Whether there is an empty list or object in a value. */
function holdsNothing(value: JsonValue): boolean {
  if (typeof value !== "object" || value === null) return false;
  const parts = Object.values(value);
  return parts.length === 0 || parts.some(holdsNothing);
}

/** Configurations of a Pod, every kind of list and map in them. */
const configurations = fc
  .record(
    {
      metadata: optional({
        labels: mapOf(small),
        finalizers: fc.uniqueArray(fc.constantFrom("f/a", "f/b", "f/c"), { maxLength: 3 }),
      }),
      spec: optional({
        containers: distinct(container, ({ name }: { name: string }) => name),
        nodeSelector: mapOf(small),
        tolerations: fc.array(optional({ key: small }), { maxLength: 2 }),
      }),
    },
    { requiredKeys: [] },
  )
  .map((fields) => tree({ apiVersion: "v1", kind: "Pod", ...fields }))
  .filter((configuration) => !holdsNothing(configuration)); // what is empty is owned, but not stored

/** Applies, and stores what comes of it. */
function apply(write: ApplyWrite, live: JsonObject | undefined, configuration: JsonObject): JsonObject {
  return stored(applyToObject(write, live, configuration));
}

/** As stored: without null and empty lists and objects. */
function stored(value: JsonObject): JsonObject {
  const entries = Object.entries(value).flatMap(([key, item]): [string, JsonValue][] => {
    const kept = isJsonObject(item) ? stored(item) : item;
    const size = isJsonObject(kept) || Array.isArray(kept) ? Object.keys(kept).length : 1;
    return kept === null || size === 0 ? [] : [[key, kept]];
  });
  return jsonObject(entries);
}

const withoutTypes = (configuration: JsonObject) => rules.prepareApplied(configuration);
const withoutManaged = (object: JsonObject): JsonValue => {
  const copy = cloneJson(object);
  if (isJsonObject(copy["metadata"])) delete copy["metadata"]["managedFields"];
  return copy;
};

test("What is applied is there afterwards, and owned", () => {
  fc.assert(
    fc.property(configurations, configurations, (first, second) => {
      const before = apply(write("one"), undefined, first);
      const after = apply(write("two", true), before, second);
      const named = fieldsOf(rules.shape, withoutTypes(second));
      assert.ok(isSubset(named, fieldsOf(rules.shape, after)));
      const entry = [...readManagedFields(metadataOf(after)).values()].find(({ manager }) => manager === "two");
      assert.deepEqual(entry?.fields ?? new Map(), withoutServerFields(named));
    }),
    options,
  );
});

test("Applying twice changes nothing the second time, the time of the entry included", () => {
  fc.assert(
    fc.property(configurations, configurations, (first, second) => {
      const before = apply(write("one"), undefined, first);
      const once = apply(write("two", true), before, second);
      const twice = apply(write("two", false, "2026-01-01T00:00:09Z"), once, second);
      keepTimesOfUnchanged(twice, once);
      assert.ok(equalJson(withoutManaged(twice), withoutManaged(once)));
      assert.deepEqual(metadataOf(twice)["managedFields"], metadataOf(once)["managedFields"]);
    }),
    options,
  );
});

test("What one manager applies to nothing goes when it applies nothing", () => {
  fc.assert(
    fc.property(configurations, (configuration) => {
      const full = apply(write("one"), undefined, configuration);
      const empty = apply(write("one"), full, tree({ apiVersion: "v1", kind: "Pod" }));
      assert.deepEqual(withoutServerFields(fieldsOf(rules.shape, empty)).size, 0, JSON.stringify(empty));
    }),
    options,
  );
});

test("What two managers apply stays until both have dropped it", () => {
  fc.assert(
    fc.property(configurations, (configuration) => {
      const nothing = tree({ apiVersion: "v1", kind: "Pod" });
      const shared = apply(write("two"), apply(write("one"), undefined, configuration), configuration);
      const kept = apply(write("one"), shared, nothing);
      assert.ok(equalJson(withoutManaged(kept), withoutManaged(shared)));
      const gone = apply(write("two"), kept, nothing);
      assert.deepEqual(gone, jsonObject());
    }),
    options,
  );
});

test("Without force, either nobody loses a value or the apply is refused", () => {
  fc.assert(
    fc.property(configurations, configurations, (first, second) => {
      const before = apply(write("one"), undefined, first);
      try {
        const after = apply(write("two"), before, second);
        const [lost, kept] = [before, after].map((object) => ownedBy(object, "one"));
        assert.deepEqual(kept, lost);
      } catch (error) {
        assert.ok(error instanceof ApplyConflict);
        assert.ok(error.conflicts.size > 0);
      }
    }),
    options,
  );
});

function ownedBy(object: JsonObject, manager: string): unknown {
  return objectsField(metadataOf(object), "managedFields").find((entry) => entry["manager"] === manager)?.["fieldsV1"];
}

test("Arguments stay as they are", () => {
  fc.assert(
    fc.property(configurations, configurations, (first, second) => {
      const before = apply(write("one"), undefined, first);
      const texts = JSON.stringify([before, second]);
      applyToObject(write("kubectl", true), before, second);
      assert.equal(JSON.stringify([before, second]), texts);
    }),
    options,
  );
});

test("Whatever a client sends as managedFields, an update is tracked or untracked, never refused", () => {
  const anything = fc.jsonValue().filter((value) => !/\d{16}/.test(JSON.stringify(value))); // integers beyond 2^53 are no JSON here
  const entry = fc.dictionary(
    fc.constantFrom("manager", "operation", "apiVersion", "fieldsType", "fieldsV1", "time", "subresource"),
    fc.oneof(fc.constantFrom("Apply", "Update", "v1", "FieldsV1", "x"), anything),
  );
  fc.assert(
    fc.property(fc.oneof(anything, fc.array(entry)), configurations, (managedFields, configuration) => {
      const live = apply(write("one"), undefined, configuration);
      const next = cloneJson(live);
      const sent = tree({ managedFields: managedFields });
      next["metadata"] = jsonObject([...Object.entries(metadataOf(next)), ...Object.entries(sent)]);
      trackUpdate(write("two"), live, next);
      readManagedFields(metadataOf(next));
    }),
    options,
  );
});

test("A list whose items have no identity leaves an update untracked", () => {
  const live = apply(write("one"), undefined, tree({ spec: { containers: [{ name: "c" }] } }));
  const next = cloneJson(live);
  next["spec"] = tree({ containers: [null] });
  trackUpdate(write("two"), live, next);
  assert.equal(metadataOf(next)["managedFields"], undefined);
});

test("Entries in a version that is not served are dropped by the next write", () => {
  const old = { operation: "Update", apiVersion: "v1beta1", fieldsType: "FieldsV1", fieldsV1: { "f:spec": {} } };
  const current = { ...old, manager: "current", apiVersion: "v1" };
  const next = tree({ metadata: { managedFields: [{ ...old, manager: "old" }, current] } });
  trackUpdate(write("two"), next, cloneJson(next));
  const after = cloneJson(next);
  trackUpdate(write("two"), next, after);
  const managers = objectsField(metadataOf(after), "managedFields").map(({ manager }) => manager);
  assert.deepEqual(managers, ["current"]);
});

test("A list that became atomic is owned whole by who owned a part of it", () => {
  const owner = { manager: "one", operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1" };
  const part = { "f:spec": { "f:tolerations": { 'k:{"key":"a"}': { "f:key": {} } } } };
  const live = tree({ spec: { tolerations: [{ key: "a" }] } });
  live["metadata"] = tree({ managedFields: [{ ...owner, fieldsV1: part }] });
  const next = cloneJson(live);
  trackUpdate(write("two"), live, next);
  assert.deepEqual(ownedBy(next, "one"), tree({ "f:spec": { "f:tolerations": {} } }));
});

test("The manager of a request without fieldManager is the program of its User-Agent", () => {
  const cases: [string, string, string][] = [
    ["given", "agent/1", "given"],
    ["", "kubectl/v1.33.0 (linux/amd64) kubernetes/8adc0f0", "kubectl"],
    ["", "a program without a version", "a program without a version"],
    ["", "b\tell\u0000/1", "bell"],
    ["", "/1", ""],
    ["", "", ""],
    ["", `${"é".repeat(100)}/1`, "é".repeat(64)],
  ];
  for (const [fieldManager, agent, expected] of cases) assert.equal(managerName(fieldManager, agent), expected);
  const unnamed = tree({ spec: { restartPolicy: "Always" } });
  trackUpdate(write(""), undefined, unnamed);
  assert.equal(objectsField(metadataOf(unnamed), "managedFields")[0]?.["manager"], "unknown");
});
