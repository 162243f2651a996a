/** What is on record, asked of the server: who may ask, what is answered, and that asking is on record itself. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, secret, secretsPath } from "../support/api-objects.ts";
import { auditEvents } from "../support/audit-events.ts";
import { bindingObject, rbacPath, roleObject } from "../support/rbac-objects.ts";
import { grant, userClient, userCredentials } from "../support/user-client.ts";
import type { UserClient } from "../support/user-client.ts";
import { openWatch } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const path = "/apis/strongroom.dev/v1";
const events = `${path}/auditevents`;
const whoRead = `${path}/namespaces/default/whoreadreviews`;

let ann: UserClient;
let bob: UserClient;

before(async () => {
  for (const name of ["db", "tls", "other"])
    await create(server, secretsPath, secret(name, { data: { password: "aHVudGVyMg==" } }));
  ann = await userClient(server, "ann");
  bob = await userClient(server, "bob");
  await grant(server, "ann", ["get,list,watch", "secrets"]);
  assert.equal((await ann("GET", `${secretsPath}/db`)).status, 200);
  assert.equal((await ann("GET", secretsPath)).status, 200);
  assert.equal((await bob("GET", `${secretsPath}/db`)).status, 403);
  assert.equal((await bob("GET", secretsPath)).status, 403);
});

type Entry = Answer["json"];

async function listed(query: string): Promise<Entry[]> {
  const items: Entry[] = [];
  let token = "";
  do {
    const { status, json, text } = await server.call(
      "GET",
      `${events}?${query}${token === "" ? "" : `&continue=${encodeURIComponent(token)}`}`,
    );
    assert.equal(status, 200, text);
    assert.equal(json.kind, "AuditEventList");
    items.push(...json.items);
    token = json.metadata.continue ?? "";
  } while (token !== "");
  return items;
}

function selecting(fields: Record<string, string>): string {
  const terms = Object.entries(fields).map(([field, value]) => `${field}=${value}`);
  return `fieldSelector=${encodeURIComponent(terms.join(","))}`;
}

test("WhoReadReview tells who received the values of a secret, who saw less, and up to which entry", async () => {
  const { status, json, text } = await server.call("POST", whoRead, { body: { spec: { secret: "db" } } });
  assert.equal(status, 201, text);
  const { readers, others, total, position, end } = json.status;
  const reader = readers.find(({ user }: Entry) => user === "ann");
  assert.deepEqual(
    [reader.reads, reader.verbs, reader.doors, reader.keys],
    [2, { get: 1, list: 1 }, { kubernetes: 2 }, ["password"]],
  );
  assert.deepEqual(reader.addresses, ["127.0.0.1"]);
  const refused = others.find(({ user }: Entry) => user === "bob");
  assert.deepEqual([refused.reads, refused.refused], [0, 2]);
  assert.equal(total, readers.length + others.length);
  assert.ok(position > 0 && position <= end);
  const first = await server.call("POST", whoRead, { body: { spec: { secret: "db", limit: 1, user: "bob" } } });
  assert.deepEqual([first.json.status.readers, first.json.status.others.length], [[], 1]);
  const none = await server.call("POST", whoRead, { body: { spec: { secret: "db", since: "2999-01-01T00:00:00Z" } } });
  assert.equal(none.json.status.total, 0);
});

test("A watch is resolved to who opened it", async () => {
  const credentials = await userCredentials(server, "ann");
  const watch = await openWatch(
    { url: server.url, credentials },
    `${secretsPath}?watch=true&fieldSelector=metadata.name%3Dother`,
  );
  await watch.next();
  const body = { data: { password: "b3RoZXI=" } };
  const headers = { "Content-Type": "application/merge-patch+json" };
  assert.equal((await server.call("PATCH", `${secretsPath}/other`, { body, headers })).status, 200);
  await watch.next();
  watch.close();
  const { json } = await server.call("POST", whoRead, {
    body: { spec: { secret: "other", user: "ann", verb: "watch" } },
  });
  assert.equal(json.status.readers[0]?.user, "ann");
  assert.ok(json.status.readers[0].reads >= 2);
  const found = await listed(selecting({ secret: "default/other", user: "ann", verb: "watch" }));
  assert.ok(found.some(({ streams }) => streams?.length === 1));
});

test("What was asked about a secret is on record, with who asked, before the answer", async () => {
  const asked = (await auditEvents(server)).findLast(({ objectRef }) => objectRef?.resource === "whoreadreviews");
  assert.match(
    asked?.annotations?.["audit.strongroom.dev/asked"] ?? "",
    /^who read default\/other user=ann verb=watch$/,
  );
  const listing = (await auditEvents(server)).findLast(({ objectRef }) => objectRef?.resource === "auditevents");
  assert.match(decodeURIComponent(listing?.requestURI ?? ""), /secret=default\/other,user=ann/);
});

test("Lists have all entries, or those that selectors and times ask for, in pages that agree", async () => {
  const whole = (await auditEvents(server)).length;
  const all = await listed("");
  assert.deepEqual(
    all.slice(0, whole).map(({ position }) => position),
    Array.from({ length: whole }, (_, position) => position),
  );
  assert.doesNotMatch(JSON.stringify(all), /aHVudGVyMg|hunter2/);
  const paged = await listed("limit=3");
  assert.deepEqual(
    paged.slice(0, whole).map(({ metadata }) => metadata.name),
    all.slice(0, whole).map(({ metadata }) => metadata.name),
  );
  const byBob = await listed(selecting({ user: "bob" }));
  assert.ok(byBob.length >= 2 && byBob.every(({ user }) => user.username === "bob"));
  const forbidden = await listed(`limit=1&${selecting({ decision: "forbid", user: "bob", door: "kubernetes" })}`);
  assert.deepEqual(forbidden, byBob);
  assert.deepEqual(await listed(`${selecting({ user: "bob" })}&until=2020-01-01T00:00:00Z`), []);
  assert.deepEqual(await listed(`${selecting({ user: "bob" })}&since=2020-01-01T00:00:00Z`), byBob);
  const read = (await listed(selecting({ secret: "default/db", user: "ann" })))[0];
  assert.equal(read.disclosed[0].name, "db");
  const one = await server.call("GET", `${events}/${read.metadata.name}`);
  assert.deepEqual(
    { ...one.json, kind: undefined, apiVersion: undefined },
    { ...read, kind: undefined, apiVersion: undefined },
  );
  assert.equal((await server.call("GET", `${events}/9999999999999999`)).status, 404);
});

test("kubectl sees a table, and other media types have the same entries", async () => {
  const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
  const { json } = await server.call("GET", `${events}?${selecting({ user: "bob" })}`, { headers: { Accept: accept } });
  assert.equal(json.kind, "Table");
  const cells = json.rows[0].cells;
  assert.deepEqual(cells.slice(2, 9), ["bob", "get", "secrets default/db", "forbid", "403", "kubernetes", "127.0.0.1"]);
  const yaml = await server.call("GET", `${events}?limit=2`, { headers: { Accept: "application/yaml" } });
  assert.match(yaml.text, /position: 1/);
  const protobuf = await server.call("GET", `${events}?limit=50`, {
    headers: { Accept: "application/vnd.kubernetes.protobuf" },
  });
  assert.equal(protobuf.status, 200);
});

test("OpenAPI tells of the kind, its fields and the parameters of its lists", async () => {
  const { json } = await server.call("GET", "/openapi/v3/apis/strongroom.dev/v1");
  const { parameters } = json.paths[events].get;
  const names = new Set(parameters.map(({ name }: { name: string }) => name));
  for (const name of ["since", "until", "fieldSelector"]) assert.ok(names.has(name), name);
  assert.match(json.components.schemas["dev.strongroom.v1.AuditEvent"].description, /never values/);
});

const faults: readonly (readonly [query: string, message: RegExp])[] = [
  [selecting({ secret: "db" }), /secret must be NAMESPACE\/NAME/],
  [selecting({ decision: "maybe" }), /decision must be allow or forbid/],
  ["since=yesterday", /since must be a time such as/],
  ["fieldSelector=user!%3Dann", /user must be selected once, by user=VALUE/],
  [selecting({ stage: "x" }), /field label not supported: stage/],
];

for (const [query, message] of faults) {
  test(`A list with ${decodeURIComponent(query)} is refused`, async () => {
    const { status, json } = await server.call("GET", `${events}?${query}`);
    assert.equal(status, 400);
    assert.match(json.message, message);
  });
}

test("A review of nothing, or with a limit beyond bounds, is refused", async () => {
  const nothing = await server.call("POST", whoRead, { body: { spec: {} } });
  assert.equal(nothing.status, 422);
  assert.match(nothing.json.message, /spec.secret: Required value/);
  const many = await server.call("POST", whoRead, { body: { spec: { secret: "db", limit: 1001 } } });
  assert.match(many.json.message, /must be between 1 and 1000/);
});

test("Nobody but who has the right is answered, and whoever may read secrets has none by that", async () => {
  for (const asked of [events, `${events}/0000000000000001`, `${events}?watch=true`]) {
    assert.equal((await ann("GET", asked)).status, 403);
  }
  const review = { body: { spec: { secret: "db" } } };
  assert.equal((await ann("POST", whoRead, review)).status, 403);
  const roles = `${rbacPath}/namespaces/default/roles`;
  const rule = { verbs: ["create"], apiGroups: ["strongroom.dev"], resources: ["whoreadreviews"] };
  await create(server, roles, roleObject("asks", rule));
  await create(
    server,
    `${rbacPath}/namespaces/default/rolebindings`,
    bindingObject("ann-asks", "Role asks", "User ann"),
  );
  assert.equal((await ann("POST", whoRead, review)).status, 201);
  assert.equal((await ann("POST", whoRead.replace("default", "kube-system"), review)).status, 403);
  assert.equal((await ann("GET", events)).status, 403);
});

test("A watch follows the log from where a list ended, leaves nothing out, and does not follow itself", async () => {
  const { json } = await server.call("GET", `${events}?limit=1`);
  const from = (await server.call("GET", `${events}?${selecting({ user: "never" })}`)).json.metadata.resourceVersion;
  assert.ok(Number(from) > Number(json.items[0].position));
  const query = `watch=true&resourceVersion=${from}&${selecting({ user: "ann" })}`;
  const watch = await openWatch(server, `${events}?${query}`);
  const names = ["db", "tls", "db"];
  for (const name of names) assert.equal((await ann("GET", `${secretsPath}/${name}`)).status, 200);
  const seen: Entry[] = [];
  while (seen.length < names.length) seen.push((await watch.next()) as Entry);
  assert.deepEqual(
    seen.map(({ type, object }) => [type, object.objectRef.name]),
    names.map((name) => ["ADDED", name]),
  );
  watch.close();
  const records = (await auditEvents(server)).filter(({ requestURI }) =>
    requestURI.includes(`resourceVersion=${from}`),
  );
  assert.ok(records.length >= 1 && records.length <= 2, "only its beginning and end are on record");
});

test("A watch ends when the right to it is taken away, before anything more is told", async () => {
  const rule = { verbs: ["watch"], apiGroups: ["strongroom.dev"], resources: ["auditevents"] };
  await create(server, `${rbacPath}/clusterroles`, roleObject("follows", rule));
  await create(
    server,
    `${rbacPath}/clusterrolebindings`,
    bindingObject("ann-follows", "ClusterRole follows", "User ann"),
  );
  const { json } = await server.call("GET", `${events}?limit=1`);
  const query = `watch=true&resourceVersion=${json.metadata.resourceVersion}&${selecting({ user: "bob" })}`;
  const credentials = await userCredentials(server, "ann");
  const watch = await openWatch({ url: server.url, credentials }, `${events}?${query}`);
  assert.equal((await bob("GET", `${secretsPath}/tls`)).status, 403);
  assert.equal((await watch.next())?.object.objectRef.name, "tls");
  assert.equal((await server.call("DELETE", `${rbacPath}/clusterrolebindings/ann-follows`)).status, 200);
  assert.equal((await bob("GET", `${secretsPath}/db`)).status, 403);
  const last = (await watch.rest()).at(-1);
  assert.deepEqual([last?.type, last?.object.code], ["ERROR", 403]);
});

test("After a restart, and without the index, the answers are the same", async () => {
  const before = await listed(selecting({ user: "bob" }));
  await using again = await server.restart();
  const { json } = await again.call("GET", `${events}?${selecting({ user: "bob" })}`);
  assert.deepEqual(json.items, before);
});
