/**
 * Server-side apply and managedFields over HTTPS.
 * Source: apiserver pkg/endpoints/handlers/patch.go, apimachinery pkg/util/managedfields.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestServer } from "../running-server.ts";
import type { Answer } from "../running-server.ts";
import {
  assertFailure,
  base64,
  create,
  createNamespace,
  secret,
  secretsPath,
  sendPatch,
} from "../support/api-objects.ts";
import { openWatch } from "../support/watch-stream.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const [one, two, three] = [base64("1"), base64("2"), base64("3")];
let names = 0;

function freshName(): string {
  return `applied-${++names}`;
}

interface Options {
  readonly manager?: string;
  readonly query?: string;
  readonly path?: string;
  readonly type?: string;
}

/** Applies a configuration to the object that it names, as `manager` (by default `one`). */
function apply(configuration: object | string, name: string, options: Options = {}): Promise<Answer> {
  const { manager = "one", query = "", path = secretsPath, type = "application/apply-patch+yaml" } = options;
  return server.call("PATCH", `${path}/${name}?fieldManager=${encodeURIComponent(manager)}${query}`, {
    body: configuration,
    headers: { "Content-Type": type },
  });
}

/** Applies what must be accepted. */
async function applied(configuration: object, name: string, options: Options = {}): Promise<Answer["json"]> {
  const answer = await apply(configuration, name, options);
  assert.ok(answer.status === 200 || answer.status === 201, answer.text);
  return answer.json;
}

/** The fields of each entry, by its manager, operation and subresource. */
function owners(object: Answer["json"]): Record<string, object> {
  const named = (object.metadata.managedFields ?? []).map((entry: Record<string, object>) => [
    [entry["manager"], entry["operation"], entry["subresource"]].filter((part) => part !== undefined).join(" "),
    entry["fieldsV1"],
  ]);
  return Object.fromEntries(named);
}

const get = async (name: string) => (await server.call("GET", `${secretsPath}/${name}`)).json;

