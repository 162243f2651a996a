/** DELETE and DELETECOLLECTION. Source: apiserver pkg/endpoints/handlers/delete.go, pkg/registry/generic/registry/store.go. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  assertFailure,
  base64,
  create,
  createNamespace,
  secret,
  secretsIn,
  secretsPath,
  sendPatch,
} from "../support/api-objects.ts";
import { startTestServer } from "../running-server.ts";
import type { Call } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

let created = 0;

async function fresh(metadata: object = {}) {
  const name = `deleted-${++created}`;
  const object = await create(server, secretsPath, { metadata: { ...metadata, name }, stringData: { k: "v" } });
  return {
    name,
    path: `${secretsPath}/${name}`,
    uid: object.metadata.uid,
    resourceVersion: object.metadata.resourceVersion,
  };
}

const field = (number: number, bytes: Buffer | string) =>
  Buffer.concat([Buffer.from([(number << 3) | 2, Buffer.byteLength(bytes)]), Buffer.from(bytes)]);

/** DeleteOptions in protobuf: runtime.Unknown { 1: TypeMeta, 2: raw }. */
function protobufOptions(raw: Buffer): Buffer {
  const typeMeta = Buffer.concat([field(1, "v1"), field(2, "DeleteOptions")]);
  return Buffer.concat([Buffer.from("k8s\0"), field(1, typeMeta), field(2, raw)]);
}

test("A delete answers with a Status that names what is gone", async () => {
  const { name, path, uid } = await fresh();
  const answer = await server.call("DELETE", path);
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name, kind: "secrets", uid },
  });
  assert.equal((await server.call("GET", path)).status, 404);
  assert.equal((await server.call("DELETE", path)).status, 404);
});

const bodies: { title: string; call: Call }[] = [
  { title: "no body", call: {} },
  {
    title: "JSON options",
    call: {
      body: { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Background", gracePeriodSeconds: 30 },
    },
  },
  { title: "JSON options of meta.k8s.io", call: { body: { kind: "DeleteOptions", apiVersion: "meta.k8s.io/v1" } } },
  { title: "JSON options without a kind", call: { body: {} } },
  {
    title: "YAML options",
    call: {
      body: "kind: DeleteOptions\napiVersion: v1\npropagationPolicy: Background\n",
      headers: { "Content-Type": "application/yaml" },
    },
  },
  {
    title: "protobuf options",
    call: {
      body: protobufOptions(field(4, "Background")),
      headers: { "Content-Type": "application/vnd.kubernetes.protobuf" },
    },
  },
];

for (const { title, call } of bodies) {
  test(`A delete with ${title} deletes at once`, async () => {
    const { path } = await fresh();
    const answer = await server.call("DELETE", path, call);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.kind, "Status");
    assert.equal((await server.call("GET", path)).status, 404);
  });
}

test("A protobuf delete honours the propagation policy inside", async () => {
  const { path } = await fresh();
  const call = {
    body: protobufOptions(field(4, "Orphan")),
    headers: { "Content-Type": "application/vnd.kubernetes.protobuf" },
  };
  assert.deepEqual((await server.call("DELETE", path, call)).json.metadata.finalizers, ["orphan"]);
});

test("An object with finalizers is marked, stays readable and goes with its last finalizer", async () => {
  const { path, name } = await fresh({ finalizers: ["example.com/a", "example.com/b"] });
  const marked = await server.call("DELETE", path);
  assert.equal(marked.status, 200);
  assert.equal(marked.json.kind, "Secret");
  assert.match(marked.json.metadata.deletionTimestamp, /^\d{4}-.*Z$/);
  assert.equal(marked.json.metadata.deletionGracePeriodSeconds, 0);
  const again = await server.call("DELETE", path);
  assert.equal(again.status, 200);
  assert.equal(again.json.metadata.resourceVersion, marked.json.metadata.resourceVersion);
  const half = await sendPatch(server, "merge", path, { metadata: { finalizers: ["example.com/b"] } });
  assert.equal(half.json.metadata.deletionTimestamp, marked.json.metadata.deletionTimestamp);
  const last = await sendPatch(server, "merge", path, { metadata: { finalizers: null } });
  assert.equal(last.status, 200, last.text);
  assert.equal((await server.call("GET", path)).status, 404);
  assert.equal((await server.call("POST", secretsPath, { body: secret(name) })).status, 201);
});

for (const [query, finalizer] of [
  ["propagationPolicy=Foreground", "foregroundDeletion"],
  ["propagationPolicy=Orphan", "orphan"],
  ["orphanDependents=true", "orphan"],
] as const) {
  test(`A delete with ${query} waits for the finalizer ${finalizer}`, async () => {
    const { path } = await fresh();
    const answer = await server.call("DELETE", `${path}?${query}`);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.json.metadata.finalizers, [finalizer]);
    assert.ok("deletionTimestamp" in answer.json.metadata);
  });
}

