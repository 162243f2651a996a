/** What clusters send of their audit: who may, what is kept of it, and how it is answered with. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { after, test } from "node:test";
import { create, secret, secretsPath } from "../support/api-objects.ts";
import { auditEvents } from "../support/audit-events.ts";
import { grant, userClient } from "../support/user-client.ts";
import { openWatch } from "../support/watch-stream.ts";
import { connectWith, startTestServer } from "../running-server.ts";
import type { Answer } from "../running-server.ts";
import { eventsPath, post, refused, reported, reporting } from "./reports.ts";

const prod = reporting("prod");
const [east, far] = [reporting("east", "east-"), reporting("far", "far-")];
const server = await startTestServer({ reportingClusters: [prod.cluster] });
const several = await startTestServer({ reportingClusters: [east.cluster, { ...far.cluster, user: "far-reporter" }] });
after(() => Promise.all([server[Symbol.asyncDispose](), several[Symbol.asyncDispose]()]));

type Entry = Answer["json"];
const path = "/apis/strongroom.dev/v1";

async function whoRead(name: string, namespace = "default", spec: object = {}, at = server): Promise<Entry> {
  const asked = await at.call("POST", `${path}/namespaces/${namespace}/whoreadreviews`, {
    body: { spec: { secret: name, ...spec } },
  });
  assert.equal(asked.status, 201, asked.text);
  return asked.json.status;
}

async function sent(items: readonly object[], of = prod): Promise<string> {
  const answer = await post(of === prod ? server : several, of.cluster.name, of.token, items);
  assert.equal(answer.status, 200, answer.text);
  return answer.json.message;
}

test("Who read a secret in a cluster is told as that cluster's claim, beside who read it here", async () => {
  await create(server, secretsPath, secret("db", { data: { password: "aHVudGVyMg==" } }));
  const alice = await userClient(server, "alice");
  await grant(server, "alice", ["get", "secrets"]);
  assert.equal((await alice("GET", `${secretsPath}/db`)).status, 200);
  const read = reported("get", "alice", "default/db", { impersonatedUser: undefined });
  assert.equal(
    await sent([read, reported("get", "mallory", "default/db", refused)]),
    "kept 2, repeated 0, passed over 0, unreadable 0",
  );
  const { readers, others, clusters } = await whoRead("db");
  const told = readers.filter(({ user }: Entry) => user === "alice");
  assert.deepEqual(
    told.map(({ cluster, reads, doors, addresses }: Entry) => [cluster, reads, doors, addresses]).sort(),
    [
      ["", 1, { kubernetes: 1 }, ["127.0.0.1"]],
      ["prod", 1, { "cluster:prod": 1 }, ["10.1.2.3"]],
    ],
  );
  const mallory = others.find(({ user }: Entry) => user === "mallory");
  assert.deepEqual([mallory.cluster, mallory.refused, mallory.reads], ["prod", 1, 0]);
  assert.deepEqual(
    clusters.map(({ cluster, isConfigured, since }: Entry) => [cluster, isConfigured, since !== ""]),
    [["prod", true, true]],
  );
});

test("Who read a linked secret in a cluster read what it is linked from, and of whose clusters is told", async () => {
  const namespaces = "/api/v1/namespaces";
  for (const name of ["shared", "far-linked"]) await create(several, namespaces, { metadata: { name } });
  await create(several, `${namespaces}/shared/secrets`, secret("db", { data: { a: "Yg==" } }));
  const links = `${path}/namespaces/far-linked/secretlinks`;
  const link = { metadata: { name: "copied" }, spec: { source: { namespace: "shared", name: "db" } } };
  await using watch = await openWatch(several, `${namespaces}/far-linked/secrets?watch=true&resourceVersion=1`);
  await create(several, links, link);
  assert.equal((await watch.next()).object.metadata.name, "copied");
  await sent([reported("get", "of-link", "linked/copied"), reported("list", "lists-link", "linked")], far);
  const { readers, clusters } = await whoRead("db", "shared", {}, several);
  const inFar = readers.filter(({ cluster }: Entry) => cluster === "far").map(({ user }: Entry) => user);
  assert.deepEqual(inFar.sort(), ["lists-link", "of-link"]);
  assert.deepEqual(
    clusters.map(({ cluster }: Entry) => cluster),
    ["far"],
  );
});

test("An impersonated user is the reader, and who acted as them is told", async () => {
  await sent([reported("get", "admin", "default/as", { impersonatedUser: { username: "jane", groups: [] } })]);
  const { readers } = await whoRead("as");
  assert.deepEqual([readers[0].user, readers[0].impersonators], ["jane", ["admin"]]);
});

test("A list counts for each secret of its namespace or cluster that was there then, and a watch once", async () => {
  const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
  await sent([
    reported("list", "early", "default", { stageTimestamp: at(-3600) }),
    reported("list", "lister", "default"),
    reported("list", "elsewhere", "other"),
    reported("list", "controller", ""),
    reported("watch", "watcher", "default", { auditID: "w1", stage: "ResponseStarted" }),
    reported("watch", "watcher", "default", { auditID: "w1" }),
    reported("watch", "opened-before", "", { auditID: "w2", stage: "ResponseStarted", stageTimestamp: at(-3600) }),
    reported("watch", "opened-before", "", { auditID: "w2" }),
    reported("list", "refused", "", refused),
  ]);
  const { readers, others, lives } = await whoRead("db");
  const scoped = Object.fromEntries(
    readers.map(({ user, cluster, reads, scoped: count }: Entry) => [`${user} ${cluster}`, [reads, count]]),
  );
  for (const user of ["lister prod", "controller prod", "watcher prod", "opened-before prod"])
    assert.deepEqual(scoped[user], [1, 1], user);
  assert.deepEqual([scoped["early prod"], scoped["elsewhere prod"]], [undefined, undefined]);
  assert.equal(others.find(({ user }: Entry) => user === "refused").refused, 1);
  assert.equal(lives.length, 1);
  assert.equal(lives[0].to, "");
});

test("A list of before the name was used again counts for the secret of that time", async () => {
  await create(server, secretsPath, secret("again"));
  await sent([reported("list", "first-life", "default")]);
  assert.equal((await server.call("DELETE", `${secretsPath}/again`)).status, 200);
  const { readers, lives } = await whoRead("again");
  assert.ok(readers.some(({ user }: Entry) => user === "first-life"));
  assert.equal(lives.length, 1);
  assert.notEqual(lives[0].to, "");
});

test("A cluster speaks for itself: its namespaces are its own, and another's token is refused, on record", async () => {
  const readers = async (namespace: string): Promise<string[]> =>
    (await whoRead("db", namespace, {}, several)).readers.map(({ user }: Entry) => user).sort();
  await sent([reported("get", "remote", "team/db"), reported("list", "remote-lister", "")], far);
  assert.deepEqual(await readers("far-team"), ["remote", "remote-lister"]);
  assert.deepEqual([await readers("team"), await readers("east-team")], [[], []]);
  const { clusters } = await whoRead("db", "east-team", {}, several);
  assert.deepEqual(clusters, [{ cluster: "east", isConfigured: true, since: "", last: "" }]);
  const before = (await auditEvents(several)).length;
  assert.equal((await post(several, "east", far.token, [reported("get", "forged", "team/db")])).status, 403);
  assert.equal((await post(several, "far", "x".repeat(64), [])).status, 401);
  assert.equal((await post(several, "far", "", [])).status, 401);
  assert.equal((await post(several, "nowhere", far.token, [])).status, 403);
  assert.equal((await several.call("POST", eventsPath("far"), { body: {} })).status, 403);
  const events = (await auditEvents(several)).slice(before).filter(({ door }) => door === "audit-webhook");
  assert.deepEqual(
    events.map(({ user, responseStatus }) => [user.username, responseStatus?.code]),
    [
      ["cluster:far:audit", 403],
      ["system:anonymous", 401],
      ["system:anonymous", 401],
      ["cluster:far:audit", 403],
      ["strongroom-admin", 403],
    ],
  );
  assert.deepEqual(await readers("east-team"), []);
});

test("A token of a cluster is nothing anywhere else; a user who speaks for one does it by their certificate", async () => {
  const headers = { Authorization: `Bearer ${far.token}` };
  const client = connectWith(several.url, { ca: several.credentials.ca });
  assert.equal((await client("GET", `${secretsPath}/db`, { headers })).status, 401);
  const reporter = await userClient(several, "far-reporter");
  const items = [reported("get", "by-certificate", "team/db")];
  const list = { kind: "EventList", apiVersion: "audit.k8s.io/v1", items };
  assert.equal((await reporter("POST", eventsPath("far"), { body: list })).status, 200);
  assert.equal((await reporter("POST", eventsPath("east"), { body: list })).status, 403);
  const { readers } = await whoRead("db", "far-team", { user: "by-certificate" }, several);
  assert.equal(readers[0].cluster, "far");
});

test("Who is asking is decided before a body is read: of a stranger none is", async () => {
  const headers = { Authorization: "Bearer none", "Content-Type": "application/json", "Content-Length": "10000000" };
  const options = { method: "POST", ca: server.credentials.ca, headers, agent: false };
  const asked = request(new URL(eventsPath("prod"), server.url), options);
  asked.on("error", () => {}); // the server ends the connection
  asked.flushHeaders();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  assert.equal(answer.statusCode, 401);
  asked.destroy();
});

test("A page of another site cannot have a browser report", async () => {
  const headers = { Authorization: `Bearer ${prod.token}`, Origin: "https://evil.example.com" };
  const client = connectWith(server.url, { ca: server.credentials.ca });
  assert.equal((await client("POST", eventsPath("prod"), { body: {}, headers })).status, 403);
});

test("What is sent again is on record once", async () => {
  const items = [reported("get", "repeats", "default/db"), reported("get", "repeats", "default/db")];
  assert.match(await sent(items), /^kept 2, /);
  assert.match(await sent(items), /^kept 0, repeated 2, /);
  const { readers } = await whoRead("db", "default", { user: "repeats" });
  assert.equal(readers[0].reads, 2);
});

test("Bad bodies are refused, bad events are counted, and values are kept of neither", async () => {
  const refusals: readonly (readonly [body: string, code: number])[] = [
    ["", 400],
    ["{", 400],
    ["[]", 400],
    ["null", 400],
    ['{"kind":"EventList","apiVersion":"audit.k8s.io/v1beta1","items":[]}', 400],
    ['{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":{}}', 400],
    [`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[${"1,".repeat(10_000)}1]}`, 400],
    [" ".repeat(12 * 1024 * 1024), 413],
  ];
  for (const [body, code] of refusals) {
    const answer = await post(server, "prod", prod.token, body);
    assert.equal(answer.status, code, `${body.slice(0, 60)}: ${answer.text}`);
    assert.equal(answer.json.kind, "Status");
  }
  const nested = `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[${"[".repeat(50_000)}${"]".repeat(50_000)}]}`;
  assert.equal(
    (await post(server, "prod", prod.token, nested)).json.message,
    "kept 0, repeated 0, passed over 0, unreadable 1",
  );
  const withBody = reported("get", "bodies", "default/db", {
    responseObject: { kind: "Secret", data: { password: "Y2FuYXJ5LXZhbHVl" } },
  });
  assert.match(await sent([7, withBody, {}] as object[]), /^kept 1, 1 without their bodies, .*unreadable 2$/);
  assert.doesNotMatch(JSON.stringify(await auditEvents(server)), /Y2FuYXJ5LXZhbHVl|canary-value/);
  const { text } = await server.call("GET", "/metrics");
  assert.match(text, /strongroom_cluster_audit_events_total\{cluster="prod",result="unreadable"\} 3/);
  assert.match(text, /strongroom_cluster_audit_bodies_dropped_total\{cluster="prod"\} 1/);
  assert.match(text, /strongroom_cluster_audit_batches_refused_total\{cluster="prod",code="413"\} 1/);
});

test("auditevents show what was reported, by whom and when it came, and are found by user and door", async () => {
  const found = async (fields: string) => {
    const query = `fieldSelector=${encodeURIComponent(fields)}`;
    const answer = await several.call("GET", `${path}/auditevents?${query}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.json.items as Entry[];
  };
  const [remote] = await found("user=remote");
  assert.deepEqual([remote.reported.cluster, remote.reported.namespacePrefix], ["far", "far-"]);
  assert.ok(Date.parse(remote.reported.receivedTimestamp) > 0);
  assert.equal(remote.objectRef.namespace, "far-team");
  assert.ok((await found("door=cluster:far")).length >= 3);
  const headers = { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
  const table = await several.call("GET", `${path}/auditevents?fieldSelector=user%3Dremote`, { headers });
  const column = table.json.columnDefinitions.findIndex(({ name }: Entry) => name === "Seen");
  assert.equal(table.json.rows[0].cells[column], "cluster far");
});