test("Applying to a name that is free creates, and records what the configuration names", async () => {
  const name = freshName();
  const answer = await apply(secret(name, { data: { a: one } }), name);
  assert.equal(answer.status, 201);
  assert.deepEqual(owners(answer.json), { "one Apply": { "f:data": { "f:a": {} } } });
  const [entry] = answer.json.metadata.managedFields;
  assert.deepEqual(Object.keys(entry), ["manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1"]);
  assert.equal(entry.apiVersion, "v1");
  assert.equal(entry.fieldsType, "FieldsV1");
  assert.match(entry.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(answer.json.type, "Opaque");
  assert.deepEqual(await get(name), answer.json);
});

test("Applying the same again changes nothing: no new version, no new time", async () => {
  const name = freshName();
  const configuration = secret(name, { stringData: { a: "1" }, metadata: { name, labels: { l: "m" } } });
  const first = await applied(configuration, name);
  const again = await apply(configuration, name);
  assert.equal(again.status, 200);
  assert.deepEqual(again.json, first);
});

test("A field that its last owner drops is removed; one that others own stays", async () => {
  const name = freshName();
  await applied(secret(name, { data: { a: one, b: two, c: three } }), name);
  await applied(secret(name, { data: { b: two } }), name, { manager: "two" });
  const left = await applied(secret(name, { data: { a: one } }), name);
  assert.deepEqual(left.data, { a: one, b: two });
  assert.deepEqual(owners(left), {
    "one Apply": { "f:data": { "f:a": {} } },
    "two Apply": { "f:data": { "f:b": {} } },
  });
  const none = await applied(secret(name), name);
  assert.deepEqual(none.data, { b: two });
});

test("Another value for a field of another manager is a conflict that names both; force takes the field", async () => {
  const name = freshName();
  await create(server, `${secretsPath}?fieldManager=maker`, secret(name, { data: { a: one, b: two } }));
  const single = await apply(secret(name, { data: { a: two } }), name);
  assertFailure(single, 409, "Conflict", 'Apply failed with 1 conflict: conflict with "maker" using v1: .data.a', {
    causes: [{ reason: "FieldManagerConflict", message: 'conflict with "maker" using v1', field: ".data.a" }],
  });
  await applied(secret(name, { data: { b: two } }), name, { manager: "sharer" });
  const several = await apply(secret(name, { data: { a: two, b: one } }), name);
  assert.equal(
    several.json.message,
    'Apply failed with 3 conflicts: conflicts with "maker" using v1:\n- .data.a\n- .data.b\nconflicts with "sharer":\n- .data.b',
  );
  const forced = await applied(secret(name, { data: { a: two } }), name, { query: "&force=true" });
  assert.equal(forced.data.a, two);
  assert.deepEqual(owners(forced), {
    "one Apply": { "f:data": { "f:a": {} } },
    "sharer Apply": { "f:data": { "f:b": {} } },
    "maker Update": { "f:data": { ".": {}, "f:b": {} }, "f:type": {} },
  });
});

test("Through a subresource the entry says so, and so does a conflict with it", async () => {
  const name = freshName();
  await createNamespace(server, name);
  const path = `/api/v1/namespaces/${name}/status?fieldManager=observer`;
  const condition = { type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" };
  const patched = await sendPatch(server, "merge", path, { status: { conditions: [condition] } });
  assert.equal(patched.status, 200, patched.text);
  const observer = patched.json.metadata.managedFields.find(
    (entry: { manager: string }) => entry.manager === "observer",
  );
  assert.equal(observer.subresource, "status");
  assert.equal(observer.operation, "Update");
  const key = 'k:{"type":"Ready"}';
  const fields = { ".": {}, "f:lastTransitionTime": {}, "f:status": {}, "f:type": {} };
  assert.deepEqual(observer.fieldsV1, { "f:status": { "f:conditions": { ".": {}, [key]: fields } } });
  const configuration = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name },
    status: { conditions: [{ ...condition, status: "False" }] },
  };
  const conflict = await apply(configuration, `${name}/status`, { path: "/api/v1/namespaces" });
  assert.equal(
    conflict.json.message,
    'Apply failed with 1 conflict: conflict with "observer" with subresource "status" using v1: ' +
      '.status.conditions[type="Ready"].status',
  );
  const through = await applied(configuration, name, { path: "/api/v1/namespaces" });
  assert.deepEqual(through.status.conditions, [condition], "the status is not set through the namespace itself");
  assert.ok(!("one Apply" in owners(through)), "nor owned by who tried");
  const missing = await apply(configuration, "nowhere/status", { path: "/api/v1/namespaces" });
  assertFailure(missing, 404, "NotFound", 'namespaces "nowhere" not found', { name: "nowhere", kind: "namespaces" });
});

test("What the namespace's finalize changes is recorded as set through it", async () => {
  const name = freshName();
  const namespace = await createNamespace(server, name);
  const body = { ...namespace, spec: { finalizers: ["kubernetes", "example.com/hold"] } };
  const path = `/api/v1/namespaces/${name}/finalize?fieldManager=finalizer`;
  const finalized = await server.call("PUT", path, { body });
  assert.equal(finalized.status, 200, finalized.text);
  const expected = { "f:spec": { "f:finalizers": {} } };
  assert.deepEqual(owners(finalized.json)["finalizer Update finalize"], expected);
  // Through a subresource, managedFields that the client sends count for nothing.
  const reset = { ...finalized.json, spec: namespace.spec, metadata: { name, managedFields: [] } };
  const again = await server.call("PUT", path.replace("=finalizer", "=other"), { body: reset });
  assert.deepEqual(Object.keys(owners(again.json)).length, 2, again.text);
});

test("Creates, updates and patches are recorded by fieldManager, or by the program of the User-Agent", async () => {
  const name = freshName();
  const created = await server.call("POST", secretsPath, {
    body: secret(name, { data: { a: one } }),
    headers: { "User-Agent": "tool/1.2 (linux)" },
  });
  const made = { "f:data": { ".": {}, "f:a": {} }, "f:type": {} };
  assert.deepEqual(owners(created.json), { "tool Update": made });
  const patched = await sendPatch(server, "merge", `${secretsPath}/${name}?fieldManager=m`, { data: { b: two } });
  assert.deepEqual(owners(patched.json), { "m Update": { "f:data": { "f:b": {} } }, "tool Update": made });
  const { managedFields: _, ...metadata } = patched.json.metadata;
  const put = await server.call("PUT", `${secretsPath}/${name}?fieldManager=p`, {
    body: secret(name, { metadata, data: { b: three } }),
  });
  assert.deepEqual(owners(put.json), {
    "p Update": { "f:data": { "f:b": {} } },
    "tool Update": { "f:data": {}, "f:type": {} },
  });
});

