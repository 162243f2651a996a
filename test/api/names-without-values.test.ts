/** Whoever has the right to secrets/metadata sees names and metadata, in forms that have no values. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, secret, secretsPath } from "../support/api-objects.ts";
import { grant, userClient, userCredentials } from "../support/user-client.ts";
import type { UserClient } from "../support/user-client.ts";
import { openWatch } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer } from "../running-server.ts";
import { looseAuditEvents } from "../support/audit-events.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const canary = "Y2FuYXJ5LXZhbHVl"; // canary-value
const meta = "v=v1;g=meta.k8s.io";
const table = `application/json;as=Table;${meta}`;
const partial = `application/json;as=PartialObjectMetadata;${meta}`;
const partialList = `application/json;as=PartialObjectMetadataList;${meta}`;
const protobuf = "application/vnd.kubernetes.protobuf";
const lastApplied = { "kubectl.kubernetes.io/last-applied-configuration": `{"data":{"a":"${canary}"}}`, kept: "yes" };

let namer: UserClient;
let some: UserClient;
before(async () => {
  const metadata = { name: "db", labels: { app: "web" }, annotations: lastApplied };
  await create(server, secretsPath, { ...secret("db", { data: { a: canary, b: canary } }), metadata });
  await create(server, secretsPath, secret("other", { data: { a: canary } }));
  await grant(server, "namer", ["get,list,watch", "secrets/metadata"]);
  await grant(server, "some", ["get,list,watch", "secrets/metadata", "db"]);
  namer = await userClient(server, "namer");
  some = await userClient(server, "some");
});

async function auditOf({ headers }: Answer) {
  const events = await looseAuditEvents(server);
  return events.filter((event) => event.auditID === headers["audit-id"]);
}

test("A Table tells names, types and numbers of keys, and of the objects their metadata without repeated values", async () => {
  const list = await namer("GET", secretsPath, { headers: { Accept: table } });
  assert.equal(list.status, 200);
  assert.deepEqual(
    list.json.rows.map(({ cells }: Answer["json"]) => cells.slice(0, 3)),
    [
      ["db", "Opaque", 2],
      ["other", "Opaque", 1],
    ],
  );
  assert.deepEqual(list.json.rows[0].object.metadata.annotations, { kept: "yes" });
  assert.ok(!list.text.includes(canary));
  const none = await namer("GET", `${secretsPath}?includeObject=None`, { headers: { Accept: table } });
  assert.equal(none.json.rows[0].object, undefined);
  const one = await namer("GET", `${secretsPath}/db`, { headers: { Accept: table } });
  assert.deepEqual(one.json.rows[0].object.metadata.annotations, { kept: "yes" });
});

test("PartialObjectMetadata, of one and in lists, in JSON and protobuf, has no values", async () => {
  const one = await namer("GET", `${secretsPath}/db`, { headers: { Accept: partial } });
  assert.equal(one.status, 200);
  assert.deepEqual(one.json.metadata.labels, { app: "web" });
  assert.deepEqual(one.json.metadata.annotations, { kept: "yes" });
  const list = await namer("GET", `${secretsPath}?labelSelector=app%3Dweb`, { headers: { Accept: partialList } });
  assert.deepEqual(
    list.json.items.map(({ metadata }: Answer["json"]) => metadata.name),
    ["db"],
  );
  for (const [path, as] of [
    [`${secretsPath}/db`, "PartialObjectMetadata"],
    [secretsPath, "PartialObjectMetadataList"],
  ] as const) {
    const answer = await namer("GET", path, { headers: { Accept: `${protobuf};as=${as};${meta}` } });
    assert.equal(answer.status, 200);
    assert.ok(answer.text.includes("db") && !answer.text.includes("canary") && !answer.text.includes(canary));
  }
});

test("The fields that managers own are in it, which name keys and have no values", async () => {
  const one = await namer("GET", `${secretsPath}/db`, { headers: { Accept: partial } });
  const [entry] = one.json.metadata.managedFields;
  assert.deepEqual(entry.fieldsV1["f:data"], { ".": {}, "f:a": {}, "f:b": {} });
});

test("A watch in these forms shows changes, and nothing of what changed", async () => {
  const credentials = await userCredentials(server, "namer");
  for (const accept of [table, partial]) {
    await using watch = await openWatch({ url: server.url, credentials }, `${secretsPath}?watch=1`, { Accept: accept });
    assert.equal(watch.status, 200);
    const initial = await watch.take(2);
    const body = { metadata: { annotations: { ...lastApplied, at: accept } } };
    const headers = { "Content-Type": "application/merge-patch+json" };
    await server.call("PATCH", `${secretsPath}/db`, { body, headers });
    const [changed] = await watch.take(1);
    assert.equal(changed.type, "MODIFIED");
    assert.ok(!JSON.stringify([initial, changed]).includes(canary));
    const object = accept === table ? changed.object.rows[0].object : changed.object;
    assert.equal(object.metadata.annotations.at, accept);
  }
});

test("The subresource of a secret is its metadata, in whatever form", async () => {
  const path = `${secretsPath}/db/metadata`;
  for (const accept of ["application/json", partial]) {
    const answer = await namer("GET", path, { headers: { Accept: accept } });
    assert.equal(answer.json.kind, "PartialObjectMetadata");
    assert.ok(!answer.text.includes(canary));
  }
  const rows = await namer("GET", `${path}?includeObject=Object`, { headers: { Accept: table } });
  assert.equal(rows.json.rows[0].object.kind, "PartialObjectMetadata");
  const watchPath = "/api/v1/watch/namespaces/default/secrets/db/metadata?timeoutSeconds=1";
  const watched = await namer("GET", watchPath);
  assert.equal(JSON.parse(watched.text.split("\n")[0] ?? "").object.kind, "PartialObjectMetadata");
  assert.ok(!watched.text.includes(canary));
  for (const method of ["PUT", "PATCH", "DELETE", "POST"]) {
    assert.equal((await server.call(method, path, { body: {} })).status, 405);
  }
});

test("Every form that has values is refused in the words of upstream", async () => {
  const text = 'User "namer" cannot list resource "secrets" in API group "" in the namespace "default"';
  for (const [path, accept] of [
    [secretsPath, "application/json"],
    [secretsPath, "application/yaml"],
    [secretsPath, protobuf],
    [`${secretsPath}?includeObject=Object`, table],
    [`${secretsPath}?includeObject=Nonsense`, table],
    [secretsPath, `application/json,${table}`],
    [secretsPath, "text/plain"],
    [secretsPath, partial],
  ] as const) {
    const answer = await namer("GET", path, { headers: { Accept: accept } });
    assert.equal(answer.status, 403, `${path} as ${accept}`);
    assert.ok(answer.text.includes("secrets is forbidden"), answer.text);
    if (answer.headers["content-type"] === "application/json") {
      assert.equal(answer.json.message, `secrets is forbidden: ${text}`);
    }
  }
  assert.equal((await namer("GET", `${secretsPath}/db`)).status, 403);
  assert.equal((await namer("GET", `${secretsPath}?watch=1`)).status, 403);
  assert.equal((await namer("DELETE", `${secretsPath}/db`, { headers: { Accept: table } })).status, 403);
  assert.equal((await namer("GET", "/api/v1/secrets", { headers: { Accept: table } })).status, 403);
});

test("A right to the metadata of some names is one to them alone", async () => {
  const headers = { Accept: table };
  assert.equal((await some("GET", `${secretsPath}/db`, { headers })).status, 200);
  assert.equal((await some("GET", `${secretsPath}/other`, { headers })).status, 403);
  assert.equal((await some("GET", secretsPath, { headers })).status, 403);
  const selected = await some("GET", `${secretsPath}?fieldSelector=metadata.name%3Ddb`, { headers });
  assert.deepEqual([selected.status, selected.json.rows.length], [200, 1]);
});

test("The record says that metadata left, and by which right", async () => {
  const list = await namer("GET", secretsPath, { headers: { Accept: table } });
  const events = await auditOf(list);
  const disclosed = events.find(({ stage }) => stage === "Disclosed");
  assert.equal(disclosed.metadataOnly, true);
  assert.match(disclosed.annotations["authorization.k8s.io/reason"], /Role "namer"/);
  const [one] = await auditOf(await namer("GET", `${secretsPath}/db`, { headers: { Accept: partial } }));
  assert.deepEqual([one.metadataOnly, one.disclosed.length], [true, 1]);
});

test("Discovery and access reviews know the subresource", async () => {
  const { json } = await server.call("GET", "/api/v1");
  assert.deepEqual(
    json.resources.find(({ name }: Answer["json"]) => name === "secrets/metadata"),
    {
      name: "secrets/metadata",
      singularName: "",
      namespaced: true,
      group: "meta.k8s.io",
      version: "v1",
      kind: "PartialObjectMetadata",
      verbs: ["get", "list", "watch"],
    },
  );
  const resourceAttributes = { verb: "list", resource: "secrets", subresource: "metadata", namespace: "default" };
  const body = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec: { resourceAttributes } };
  const review = await namer("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", { body });
  assert.equal(review.json.status.allowed, true);
});
