/** The three patch types, and what becomes of stringData. Source: apiserver pkg/endpoints/handlers/patch.go. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertFailure, base64, create, patchTypes, secret, secretsPath, sendPatch } from "../support/api-objects.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

let names = 0;

/** A new secret; returns its path. */
async function fresh(fields: { readonly metadata?: object; readonly [field: string]: unknown } = {}): Promise<string> {
  const name = `patched-${++names}`;
  await create(server, secretsPath, { ...fields, metadata: { ...fields.metadata, name } });
  return `${secretsPath}/${name}`;
}

const [one, two, three] = [base64("1"), base64("2"), base64("3")];
/** Of a kind that is not served: an owner that is known to be absent would have its dependents collected. */
const owner = (uid: string) => ({ apiVersion: "example.com/v1", kind: "Owner", name: uid, uid });

const applied: {
  title: string;
  type: keyof typeof patchTypes;
  before: Parameters<typeof fresh>[0];
  patch: object;
  after: { data?: object; labels?: object; finalizers?: string[]; owners?: string[] };
}[] = [
  {
    title: "JSON patch adds, replaces and removes",
    type: "json",
    before: { data: { a: one, b: two } },
    patch: [
      { op: "test", path: "/data/a", value: one },
      { op: "replace", path: "/data/a", value: three },
      { op: "remove", path: "/data/b" },
      { op: "add", path: "/data/c", value: two },
      { op: "copy", from: "/data/c", path: "/data/d" },
      { op: "move", from: "/data/d", path: "/data/e" },
    ],
    after: { data: { a: three, c: two, e: two } },
  },
  {
    title: "JSON patch reads ~1 as a slash",
    type: "json",
    before: { metadata: { labels: { "example.com/a": "b" } } },
    patch: [{ op: "remove", path: "/metadata/labels/example.com~1a" }],
    after: {},
  },
  {
    title: "merge patch adds and removes by null",
    type: "merge",
    before: { data: { a: one, b: two } },
    patch: { data: { a: null, c: three }, metadata: { labels: { l: "m" } } },
    after: { data: { b: two, c: three }, labels: { l: "m" } },
  },
  {
    title: "merge patch replaces lists",
    type: "merge",
    before: { metadata: { finalizers: ["example.com/a"] } },
    patch: { metadata: { finalizers: ["example.com/b"] } },
    after: { finalizers: ["example.com/b"] },
  },
  {
    title: "strategic patch removes map keys by null",
    type: "strategic",
    before: { data: { a: one, b: two } },
    patch: { data: { a: null } },
    after: { data: { b: two } },
  },
  {
    title: "strategic patch merges finalizers as a set",
    type: "strategic",
    before: { metadata: { finalizers: ["example.com/a"] } },
    patch: { metadata: { finalizers: ["example.com/b"] } },
    // Upstream puts what only the patch has first.
    after: { finalizers: ["example.com/b", "example.com/a"] },
  },
  {
    title: "strategic patch deletes from a primitive list",
    type: "strategic",
    before: { metadata: { finalizers: ["example.com/a", "example.com/b"] } },
    patch: { metadata: { "$deleteFromPrimitiveList/finalizers": ["example.com/a"] } },
    after: { finalizers: ["example.com/b"] },
  },
  {
    title: "strategic patch orders by $setElementOrder",
    type: "strategic",
    before: { metadata: { finalizers: ["example.com/a", "example.com/b"] } },
    patch: { metadata: { "$setElementOrder/finalizers": ["example.com/b", "example.com/a"] } },
    after: { finalizers: ["example.com/b", "example.com/a"] },
  },
  {
    title: "strategic patch merges owners by uid and deletes by directive",
    type: "strategic",
    before: { metadata: { ownerReferences: [owner("u1"), owner("u2")] } },
    patch: { metadata: { ownerReferences: [{ $patch: "delete", uid: "u1" }, owner("u3")] } },
    after: { owners: ["u3", "u2"] },
  },
  {
    title: "strategic patch replaces a map by directive",
    type: "strategic",
    before: { data: { a: one, b: two } },
    patch: { data: { $patch: "replace", c: three } },
    after: { data: { c: three } },
  },
  {
    title: "strategic patch keeps only the keys of $retainKeys",
    type: "strategic",
    before: { data: { a: one, b: two } },
    patch: { data: { $retainKeys: ["b", "c"], c: three } },
    after: { data: { b: two, c: three } },
  },
];

for (const { title, type, before, patch, after: expected } of applied) {
  test(`A ${title}`, async () => {
    const answer = await sendPatch(server, type, await fresh(before), patch);
    assert.equal(answer.status, 200, answer.text);
    const { metadata, data = {} } = answer.json;
    assert.deepEqual(data, expected.data ?? {});
    assert.deepEqual(metadata.labels ?? {}, expected.labels ?? {});
    assert.deepEqual(metadata.finalizers ?? [], expected.finalizers ?? []);
    const owners = (metadata.ownerReferences ?? []).map(({ uid }: { uid: string }) => uid);
    assert.deepEqual(owners, expected.owners ?? []);
  });
}