test("A namespace's creator owns the label it gets, not the finalizer", async () => {
  const name = freshName();
  const namespace = await createNamespace(server, name);
  const [entry] = namespace.metadata.managedFields;
  const labels = { ".": {}, "f:kubernetes.io/metadata.name": {} };
  assert.deepEqual(entry.fieldsV1, { "f:metadata": { "f:labels": labels } });
});

test("stringData is owned as data: dropping a key removes it, unless somebody else owns it", async () => {
  const name = freshName();
  const first = await applied(secret(name, { stringData: { a: "1", b: "2" } }), name);
  assert.deepEqual(first.data, { a: one, b: two });
  assert.deepEqual(owners(first), { "one Apply": { "f:data": { "f:a": {}, "f:b": {} } } });
  const conflict = await apply(secret(name, { data: { a: two } }), name, { manager: "two" });
  assert.equal(conflict.json.message, 'Apply failed with 1 conflict: conflict with "one": .data.a');
  await applied(secret(name, { data: { b: two } }), name, { manager: "two" });
  const dropped = await applied(secret(name), name);
  assert.deepEqual(dropped.data, { b: two });
});

test("What was recorded of stringData elsewhere counts as data", async () => {
  const name = freshName();
  const made = await create(server, secretsPath, secret(name, { data: { a: one } }));
  const fields = { manager: "one", operation: "Apply", apiVersion: "v1", fieldsType: "FieldsV1" };
  const managedFields = [{ ...fields, fieldsV1: { "f:stringData": { "f:a": {} } } }];
  const body = { ...made, metadata: { ...made.metadata, managedFields } };
  await server.call("PUT", `${secretsPath}/${name}`, { body });
  assert.equal((await applied(secret(name, { stringData: { b: "2" } }), name)).data.a, undefined);
});

test("An empty list of managedFields ends the tracking; the first apply afterwards says what was there", async () => {
  const name = freshName();
  const made = await create(server, secretsPath, secret(name, { data: { a: one } }));
  for (const managedFields of [[], [{}]]) {
    await server.call("PUT", `${secretsPath}/${name}`, { body: { ...made, metadata: { name, managedFields } } });
    assert.deepEqual(owners(await get(name)), {});
  }
  const patched = await sendPatch(server, "merge", `${secretsPath}/${name}`, { data: { b: two } });
  assert.deepEqual(owners(patched.json), {}, "an update does not begin to track");
  const conflict = await apply(secret(name, { data: { b: one } }), name);
  assert.match(conflict.json.message, /conflict with "before-first-apply" using v1: \.data\.b$/);
  const object = await applied(secret(name, { data: { c: three } }), name);
  assert.deepEqual(owners(object), {
    "one Apply": { "f:data": { "f:c": {} } },
    "before-first-apply Update": { "f:data": { ".": {}, "f:a": {}, "f:b": {} }, "f:type": {} },
  });
  const reset = [{ op: "replace", path: "/metadata/managedFields", value: [] }];
  assert.deepEqual(owners((await sendPatch(server, "json", `${secretsPath}/${name}`, reset)).json), {});
});

test("managedFields that cannot be read are passed over; those that can replace the stored ones", async () => {
  const name = freshName();
  const made = await create(server, `${secretsPath}?fieldManager=maker`, secret(name, { data: { a: one } }));
  const put = (managedFields: object[]) =>
    server.call("PUT", `${secretsPath}/${name}`, { body: { ...made, metadata: { name, managedFields } } });
  const given = { manager: "given", operation: "Apply", apiVersion: "v1", fieldsType: "FieldsV1" };
  const bad = [
    { ...given, operation: "Sing" },
    { ...given, apiVersion: "" },
    { ...given, fieldsType: "FieldsV2" },
    { ...given, fieldsV1: { nonsense: {} } },
    { ...given, fieldsV1: "text" },
    { ...given, fieldsV1: { "k:[": {} } },
  ];
  for (const entry of bad) {
    const answer = await put([entry]);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(owners(answer.json), owners(made));
  }
  const answer = await put([{ ...given, fieldsV1: { "f:data": { "f:a": {}, "x:y": {} } } }]);
  assert.deepEqual(owners(answer.json), { "given Apply": { "f:data": { "f:a": {} } } });
});

