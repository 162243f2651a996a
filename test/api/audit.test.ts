/** Every request is on record before it is answered: who, what, which secrets left. Values never are. */
import assert from "node:assert/strict";
import { request as httpsRequest } from "node:https";
import { after, test } from "node:test";
import { base64, create, secret, secretsIn, createNamespace, sendPatch } from "../support/api-objects.ts";
import { exchangeRaw } from "../support/raw-connection.ts";
import { openWatch } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer, Call } from "../running-server.ts";
import { looseAuditEvents } from "../support/audit-events.ts";
import { disclosuresOf } from "../../src/audit/disclosures.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const path = secretsIn("audited");
await createNamespace(server, "audited");

/** The events on record about one request. */
async function eventsOf(auditId: string): Promise<Answer["json"][]> {
  const events = await looseAuditEvents(server);
  const stream = events.find(({ auditID, streamID }) => auditID === auditId && streamID !== undefined)?.streamID;
  return events.filter(({ auditID, streams }) => auditID === auditId || streams?.includes(stream) === true);
}

let requests = 0;

/** Sends a request under an id of its own; returns the answer and what is on record at once after it. */
async function recorded(method: string, url: string, call: Call = {}) {
  const id = `request-${++requests}`;
  const answer = await server.call(method, url, { ...call, headers: { ...call.headers, "Audit-ID": id } });
  assert.equal(answer.headers["audit-id"], id);
  return { answer, events: await eventsOf(id) };
}

const disclosedNames = (events: Answer["json"][]): string[] =>
  events.flatMap((event) => disclosuresOf(event).map(({ namespace, name }) => `${namespace}/${name}`));

const expectedVerbs: {
  verb: string;
  method: string;
  url: string;
  call?: Call;
  code: number;
  name?: string;
  disclosed?: string[];
}[] = [
  {
    verb: "create",
    method: "POST",
    url: path,
    call: { body: secret("a", { stringData: { k: "v" } }) },
    code: 201,
    name: "a",
    disclosed: ["audited/a"],
  },
  { verb: "get", method: "GET", url: `${path}/a`, code: 200, name: "a", disclosed: ["audited/a"] },
  {
    verb: "update",
    method: "PUT",
    url: `${path}/a`,
    call: { body: secret("a", { stringData: { k: "w" } }) },
    code: 200,
    name: "a",
    disclosed: ["audited/a"],
  },
  { verb: "get", method: "GET", url: `${path}/missing`, code: 404, name: "missing" },
  { verb: "create", method: "POST", url: path, call: { body: "{" }, code: 400 },
  { verb: "create", method: "POST", url: path, call: { body: secret("a") }, code: 409, name: "a" },
  {
    verb: "create",
    method: "POST",
    url: `${path}?dryRun=All`,
    call: { body: secret("tried") },
    code: 201,
    name: "tried",
    disclosed: ["audited/tried"],
  },
  { verb: "create", method: "POST", url: path, call: { body: secret("Not_a_name") }, code: 422, name: "Not_a_name" },
  { verb: "create", method: "POST", url: path, call: { body: secret("b", { type: 1 }) }, code: 400 },
  { verb: "create", method: "POST", url: `${path}/a`, call: { body: secret("b") }, code: 405, name: "a" },
  { verb: "get", method: "GET", url: "/nope", code: 404 },
  { verb: "get", method: "GET", url: "/metrics", code: 200 },
  { verb: "post", method: "POST", url: "/nope", code: 404 },
  { verb: "delete", method: "DELETE", url: `${path}/missing`, code: 404, name: "missing" },
  { verb: "list", method: "GET", url: `${path}?limit=x`, code: 400 },
];

for (const { verb, method, url, call = {}, code, name, disclosed = [] } of expectedVerbs) {
  test(`${method} ${url} (${code}) is on record with its user, verb and status`, async () => {
    const { answer, events } = await recorded(method, url, call);
    assert.equal(answer.status, code, answer.text);
    const last = events.at(-1);
    assert.equal(last.stage, "ResponseComplete");
    assert.equal(last.verb, verb);
    assert.equal(last.requestURI, url);
    assert.equal(last.responseStatus.code, code);
    assert.equal(last.user.username, "strongroom-admin");
    assert.deepEqual(last.sourceIPs, ["127.0.0.1"]);
    if (url.startsWith(path)) assert.equal(last.objectRef.namespace, "audited");
    assert.equal(last.objectRef?.name, name);
    assert.deepEqual(disclosedNames(events), disclosed);
  });
}