test("Preconditions in the body and in the query must hold", async () => {
  const { path, name, uid, resourceVersion } = await fresh();
  const details = { name, kind: "secrets" };
  const message = (what: string, wanted: string, found: string) =>
    `Operation cannot be fulfilled on secrets "${name}": Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`;
  const wrongUid = await server.call("DELETE", path, { body: { preconditions: { uid: "x" } } });
  assertFailure(wrongUid, 409, "Conflict", message("UID", "x", uid), details);
  const wrongVersion = await server.call("DELETE", path, { body: { preconditions: { resourceVersion: "1" } } });
  assertFailure(wrongVersion, 409, "Conflict", message("ResourceVersion", "1", resourceVersion), details);
  assert.equal((await server.call("GET", path)).status, 200);
  assert.equal((await server.call("DELETE", path, { body: { preconditions: { uid, resourceVersion } } })).status, 200);
});

test("A dry run deletes nothing, given in the body or in the query", async () => {
  const { path } = await fresh({ finalizers: ["example.com/a"] });
  const before = (await server.call("GET", path)).text;
  const inQuery = await server.call("DELETE", `${path}?dryRun=All`);
  assert.ok("deletionTimestamp" in inQuery.json.metadata);
  assert.equal((await server.call("DELETE", path, { body: { dryRun: ["All"] } })).status, 200);
  assert.equal((await server.call("GET", path)).text, before);
});

const invalid: [options: object, message: string][] = [
  [
    { propagationPolicy: "Orphan", orphanDependents: true },
    'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
  ],
  [
    { propagationPolicy: "Sideways" },
    'propagationPolicy: Unsupported value: "Sideways": supported values: "Foreground", "Background", "Orphan", "nil"',
  ],
  [{ dryRun: ["Some"] }, 'dryRun: Unsupported value: ["Some"]: supported values: "All"'],
];

for (const [options, message] of invalid) {
  test(`A delete with ${JSON.stringify(options)} is a 422`, async () => {
    const { path } = await fresh();
    const answer = await server.call("DELETE", path, { body: options });
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.json.message, `DeleteOptions.meta.k8s.io "" is invalid: ${message}`);
    assert.equal((await server.call("GET", path)).status, 200);
  });
}

test("A delete with a body that is no DeleteOptions is a 400, of an unknown type a 415", async () => {
  const { path } = await fresh();
  assert.equal((await server.call("DELETE", path, { body: "{" })).status, 400);
  assert.equal((await server.call("DELETE", path, { body: { kind: "Secret", apiVersion: "v1" } })).status, 400);
  assert.equal((await server.call("DELETE", path, { body: "x", headers: { "Content-Type": "text/csv" } })).status, 415);
});

test("A deletecollection answers with what it deleted, values included, by its selectors", async () => {
  await createNamespace(server, "collected");
  const path = secretsIn("collected");
  for (const name of ["a", "b", "c"]) {
    const labels = { keep: name === "b" ? "yes" : "no" };
    await create(server, path, { metadata: { name, labels }, stringData: { k: name } });
  }
  const dry = await server.call("DELETE", `${path}?dryRun=All`);
  assert.equal(dry.json.items.length, 3);
  const answer = await server.call("DELETE", `${path}?labelSelector=keep%3Dno`);
  assert.equal(answer.status, 200);
  assert.equal(answer.json.kind, "SecretList");
  assert.deepEqual(
    answer.json.items.map(({ metadata, data }: { metadata: { name: string }; data: object }) => [metadata.name, data]),
    [
      ["a", { k: base64("a") }],
      ["c", { k: base64("c") }],
    ],
  );
  assert.match(answer.json.metadata.resourceVersion, /^\d+$/);
  const left = await server.call("GET", path);
  assert.deepEqual(
    left.json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
    ["b"],
  );
});

test("A deletecollection with a limit deletes that many, with finalizers it marks", async () => {
  await createNamespace(server, "limited");
  const path = secretsIn("limited");
  await create(server, path, { metadata: { name: "a", finalizers: ["example.com/a"] } });
  for (const name of ["b", "c"]) await create(server, path, secret(name));
  assert.equal((await server.call("DELETE", `${path}?limit=2`)).json.items.length, 2);
  const { items } = (await server.call("GET", path)).json;
  assert.deepEqual(
    items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
    ["a", "c"],
  );
  assert.ok("deletionTimestamp" in items[0].metadata);
});