test("More than ten managers of updates are put together, the oldest first", async () => {
  const name = freshName();
  await create(server, `${secretsPath}?fieldManager=m00`, secret(name, { data: { k00: one } }));
  for (let index = 1; index <= 11; index++) {
    const number = String(index).padStart(2, "0");
    const path = `${secretsPath}/${name}?fieldManager=m${number}`;
    await sendPatch(server, "merge", path, { data: { [`k${number}`]: one } });
  }
  const { managedFields } = (await get(name)).metadata;
  assert.equal(managedFields.length, 10);
  const ancient = managedFields.find((entry: { manager: string }) => entry.manager === "ancient-changes");
  assert.deepEqual(ancient.fieldsV1, { "f:data": { ".": {}, "f:k00": {}, "f:k01": {}, "f:k02": {} }, "f:type": {} });
});

const refused: {
  title: string;
  options?: Options;
  configuration: (name: string) => object | string;
  code: number;
  reason?: string;
  message: string | RegExp;
}[] = [
  {
    title: "without a manager",
    options: { manager: "" },
    configuration: (name) => secret(name),
    code: 422,
    reason: "Invalid",
    message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
  },
  {
    title: "of CBOR, which is not served",
    options: { type: "application/apply-patch+cbor" },
    configuration: (name) => secret(name),
    code: 415,
    reason: "UnsupportedMediaType",
    message:
      "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, " +
      "application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml",
  },
  {
    title: "with managedFields",
    configuration: (name) => secret(name, { metadata: { name, managedFields: [] } }),
    code: 400,
    reason: "BadRequest",
    message: "metadata.managedFields must be nil",
  },
  {
    title: "of another kind",
    configuration: (name) => ({ ...secret(name), kind: "ConfigMap" }),
    code: 400,
    reason: "BadRequest",
    message: "invalid object type: /v1, Kind=ConfigMap",
  },
  {
    title: "without an apiVersion",
    configuration: (name) => ({ ...secret(name), apiVersion: undefined }),
    code: 400,
    reason: "BadRequest",
    message: "invalid object type: /, Kind=Secret",
  },
  {
    title: "of another name",
    configuration: () => secret("other"),
    code: 400,
    reason: "BadRequest",
    message: /^the name of the object \(other\) does not match the name on the URL \(applied-\d+\)$/,
  },
  {
    title: "of another namespace",
    configuration: (name) => secret(name, { metadata: { name, namespace: "other" } }),
    code: 400,
    reason: "BadRequest",
    message: "the namespace of the provided object does not match the namespace sent on the request",
  },
  {
    title: "of a missing object without a name",
    configuration: () => ({ apiVersion: "v1", kind: "Secret" }),
    code: 400,
    reason: "BadRequest",
    message: /^the name of the object \(applied-\d+ based on URL\) was undeterminable: name must be provided$/,
  },
  {
    title: "with the uid of an object that is not there",
    configuration: (name) => secret(name, { metadata: { name, uid: "u" } }),
    code: 409,
    reason: "Conflict",
    message:
      /secrets "applied-\d+": uid mismatch: the provided object specified uid u, and no existing object was found$/,
  },
  {
    title: "with an unknown field",
    configuration: (name) => secret(name, { nonsense: 1 }),
    code: 500,
    message:
      /^failed to create typed patch object \(\/applied-\d+; \/v1, Kind=Secret\): \.nonsense: field not declared in schema$/,
  },
  {
    title: "with a value of the wrong type, which is not shown",
    configuration: (name) => secret(name, { stringData: { pin: 48151623 } }),
    code: 500,
    message: /\.stringData\.pin: expected string, got number$/,
  },
  {
    title: "with an item twice",
    configuration: (name) => secret(name, { metadata: { name, finalizers: ["example.com/a", "example.com/a"] } }),
    code: 500,
    message: /\.metadata\.finalizers: duplicate entries for key \[="example\.com\/a"\]$/,
  },
  {
    title: "with data that is no base64",
    configuration: (name) => secret(name, { data: { a: "*" } }),
    code: 500,
    message:
      /\) to proper version: unable to convert unstructured object to \/v1, Kind=Secret: error decoding from json: illegal base64 data at input byte 0$/,
  },
  {
    title: "that is no YAML",
    configuration: () => "a: [",
    code: 400,
    reason: "BadRequest",
    message: /^error decoding YAML: /,
  },
  {
    title: "that is a list",
    configuration: () => "- a",
    code: 400,
    reason: "BadRequest",
    message: "error decoding YAML: the configuration must be an object",
  },
  {
    title: "with a key twice, when validation is strict",
    options: { query: "&fieldValidation=Strict" },
    configuration: (name) => `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}}\ntype: a\ntype: b\n`,
    code: 400,
    reason: "BadRequest",
    message: 'error strict decoding YAML: key "type" already set in map',
  },
];