test("A patch, a deletecollection and each form of a dry run disclose what they return", async () => {
  await create(server, path, secret("returned", { stringData: { k: "v" } }));
  const patchHeaders = { "Content-Type": "application/merge-patch+json" };
  const patched = await recorded("PATCH", `${path}/returned?dryRun=All`, { body: {}, headers: patchHeaders });
  assert.deepEqual(disclosedNames(patched.events), ["audited/returned"]);
  const foreground = await recorded("DELETE", `${path}/returned?dryRun=All&propagationPolicy=Foreground`);
  assert.deepEqual(disclosedNames(foreground.events), ["audited/returned"]);
  const collection = await recorded("DELETE", `${path}?dryRun=All&fieldSelector=metadata.name%3Dreturned`);
  assert.deepEqual(disclosedNames(collection.events), ["audited/returned"]);
  assert.deepEqual(disclosedNames((await recorded("DELETE", `${path}/returned`)).events), []);
});

test("A generated name is on record", async () => {
  const { answer, events } = await recorded("POST", path, { body: { metadata: { generateName: "gen-" } } });
  const { name, uid, resourceVersion } = answer.json.metadata;
  const { objectRef } = events.at(-1);
  assert.deepEqual([objectRef.name, objectRef.uid, objectRef.resourceVersion], [name, uid, resourceVersion]);
  await server.call("DELETE", `${path}/${name}`);
});

test("A list names every secret whose value it holds, with its version", async () => {
  for (const name of ["l1", "l2", "l3"]) await create(server, path, secret(name, { stringData: { k: name } }));
  for (const accept of ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]) {
    const { answer, events } = await recorded("GET", `${path}?limit=500`, { headers: { Accept: accept } });
    assert.equal(answer.status, 200);
    assert.deepEqual(disclosedNames(events), ["audited/a", "audited/l1", "audited/l2", "audited/l3"]);
    assert.equal(events.at(-1).stage, "ResponseComplete");
    assert.equal(
      events.some(({ metadataOnly }) => metadataOnly),
      false,
    );
  }
  const { answer, events } = await recorded("GET", path);
  const versions = events.flatMap((event) => disclosuresOf(event).map(({ resourceVersion }) => resourceVersion));
  assert.deepEqual(
    versions,
    answer.json.items.map(({ metadata }: Answer["json"]) => metadata.resourceVersion),
  );
});

