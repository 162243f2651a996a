import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../codec/json.ts";
import { cloneJson } from "../codec/json.ts";
import { formatFieldError } from "./field-error-format.ts";
import { nameIsDnsLabel, nameIsDnsSubdomain, nameIsPathSegment } from "./names.ts";
import { annotationsBytesMax, validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";
import { dropDuplicateOwnerReferences } from "./owner-references.ts";

const secretRules = { group: "", namespaced: true, validateName: nameIsDnsSubdomain };

function errorsOf(metadata: JsonObject, rules = secretRules): string[] {
  return validateObjectMeta(cloneJson({ metadata }), rules).map(formatFieldError);
}

function updateErrorsOf(next: JsonObject, previous: JsonObject): string[] {
  const base = { name: "s", namespace: "n", uid: "u", resourceVersion: "5" };
  return validateObjectMetaUpdate(
    cloneJson({ metadata: { ...base, ...next } }),
    cloneJson({ metadata: { ...base, ...previous } }),
  ).map(formatFieldError);
}

const good = { name: "s", namespace: "n" };

test("metadata needs a name, and a namespace where the kind has one", () => {
  assert.deepEqual(errorsOf(good), []);
  assert.deepEqual(errorsOf({}), [
    "metadata.name: Required value: name or generateName is required",
    "metadata.namespace: Required value",
  ]);
  assert.deepEqual(
    errorsOf({ name: "n", namespace: "x" }, { ...secretRules, namespaced: false, validateName: nameIsDnsLabel }),
    ["metadata.namespace: Forbidden: not allowed on this type"],
  );
});

test("annotations together have 256 KiB, keys and values counted", () => {
  assert.deepEqual(errorsOf({ ...good, annotations: { k: "v".repeat(annotationsBytesMax - 1) } }), []);
  assert.deepEqual(errorsOf({ ...good, annotations: { k: "v".repeat(annotationsBytesMax) } }), [
    "metadata.annotations: Too long: may not be more than 262144 bytes",
  ]);
  assert.equal(errorsOf({ ...good, annotations: { k: "é".repeat(annotationsBytesMax / 2) } }).length, 1);
});

test("a core kind takes qualified and standard finalizers, another group any name", () => {
  assert.deepEqual(errorsOf({ ...good, finalizers: ["example.com/x", "kubernetes"] }), []);
  assert.deepEqual(errorsOf({ ...good, finalizers: ["mine"] }), [
    'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
  ]);
  assert.deepEqual(errorsOf({ ...good, finalizers: ["mine"] }, { ...secretRules, group: "example.com" }), []);
});

test("orphan and foregroundDeletion exclude each other", () => {
  assert.deepEqual(errorsOf({ ...good, finalizers: ["orphan", "foregroundDeletion"] }), [
    'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
  ]);
});

test("an Event owns nothing", () => {
  const event = { apiVersion: "v1", kind: "Event", name: "e", uid: "u" };
  assert.deepEqual(errorsOf({ ...good, ownerReferences: [event] }), [
    'metadata.ownerReferences: Invalid value: {"apiVersion":"v1","kind":"Event","name":"e","uid":"u"}: /v1, Kind=Event is disallowed from being an owner',
  ]);
});

const timestamp = "2024-01-01T00:00:00Z";

const updates: readonly { name: string; next: JsonObject; previous: JsonObject; errors: string[] }[] = [
  { name: "nothing", next: {}, previous: {}, errors: [] },
  {
    name: "the name",
    next: { name: "t" },
    previous: {},
    errors: ['metadata.name: Invalid value: "t": field is immutable'],
  },
  {
    name: "the uid",
    next: { uid: "v" },
    previous: {},
    errors: ['metadata.uid: Invalid value: "v": field is immutable'],
  },
  {
    name: "the creationTimestamp",
    next: { creationTimestamp: timestamp },
    previous: {},
    errors: [`metadata.creationTimestamp: Invalid value: "${timestamp}": field is immutable`],
  },
  {
    name: "the deletionTimestamp",
    next: {},
    previous: { deletionTimestamp: timestamp },
    errors: ["metadata.deletionTimestamp: Invalid value: null: field is immutable"],
  },
  {
    name: "the grace period",
    next: { deletionGracePeriodSeconds: 5 },
    previous: { deletionGracePeriodSeconds: 0 },
    errors: ["metadata.deletionGracePeriodSeconds: Invalid value: 5: field is immutable"],
  },
  {
    name: "the generation, downwards",
    next: { generation: 1 },
    previous: { generation: 2 },
    errors: ["metadata.generation: Invalid value: 1: must not be decremented"],
  },
  {
    name: "the resourceVersion left out",
    next: { resourceVersion: "" },
    previous: {},
    errors: ['metadata.resourceVersion: Invalid value: "": must be specified for an update'],
  },
  {
    name: "finalizers added while deleting",
    next: { finalizers: ["b/b", "a/a", "c/c"], deletionTimestamp: timestamp },
    previous: { finalizers: ["c/c"], deletionTimestamp: timestamp },
    errors: [
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a/a", "b/b"}',
    ],
  },
  {
    name: "finalizers removed while deleting",
    next: { finalizers: [], deletionTimestamp: timestamp },
    previous: { finalizers: ["c/c"], deletionTimestamp: timestamp },
    errors: [],
  },
];

for (const { name, next, previous, errors } of updates) {
  test(`an update that changes ${name} is ${errors.length === 0 ? "accepted" : "refused with upstream's text"}`, () => {
    assert.deepEqual(updateErrorsOf(next, previous), errors);
  });
}

test("a path segment is any name but dots, without slash and percent", () => {
  assert.deepEqual(nameIsPathSegment("system:admin", false), []);
  assert.deepEqual(nameIsPathSegment("..", false), ["may not be '..'"]);
  assert.deepEqual(nameIsPathSegment("..", true), []);
  assert.deepEqual(nameIsPathSegment("a/b%c", false), ["may not contain '/'", "may not contain '%'"]);
});

test("equal owner references are dropped with a warning, others of the same uid stay", () => {
  const reference = { apiVersion: "v1", kind: "K", name: "n", uid: "u1" };
  const object = cloneJson<JsonObject>({
    metadata: { ownerReferences: [reference, { ...reference, name: "m" }, reference, { ...reference, uid: "u2" }] },
  });
  const warning = dropDuplicateOwnerReferences(object, "in-request");
  assert.equal(
    warning,
    ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject " +
      "such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: u1",
  );
  assert.deepEqual(
    object,
    cloneJson({ metadata: { ownerReferences: [reference, { ...reference, name: "m" }, { ...reference, uid: "u2" }] } }),
  );
  assert.equal(dropDuplicateOwnerReferences(object, "after-merge"), undefined);
});