for (const { title, options, configuration, code, reason, message } of refused) {
  test(`An apply ${title} is refused`, async () => {
    const name = freshName();
    const answer = await apply(configuration(name), name, options);
    assert.equal(answer.status, code, answer.text);
    assert.equal(answer.json.reason, reason);
    if (typeof message === "string") assert.equal(answer.json.message, message);
    else assert.match(answer.json.message, message);
    assert.equal((await server.call("GET", `${secretsPath}/${name}`)).status, 404);
  });
}

test("force is only for apply", async () => {
  const name = freshName();
  await create(server, secretsPath, secret(name));
  const answer = await sendPatch(server, "merge", `${secretsPath}/${name}?force=true`, {});
  assert.equal(answer.status, 422);
  assert.match(answer.json.message, /force: Forbidden: may not be specified for non-apply patch$/);
});

test("A resourceVersion in a configuration is a precondition, a uid always", async () => {
  const name = freshName();
  const made = await applied(secret(name, { data: { a: one } }), name);
  const withMetadata = (metadata: object) => secret(name, { metadata: { name, ...metadata }, data: { a: one } });
  const { resourceVersion, uid } = made.metadata;
  assert.equal((await apply(withMetadata({ resourceVersion, uid }), name)).status, 200);
  const stale = await apply(withMetadata({ resourceVersion: "1" }), name);
  assert.equal(stale.status, 409);
  assert.match(stale.json.message, /the object has been modified; please apply your changes to the latest version/);
  assert.equal((await apply(withMetadata({ uid: "other" }), name)).status, 409);
});

test("YAML is read; a dry run shows what would be and stores nothing", async () => {
  const name = freshName();
  const yaml = `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\nstringData:\n  a: "1"\n`;
  const dry = await apply(yaml, name, { query: "&dryRun=All" });
  assert.equal(dry.status, 201);
  assert.deepEqual(dry.json.data, { a: one });
  assert.equal((await server.call("GET", `${secretsPath}/${name}`)).status, 404);
  assert.equal((await apply(yaml, name)).status, 201);
  const change = await apply(yaml.replace('"1"', '"2"'), name, { query: "&dryRun=All" });
  assert.deepEqual(change.json.data, { a: two });
  assert.deepEqual((await get(name)).data, { a: one });
});

test("kubectl takes over what its client-side apply left, unless somebody has changed it since", async () => {
  const name = freshName();
  const manifest = secret(name, { data: { a: one, b: two } });
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": `${JSON.stringify(manifest)}\n` };
  const made = { ...manifest, metadata: { name, annotations } };
  await create(server, `${secretsPath}?fieldManager=kubectl-client-side-apply`, made);
  const next = secret(name, { data: { a: three, b: two } });
  const other = await apply(next, name, { manager: "other" });
  assert.match(other.json.message, /conflict with "kubectl-client-side-apply" using v1: \.data\.a$/);
  const taken = await applied(next, name, { manager: "kubectl" });
  assert.equal(taken.data.a, three);
  const kept = JSON.parse(taken.metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]);
  assert.deepEqual(kept, next);
  await sendPatch(server, "merge", `${secretsPath}/${name}?fieldManager=editor`, { data: { b: one } });
  const edited = await apply(next, name, { manager: "kubectl" });
  assert.equal(edited.json.message, 'Apply failed with 1 conflict: conflict with "editor" using v1: .data.b');
});