test("A Table and partial metadata are on record as names without values", async () => {
  for (const as of ["Table", "PartialObjectMetadataList"]) {
    const headers = { Accept: `application/json;as=${as};v=v1;g=meta.k8s.io` };
    const { events } = await recorded("GET", path, { headers });
    const naming = events.filter(({ disclosed }) => disclosed !== undefined);
    assert.equal(disclosedNames(naming).length, 4);
    assert.ok(naming.every(({ metadataOnly }) => metadataOnly === true));
  }
  const whole = { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
  const { events } = await recorded("GET", `${path}?includeObject=Object`, { headers: whole });
  assert.equal(
    events.some(({ metadataOnly }) => metadataOnly),
    false,
  );
});

test("A watch names each secret it shows before it shows it", async () => {
  const watch = await openWatch(server, `${path}?watch=true&fieldSelector=metadata.name%3Dl1`, {
    "Audit-ID": "the-watch",
  });
  assert.equal((await watch.next()).type, "ADDED");
  assert.deepEqual(disclosedNames(await eventsOf("the-watch")), ["audited/l1"]);
  const changed = await sendPatch(server, "merge", `${path}/l1`, { stringData: { k: "new" } });
  assert.equal((await watch.next()).type, "MODIFIED");
  const { disclosed } = (await eventsOf("the-watch")).at(-1);
  assert.equal(disclosed[0].resourceVersion, changed.json.metadata.resourceVersion);
  assert.equal((await eventsOf("the-watch"))[0].stage, "ResponseStarted");
  await server.call("DELETE", `${path}/l1`);
  assert.equal((await watch.next()).type, "DELETED");
  assert.deepEqual(disclosedNames(await eventsOf("the-watch")), ["audited/l1", "audited/l1", "audited/l1"]);
  watch.close();
});

test("A failed authentication is on record as the anonymous user", async () => {
  const status = await new Promise((resolve, reject) => {
    const options = { ca: server.credentials.ca ?? "", agent: false, headers: { "Audit-ID": "nobody" } };
    const request = httpsRequest(new URL(`${path}/a`, server.url), options, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    request.on("error", reject);
    request.end();
  });
  assert.equal(status, 401);
  const [event, ...more] = await eventsOf("nobody");
  assert.deepEqual(more, []);
  assert.deepEqual(event.user, { username: "system:anonymous", groups: ["system:unauthenticated"] });
  assert.equal(event.responseStatus.code, 401);
  assert.equal(event.objectRef.name, "a");
});

test("No value is on record", async () => {
  const text = JSON.stringify(await looseAuditEvents(server));
  for (const value of ["l2", "l3"]) assert.equal(text.includes(base64(value)), false);
});

test("A collection that is deleted has for each object an intent and an outcome, in this order", async () => {
  const names = ["c1", "c2", "c3"];
  for (const name of names) {
    await create(server, path, {
      ...secret(name, { stringData: { k: "v" } }),
      metadata: { name, labels: { of: "c" } },
    });
  }
  const { answer, events } = await recorded("DELETE", `${path}?labelSelector=of%3Dc`);
  assert.equal(answer.status, 200);
  const intents = events.filter(({ stage }) => stage === "RequestReceived");
  assert.deepEqual(
    intents.map(({ objectRef }) => objectRef.name),
    names,
  );
  for (const { intentID, objectRef } of intents) {
    assert.match(objectRef.resourceVersion, /^\d+$/);
    const outcome = events.find((event) => event.intentID === intentID && event.stage !== "RequestReceived");
    assert.equal(outcome.responseStatus.code, 200);
  }
});

test("Which keys left is on record, and of metadata none", async () => {
  await create(server, path, secret("keyed", { stringData: { password: "v", username: "u" } }));
  const keys = async (accept: string, url = `${path}/keyed`) => {
    const { events } = await recorded("GET", url, { headers: { Accept: accept } });
    return events.flatMap(disclosuresOf).find(({ name }) => name === "keyed");
  };
  const whole = await keys("application/json");
  assert.deepEqual([whole?.keys, whole?.metadataOnly], [["password", "username"], false]);
  const metadata = await keys("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
  assert.deepEqual([metadata?.keys, metadata?.metadataOnly], [undefined, true]);
  for (const accept of ["application/json", "application/vnd.kubernetes.protobuf", "application/yaml"])
    assert.deepEqual((await keys(accept, path))?.keys, ["password", "username"], accept);
});

/** What is on record of a request with this user agent and path, byte for byte as they are sent. */
async function sentRaw(id: string, target: string, userAgent: Buffer) {
  const head = `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAudit-Id: ${id}\r\nUser-Agent: `;
  await exchangeRaw(server, Buffer.concat([Buffer.from(head, "latin1"), userAgent, Buffer.from("\r\n\r\n")]));
  return eventsOf(id);
}

test("User agents are on record as the text that they are, and what is none is marked", async () => {
  const cases: readonly (readonly [string, Buffer, string])[] = [
    ["utf8", Buffer.from("Ag\u00e9nt"), "Ag\u00e9nt"],
    ["invalid-utf8", Buffer.from([0x41, 0xff, 0xfe, 0x42]), "A\ufffd\ufffdB"],
    ["tab", Buffer.from("a\tb"), "a\tb"],
    ["json", Buffer.from('x","user":{"username":"boss"},"y":"'), 'x","user":{"username":"boss"},"y":"'],
    ["long", Buffer.alloc(3000, "b"), `${"b".repeat(1024)}...TRUNCATED`],
  ];
  for (const [id, sent, expected] of cases) {
    const [event] = await sentRaw(`agent-${id}`, `${path}/none`, sent);
    assert.equal(event.userAgent, expected, id);
    assert.equal(event.user.username, "strongroom-admin");
  }
});

test("Names and paths are on record with a limit and a mark, and control characters start no line", async () => {
  const [long] = await sentRaw("long-name", `${path}/${"n".repeat(7000)}`, Buffer.from("a"));
  assert.equal(long.objectRef.name, `${"n".repeat(256)}...TRUNCATED`);
  assert.equal(long.requestURI.length, 2048 + "...TRUNCATED".length);
  assert.ok(JSON.stringify(long).length < 4096);
  const [lines] = await sentRaw("new-lines", `${path}/x%0d%0a%7b%22auditID%22`, Buffer.from("a"));
  assert.equal(lines.objectRef.name, 'x\r\n{"auditID"');
  assert.equal(lines.requestURI, `${path}/x%0d%0a%7b%22auditID%22`);
  assert.equal(JSON.stringify(lines).includes("\n"), false);
});