for (const type of ["merge", "strategic"] as const) {
  test(`A ${type} patch of stringData sets and replaces data`, async () => {
    const path = await fresh({ data: { a: one, b: two } });
    const answer = await sendPatch(server, type, path, { stringData: { a: "3" } });
    assert.deepEqual(answer.json.data, { a: three, b: two });
    assert.equal("stringData" in answer.json, false);
  });

  test(`A null in stringData of a ${type} patch removes the data key`, async () => {
    const path = await fresh({ data: { a: one, b: two } });
    const answer = await sendPatch(server, type, path, { stringData: { a: null } });
    assert.deepEqual(answer.json.data, { b: two });
  });

  test(`A null in stringData yields to data of the same ${type} patch`, async () => {
    const path = await fresh({ data: { a: one, b: two } });
    const answer = await sendPatch(server, type, path, { stringData: { a: null }, data: { a: three } });
    assert.deepEqual(answer.json.data, { a: three, b: two });
  });
}

test("stringData wins over data of the same create", async () => {
  const path = await fresh({ data: { a: one }, stringData: { a: "2", b: "3" } });
  const { json } = await server.call("GET", path);
  assert.deepEqual(json.data, { a: two, b: three });
});

test("A JSON patch can set stringData, which becomes data", async () => {
  const path = await fresh({ data: { a: one } });
  const answer = await sendPatch(server, "json", path, [{ op: "add", path: "/stringData", value: { a: "2" } }]);
  assert.deepEqual(answer.json.data, { a: two });
});

const refused: {
  title: string;
  type: keyof typeof patchTypes;
  patch: object | string;
  code: number;
  reason: string;
}[] = [
  {
    title: "a failed test",
    type: "json",
    patch: [{ op: "test", path: "/data/a", value: "x" }],
    code: 422,
    reason: "Invalid",
  },
  { title: "a missing path", type: "json", patch: [{ op: "remove", path: "/data/zz" }], code: 422, reason: "Invalid" },
  {
    title: "an unknown operation",
    type: "json",
    patch: [{ op: "frob", path: "/data/a" }],
    code: 422,
    reason: "Invalid",
  },
  { title: "a JSON patch that is no list", type: "json", patch: { op: "add" }, code: 400, reason: "BadRequest" },
  {
    title: "10,001 operations",
    type: "json",
    patch: Array.from({ length: 10_001 }, () => ({ op: "test", path: "/kind", value: "Secret" })),
    code: 413,
    reason: "RequestEntityTooLarge",
  },
  { title: "a merge patch that is no JSON", type: "merge", patch: "{", code: 400, reason: "BadRequest" },
  { title: "a strategic patch that is no JSON", type: "strategic", patch: "{", code: 400, reason: "BadRequest" },
  { title: "a strategic patch that is a list", type: "strategic", patch: [], code: 400, reason: "BadRequest" },
  { title: "bad base64", type: "merge", patch: { data: { a: "#" } }, code: 400, reason: "BadRequest" },
  { title: "data of the wrong type", type: "merge", patch: { data: ["a"] }, code: 400, reason: "BadRequest" },
  { title: "another type", type: "merge", patch: { type: "other" }, code: 422, reason: "Invalid" },
  { title: "another kind", type: "merge", patch: { kind: "Pod" }, code: 400, reason: "BadRequest" },
  { title: "another name", type: "merge", patch: { metadata: { name: "x" } }, code: 400, reason: "BadRequest" },
  {
    title: "another namespace",
    type: "merge",
    patch: { metadata: { namespace: "x" } },
    code: 400,
    reason: "BadRequest",
  },
  {
    title: "a stale resourceVersion",
    type: "merge",
    patch: { metadata: { resourceVersion: "1" } },
    code: 409,
    reason: "Conflict",
  },
];

for (const { title, type, patch, code, reason } of refused) {
  test(`A patch with ${title} is a ${code} ${reason} and changes nothing`, async () => {
    const path = await fresh({ data: { a: one } });
    const before = (await server.call("GET", path)).text;
    const answer = await sendPatch(server, type, path, patch);
    assert.equal(answer.status, code, answer.text);
    assert.equal(answer.json.reason, reason);
    assert.equal((await server.call("GET", path)).text, before);
  });
}

test("A patch of an unknown type is a 415 that lists the known ones", async () => {
  const path = await fresh();
  const answer = await server.call("PATCH", path, { body: {}, headers: { "Content-Type": "application/json" } });
  assert.equal(answer.status, 415);
  assert.equal(answer.json.reason, "UnsupportedMediaType");
  for (const type of Object.values(patchTypes)) assert.ok(answer.json.message.includes(type));
});

test("A patch with the current resourceVersion goes through, a second time it is a conflict", async () => {
  const path = await fresh({ data: { a: one } });
  const { resourceVersion } = (await server.call("GET", path)).json.metadata;
  const patch = { metadata: { resourceVersion }, data: { a: two } };
  assert.equal((await sendPatch(server, "merge", path, patch)).status, 200);
  const name = path.split("/").at(-1);
  const message =
    `Operation cannot be fulfilled on secrets "${name}": the object has been modified; please apply your changes to the ` +
    "latest version and try again";
  const again = await sendPatch(server, "merge", path, { ...patch, data: { a: three } });
  assertFailure(again, 409, "Conflict", message, { name, kind: "secrets" });
});

test("Patches of different keys at the same time all take effect", async () => {
  const path = await fresh();
  const keys = ["a", "b", "c", "d"];
  const answers = await Promise.all(
    keys.map((key) => sendPatch(server, "merge", path, { stringData: { [key]: key } })),
  );
  for (const answer of answers) assert.equal(answer.status, 200, answer.text);
  const { data } = (await server.call("GET", path)).json;
  assert.deepEqual(Object.keys(data).sort(), keys);
});

test("A patch never creates", async () => {
  const answer = await sendPatch(server, "strategic", `${secretsPath}/absent`, secret("absent"));
  assert.equal(answer.status, 404);
});