test("Lists of items with keys and sets are merged item by item", async () => {
  const name = freshName();
  const owner = async () => {
    const { metadata } = await create(server, secretsPath, secret(freshName()));
    return { apiVersion: "v1", kind: "Secret", name: metadata.name, uid: metadata.uid };
  };
  const [first, second] = [await owner(), await owner()];
  const withMetadata = (metadata: object) => secret(name, { metadata: { name, ...metadata } });
  await applied(withMetadata({ finalizers: ["example.com/a"], ownerReferences: [first] }), name);
  const finalizers = ["example.com/b", "example.com/a"];
  const both = await applied(withMetadata({ finalizers, ownerReferences: [second] }), name, { manager: "two" });
  assert.deepEqual(both.metadata.finalizers, finalizers);
  assert.deepEqual(both.metadata.ownerReferences, [first, second]);
  const left = await applied(withMetadata({}), name);
  assert.deepEqual(left.metadata.finalizers, finalizers);
  assert.deepEqual(left.metadata.ownerReferences, [second]);
  await sendPatch(server, "merge", `${secretsPath}/${name}`, { metadata: { finalizers: null } });
});

test("Metadata readers see managedFields, and no answer about them holds a value", async () => {
  const name = freshName();
  const canary = base64("canary-value-of-apply");
  await applied(secret(name, { data: { secretKey: canary } }), name);
  const partial = await server.call("GET", `${secretsPath}/${name}`, {
    headers: { Accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" },
  });
  assert.deepEqual(owners(partial.json), { "one Apply": { "f:data": { "f:secretKey": {} } } });
  assert.ok(!partial.text.includes(canary));
  const conflict = await apply(secret(name, { data: { secretKey: one } }), name, { manager: "two" });
  assert.ok(!conflict.text.includes(canary));
});

test("Applies at once to a missing name all succeed, and one of them creates", async () => {
  const name = freshName();
  const answers = await Promise.all(
    Array.from({ length: 4 }, (_, index) =>
      apply(secret(name, { data: { [`k${index}`]: one } }), name, { manager: `m${index}` }),
    ),
  );
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 200, 200, 201]);
  assert.equal(Object.keys((await get(name)).data).length, 4);
});

const podsPath = "/api/v1/namespaces/default/pods";

function pod(name: string, spec: object): object {
  return { apiVersion: "v1", kind: "Pod", metadata: { name }, spec };
}

test("Containers, ports and variables of a Pod are owned one by one; what has no keys is owned whole", async () => {
  const name = freshName();
  const main = {
    name: "main",
    image: "example.com/main:1",
    args: ["--a"],
    ports: [{ containerPort: 80 }],
    env: [{ name: "A", value: "1" }],
  };
  const created = await apply(pod(name, { containers: [main], nodeSelector: { disk: "fast" } }), name, {
    path: podsPath,
  });
  assert.equal(created.status, 201, created.text);
  const mainKey = 'k:{"name":"main"}';
  const portKey = 'k:{"containerPort":80,"protocol":"TCP"}';
  assert.deepEqual(owners(created.json), {
    "one Apply": {
      "f:spec": {
        "f:containers": {
          [mainKey]: {
            ".": {},
            "f:args": {},
            "f:env": { 'k:{"name":"A"}': { ".": {}, "f:name": {}, "f:value": {} } },
            "f:image": {},
            "f:name": {},
            "f:ports": { [portKey]: { ".": {}, "f:containerPort": {} } },
          },
        },
        "f:nodeSelector": {},
      },
    },
  });
  assert.equal(created.json.spec.restartPolicy, "Always", "defaults are set, and owned by nobody");
  const image = { name: "main", image: "example.com/main:2" };
  const refused = await apply(pod(name, { containers: [image] }), name, { path: podsPath, manager: "two" });
  const field = '.spec.containers[name="main"].image';
  assert.equal(refused.json.message, `Apply failed with 1 conflict: conflict with "one": ${field}`);
  const forced = { path: podsPath, manager: "two", query: "&force=true" };
  const taken = await applied(pod(name, { containers: [image] }), name, forced);
  assert.equal(taken.spec.containers[0].image, image.image);
  assert.doesNotMatch(JSON.stringify(owners(taken)["one Apply"]), /f:image/);
  const again = await applied(pod(name, { containers: [image] }), name, { path: podsPath, manager: "two" });
  assert.equal(again.metadata.resourceVersion, taken.metadata.resourceVersion);
});

