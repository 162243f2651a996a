/** Who can read what in this server, asked of the server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create } from "../support/api-objects.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../support/rbac-objects.ts";
import { userClient } from "../support/user-client.ts";
import type { UserClient } from "../support/user-client.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer } from "../running-server.ts";
import { shapeErrors } from "../sight/answer-schema.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const path = "/apis/strongroom.dev/v1";
const whoCan = `${path}/whocanreviews`;
const bindings = `${rbacPath}/namespaces/default/rolebindings`;
const value = "aHVudGVyMg==";

let ann: UserClient;
before(async () => {
  const roles = `${rbacPath}/namespaces/default/roles`;
  await create(server, "/api/v1/namespaces/default/secrets", { metadata: { name: "db" }, data: { password: value } });
  await create(server, roles, roleObject("reads-db", coreRule("get", "secrets", "db")));
  await create(server, roles, roleObject("runs-pods", coreRule("create", "pods")));
  await create(server, bindings, bindingObject("ann-reads", "Role reads-db", "User ann"));
  await create(server, bindings, bindingObject("joe-runs", "Role runs-pods", "User joe"));
  ann = await userClient(server, "ann", ["devs"]);
});

function ask(spec: object, url = whoCan): Promise<Answer> {
  return server.call("POST", url, { body: { spec } });
}

const db = { namespace: "default", secret: "db" };

async function readersOf(spec: object): Promise<string[]> {
  const { status, json } = await ask(spec);
  assert.equal(status, 201);
  const { readers } = json.status as { readers: { principal: { kind: string; name: string } }[] };
  return readers.map(({ principal: { kind, name } }) => `${kind} ${name}`);
}

test("WhoCanReview tells who can read a secret of this server, by which way, in the documented shape", async () => {
  const { status, json } = await ask(db);
  assert.equal(status, 201);
  assert.deepEqual([json.kind, json.apiVersion, json.spec], ["WhoCanReview", "strongroom.dev/v1", db]);
  assert.deepEqual(shapeErrors("who-can", json.status), []);
  const reader = (name: string) =>
    json.status.readers.find(({ principal }: { principal: { name: string } }) => principal.name === name);
  assert.deepEqual([reader("ann").direct, reader("ann").hops], [true, 1]);
  assert.deepEqual([reader("joe").direct, reader("joe").path[0].edge], [false, "create-pod"]);
  const proof = "RoleBinding default/ann-reads (rolebinding/ann-reads -n default) gives Role default/reads-db";
  assert.ok(reader("ann").path[0].because.startsWith(proof), reader("ann").path[0].because);
  assert.deepEqual(json.status.coverage.problems, []);
  assert.equal(json.status.known, true);
  assert.deepEqual(json.status.coverage.unknown, []);
});

test("Limits leave out readers, and say how many there are", async () => {
  const { json } = await ask({ ...db, limit: 1 });
  assert.equal(json.status.readers.length, 1);
  assert.ok(json.status.total > 2);
  const direct = await readersOf({ ...db, direct: true });
  assert.deepEqual([direct.includes("User ann"), direct.includes("User joe")], [true, false]);
  assert.deepEqual(await readersOf({ ...db, maxHops: 1, limit: 1000 }), await readersOf({ ...db, maxHops: 1 }));
});

test("What was written before the question is in the answer", async () => {
  for (let round = 0; round < 10; round++) {
    await create(server, bindings, bindingObject(`eve-${round}`, "Role reads-db", `User eve-${round}`));
    assert.ok((await readersOf(db)).includes(`User eve-${round}`));
    assert.equal((await server.call("DELETE", `${bindings}/eve-${round}`)).status, 200);
    assert.ok(!(await readersOf(db)).includes(`User eve-${round}`));
  }
});

test("WhatCanReview and PathReview ask the same graph", async () => {
  const what = await ask({ subject: "user/joe" }, `${path}/whatcanreviews`);
  assert.equal(what.status, 201);
  assert.deepEqual(shapeErrors("what-can", what.json.status), []);
  assert.deepEqual(
    what.json.status.namespaces.map(({ namespace }: { namespace: string }) => namespace),
    ["default"],
  );
  const paths = await ask({ from: "user/joe", to: "secret/default/db", limit: 3 }, `${path}/pathreviews`);
  assert.equal(paths.status, 201);
  assert.deepEqual(shapeErrors("paths", paths.json.status), []);
  assert.equal(paths.json.status.paths[0].path[0].edge, "create-pod");
});

test("Questions that name nothing are refused with what must hold", async () => {
  const cases: readonly (readonly [string, object, string])[] = [
    [whoCan, { secret: "db" }, "spec.namespace: Required value"],
    [whoCan, { ...db, maxHops: 0 }, "spec.maxHops: Invalid value: 0: must be between 1 and 1000000, inclusive"],
    [whoCan, { ...db, limit: 1001 }, "spec.limit: Invalid value: 1001: must be between 1 and 1000, inclusive"],
    [`${path}/whatcanreviews`, { subject: "joe" }, 'spec.subject: Invalid value: "joe": must be one of user/NAME,'],
    [`${path}/pathreviews`, { from: "user/joe", to: "db" }, 'spec.to: Invalid value: "db": must be one of user/NAME,'],
  ];
  for (const [url, spec, text] of cases) {
    const { status, json } = await ask(spec, url);
    assert.deepEqual([status, json.reason], [422, "Invalid"]);
    assert.ok(json.message.includes(text), json.message);
  }
});

test("Nobody but administrators may ask, until a role says so", async () => {
  const asked = () => ann("POST", whoCan, { body: { spec: db } });
  const refused = await asked();
  assert.deepEqual(
    [refused.status, refused.json.message],
    [
      403,
      'whocanreviews.strongroom.dev is forbidden: User "ann" cannot create resource "whocanreviews" in API group "strongroom.dev" at the cluster scope',
    ],
  );
  for (const role of ["admin", "edit", "view"]) {
    await create(
      server,
      `${rbacPath}/clusterrolebindings`,
      bindingObject(`ann-${role}`, `ClusterRole ${role}`, "User ann"),
    );
  }
  assert.equal((await asked()).status, 403);
  const rule = { verbs: ["create"], apiGroups: ["strongroom.dev"], resources: ["whocanreviews"] };
  await create(server, `${rbacPath}/clusterroles`, { metadata: { name: "asks" }, rules: [rule] });
  await create(server, `${rbacPath}/clusterrolebindings`, bindingObject("ann-asks", "ClusterRole asks", "User ann"));
  assert.equal((await asked()).status, 201);
});

test("Nothing is kept of a question, and nothing in an answer is a value", async () => {
  assert.equal((await server.call("GET", whoCan)).status, 405);
  assert.equal((await server.call("GET", `${whoCan}/x`)).status, 404);
  for (const [url, spec] of [
    [whoCan, db],
    [`${path}/whatcanreviews`, { subject: "user/joe" }],
  ] as const) {
    assert.doesNotMatch((await ask(spec, url)).text, /aHVudGVyMg|hunter2/);
  }
});

test("The kinds are in discovery and in OpenAPI with their descriptions", async () => {
  const { json } = await server.call("GET", path);
  assert.deepEqual(
    json.resources
      .filter(({ kind }: { kind: string }) => kind.endsWith("Review"))
      .map(({ name, kind, verbs }: { name: string; kind: string; verbs: string[] }) => [name, kind, verbs]),
    ["PathReview", "WhatCanReview", "WhoCanReview", "WhoReadReview"].map((kind) => [
      `${kind.toLowerCase()}s`,
      kind,
      ["create"],
    ]),
  );
  const openapi = await server.call("GET", "/openapi/v3/apis/strongroom.dev/v1");
  const { schemas } = openapi.json.components;
  assert.match(schemas["dev.strongroom.v1.WhoCanReviewSpec"].properties.secret.description, /name of the secret/);
  assert.deepEqual(schemas["dev.strongroom.v1.WhoCanReviewSpec"].required, ["namespace", "secret"]);
});

test("The list of custom resource definitions, which kubectl asks for before it creates a review, is empty", async () => {
  const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const { status, json } = await server.call("GET", crds);
  assert.deepEqual([status, json.kind, json.items], [200, "CustomResourceDefinitionList", []]);
  assert.match(json.metadata.resourceVersion, /^\d+$/);
  assert.equal((await ann("GET", crds)).status, 403);
  assert.equal((await server.call("GET", `${crds}/x`)).status, 404);
  assert.equal((await server.call("POST", crds, { body: {} })).status, 404);
});

test("In YAML and protobuf an answer says the same", async () => {
  const yaml = await server.call("POST", whoCan, { body: { spec: db }, headers: { Accept: "application/yaml" } });
  assert.match(yaml.text, /^ {2}readers:$/m);
  const accept = { Accept: "application/vnd.kubernetes.protobuf" };
  const protobuf = await server.call("POST", whoCan, { body: { spec: db }, headers: accept });
  assert.deepEqual([protobuf.status, protobuf.body.subarray(0, 4).toString("latin1")], [201, "k8s\0"]);
});