test("A Pod's status is applied through its subresource alone", async () => {
  const name = freshName();
  const containers = [{ name: "c", image: "example.com/c:1" }];
  const configuration = { ...pod(name, { containers }), status: { phase: "Running" } };
  const created = await apply(configuration, name, { path: podsPath });
  assert.equal(created.json.status.phase, "Pending");
  assert.ok(!("f:status" in (owners(created.json)["one Apply"] ?? {})));
  const running = await applied(configuration, `${name}/status`, { path: podsPath, manager: "kubelet" });
  assert.equal(running.status.phase, "Running");
  assert.deepEqual(owners(running)["kubelet Apply status"], { "f:status": { "f:phase": {} } });
});

test("Through a Pod's ephemeralcontainers nothing else is set or owned", async () => {
  const name = freshName();
  const containers = [{ name: "c", image: "example.com/c:1" }];
  await applied(pod(name, { containers }), name, { path: podsPath });
  const ephemeralContainers = [{ name: "debug", image: "example.com/debug:1" }];
  const debugged = { ...pod(name, { containers, ephemeralContainers }), metadata: { name, labels: { l: "m" } } };
  const object = await applied(debugged, `${name}/ephemeralcontainers`, { path: podsPath, manager: "debugger" });
  assert.equal(object.metadata.labels, undefined);
  const fields = { ".": {}, "f:image": {}, "f:name": {} };
  assert.deepEqual(owners(object)["debugger Apply ephemeralcontainers"], {
    "f:spec": { "f:ephemeralContainers": { 'k:{"name":"debug"}': fields } },
  });
});

test("Every kind that can be patched is created by an apply, and applied again without a change", async () => {
  const group = "rbac.authorization.k8s.io";
  const rules = [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }];
  const roleRef = { apiGroup: group, kind: "Role", name: "r" };
  const subjects = [{ kind: "User", apiGroup: group, name: "ann" }];
  const kinds: [string, object][] = [
    ["/api/v1/namespaces/default/configmaps", { apiVersion: "v1", kind: "ConfigMap", data: { a: "1" } }],
    [
      "/api/v1/namespaces/default/serviceaccounts",
      { apiVersion: "v1", kind: "ServiceAccount", secrets: [{ name: "s" }] },
    ],
    [
      "/api/v1/namespaces/default/resourcequotas",
      // Without amounts, which a controller would show in its status at any time.
      { apiVersion: "v1", kind: "ResourceQuota", spec: { scopes: ["BestEffort"] } },
    ],
    ["/api/v1/nodes", { apiVersion: "v1", kind: "Node", spec: { taints: [{ key: "a", effect: "NoSchedule" }] } }],
    [`/apis/${group}/v1/namespaces/default/roles`, { apiVersion: `${group}/v1`, kind: "Role", rules }],
    [`/apis/${group}/v1/clusterroles`, { apiVersion: `${group}/v1`, kind: "ClusterRole", rules }],
    [
      `/apis/${group}/v1/namespaces/default/rolebindings`,
      { apiVersion: `${group}/v1`, kind: "RoleBinding", roleRef, subjects },
    ],
    [
      "/apis/coordination.k8s.io/v1/namespaces/default/leases",
      { apiVersion: "coordination.k8s.io/v1", kind: "Lease", spec: { holderIdentity: "h", leaseDurationSeconds: 10 } },
    ],
  ];
  for (const [path, fields] of kinds) {
    const name = freshName();
    const configuration = { ...fields, metadata: { name, labels: { l: "m" } } };
    const created = await apply(configuration, name, { path });
    assert.equal(created.status, 201, created.text);
    assert.deepEqual(Object.keys(owners(created.json)), ["one Apply"], path);
    assert.deepEqual(await applied(configuration, name, { path }), created.json, path);
    const changed = await applied({ ...configuration, metadata: { name } }, name, { path });
    assert.equal(changed.metadata.labels, undefined, path);
  }
});

test("What the server's own controllers change is theirs", async () => {
  const name = freshName();
  await createNamespace(server, name);
  const path = `/api/v1/namespaces/${name}/configmaps?watch=true&fieldSelector=metadata.name=kube-root-ca.crt`;
  await using watch = await openWatch(server, path);
  const { object } = await watch.next();
  assert.deepEqual(owners(object), {
    "kube-controller-manager Update": {
      "f:data": { ".": {}, "f:ca.crt": {} },
      "f:metadata": { "f:annotations": { ".": {}, "f:kubernetes.io/description": {} } },
    },
  });
});
