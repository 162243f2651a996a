/** Values leave by verbs that read, and by no others: whoever may write a secret and not get it is not told its values. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { create, failure, secret, secretsPath } from "../support/api-objects.ts";
import { grant, userClient } from "../support/user-client.ts";
import type { UserClient } from "../support/user-client.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer, Call } from "../running-server.ts";
import { looseAuditEvents } from "../support/audit-events.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const value = "Y2FuYXJ5LXZhbHVl"; // canary-value
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";
const annotations = { [lastApplied]: `{"data":{"a":"${value}"}}`, kept: "yes" };
const path = `${secretsPath}/db`;

let writer: UserClient;
let reader: UserClient;
before(async () => {
  await grant(server, "writer", ["update,patch,delete,deletecollection,create", "secrets"]);
  await grant(server, "reader", ["get,update,patch,delete,deletecollection", "secrets"]);
  writer = await userClient(server, "writer");
  reader = await userClient(server, "reader");
});

let sequence = 0;
/** A new secret of a name of its own each time; returns its path. */
async function anew(fields: object = {}): Promise<string> {
  const name = `s${++sequence}`;
  const metadata = { name, annotations };
  await create(server, secretsPath, { ...secret(name, { data: { a: value }, ...fields }), metadata });
  return `${secretsPath}/${name}`;
}
beforeEach(async () => {
  await server.call("DELETE", path);
  await create(server, secretsPath, { ...secret("db", { data: { a: value } }), metadata: { name: "db", annotations } });
});

const patch = (type: string, body: object): Call => ({ body, headers: { "Content-Type": `application/${type}` } });
const apply = (body: object): Call => patch("apply-patch+yaml", { apiVersion: "v1", kind: "Secret", ...body });

async function auditOf({ headers }: Answer) {
  const events = await looseAuditEvents(server);
  return events.filter(({ auditID, stage }) => auditID === headers["audit-id"] && stage !== "RequestReceived");
}

function assertWithheld(answer: Answer): void {
  assert.equal(answer.status, 200, answer.text);
  assert.ok(!answer.text.includes(value), answer.text);
  assert.equal(answer.json.data, undefined);
  assert.equal(answer.json.metadata.managedFields, undefined);
  assert.equal(answer.json.metadata.annotations["strongroom.dev/values"], "withheld");
  assert.equal(answer.json.metadata.annotations[lastApplied], undefined);
}

test("Every patch is answered without values, with a mark, and recorded as metadata", async () => {
  const metadata = { name: "db", labels: { applied: "1" } };
  for (const query of ["", "?dryRun=All"]) {
    for (const call of [
      patch("merge-patch+json", {}),
      patch("strategic-merge-patch+json", { metadata: { labels: { l: "1" } } }),
      patch("json-patch+json", [{ op: "add", path: "/metadata/labels", value: { l: "2" } }]),
    ]) {
      const answer = await writer("PATCH", path + query, call);
      assertWithheld(answer);
      assert.equal(answer.json.metadata.annotations.kept, "yes");
      const [event] = await auditOf(answer);
      assert.deepEqual([event.metadataOnly, event.disclosed.length], [true, 1]);
    }
    assertWithheld(
      await writer("PATCH", `${path}${query === "" ? "?" : `${query}&`}fieldManager=m`, apply({ metadata })),
    );
  }
  assert.equal((await server.call("GET", path)).json.data.a, value);
});

test("An apply that creates is answered without values too", async () => {
  const metadata = { name: `s${++sequence}` };
  const answer = await writer(
    "PATCH",
    `${secretsPath}/${metadata.name}?fieldManager=m`,
    apply({ metadata, data: { a: value } }),
  );
  assert.equal(answer.status, 201);
  assert.ok(!answer.text.includes(value));
});

test("Forms of answers make no difference", async () => {
  const meta = "v=v1;g=meta.k8s.io";
  for (const accept of [
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
    `application/json;as=Table;${meta}`,
    `application/json;as=PartialObjectMetadata;${meta}`,
  ]) {
    const call = patch("merge-patch+json", {});
    const answer = await writer("PATCH", `${path}?includeObject=Object`, {
      ...call,
      headers: { ...call.headers, Accept: accept },
    });
    assert.equal(answer.status, 200);
    assert.ok(!answer.text.includes(value) && !answer.text.includes("canary-value"), answer.text);
    assert.ok(answer.text.includes("strongroom.dev/values"));
  }
});

test("A write that carries the mark is refused, so that no answer is written back", async () => {
  const answer = await writer("PATCH", path, patch("merge-patch+json", {}));
  const field = "metadata.annotations[strongroom.dev/values]";
  const detail = "marks an answer without values, which must not be written back";
  for (const client of [writer, reader]) {
    const put = await client("PUT", path, { body: answer.json });
    assert.deepEqual(
      put.json,
      failure(422, "Invalid", `Secret "db" is invalid: ${field}: Forbidden: ${detail}`, {
        name: "db",
        kind: "Secret",
        causes: [{ reason: "FieldValueForbidden", message: `Forbidden: ${detail}`, field }],
      }),
    );
  }
  const marked = { metadata: { name: "db", annotations: { "strongroom.dev/values": "x" } } };
  assert.equal((await reader("PATCH", path, patch("merge-patch+json", marked))).status, 422);
  assert.equal((await reader("PATCH", `${path}?fieldManager=m`, apply(marked))).status, 422);
  assert.equal(
    (await writer("POST", secretsPath, { body: { ...marked, metadata: { ...marked.metadata, name: "n" } } })).status,
    422,
  );
  assert.equal((await server.call("GET", path)).json.data.a, value);
});

test("A deletion is answered with a Status, whatever it waits for", async () => {
  for (const query of ["?propagationPolicy=Foreground", "?propagationPolicy=Orphan", "?orphanDependents=true"]) {
    for (const dryRun of ["&dryRun=All", ""]) {
      const target = await anew();
      const answer = await writer("DELETE", target + query + dryRun);
      assert.deepEqual([answer.status, answer.json.kind, answer.json.status], [200, "Status", "Success"]);
      assert.deepEqual(Object.keys(answer.json.details), ["name", "kind", "uid"]);
      const [event] = await auditOf(answer);
      assert.equal(event.disclosed, undefined);
    }
  }
  const held = await anew();
  await server.call("PATCH", held, patch("merge-patch+json", { metadata: { finalizers: ["example.com/hold"] } }));
  assert.equal((await writer("DELETE", held)).json.kind, "Status");
  const released = await writer("PATCH", held, patch("merge-patch+json", { metadata: { finalizers: null } }));
  assertWithheld(released);
});

test("The deletion of a collection is answered with a Status to whoever may not get all of it", async () => {
  await anew();
  for (const accept of ["application/json", "application/json;as=Table;v=v1;g=meta.k8s.io"]) {
    const answer = await writer("DELETE", `${secretsPath}?dryRun=All`, { headers: { Accept: accept } });
    assert.equal(answer.status, 200);
    assert.deepEqual([answer.json.kind, answer.json.details], ["Status", { kind: "secrets" }]);
  }
  await grant(server, "some", ["deletecollection", "secrets"], ["get", "secrets", "db"]);
  const some = await userClient(server, "some");
  assert.equal((await some("DELETE", `${secretsPath}?dryRun=All`)).json.kind, "Status");
  const one = await some("DELETE", `${secretsPath}?dryRun=All&fieldSelector=metadata.name%3Ddb`);
  assert.deepEqual([one.json.kind, one.json.items[0].data.a], ["SecretList", value]);
});

test("Whoever may get the secret is answered as upstream, by whatever verb", async () => {
  const patched = await reader("PATCH", path, patch("merge-patch+json", {}));
  assert.equal(patched.json.data.a, value);
  const [event] = await auditOf(patched);
  assert.deepEqual([event.metadataOnly, event.disclosed.length], [undefined, 1]);
  assert.equal((await reader("DELETE", `${path}?dryRun=All&propagationPolicy=Orphan`)).json.data.a, value);
  const collection = await reader("DELETE", `${secretsPath}?dryRun=All`);
  assert.ok(collection.text.includes(value));
});

test("A PUT is answered with what was sent, and nothing of what was there", async () => {
  const sent = "bmV3"; // new
  const answer = await writer("PUT", path, { body: secret("db", { data: { b: sent } }) });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json.data, { b: sent });
  assert.ok(!answer.text.includes(value));
  assert.deepEqual([answer.json.metadata.annotations, answer.json.metadata.managedFields], [undefined, undefined]);
});

test("A JSON patch that copies, moves or tests values is refused like a read of them, there or not", async () => {
  const escaped = lastApplied.replace("/", "~1");
  const annotation = `/metadata/annotations/${escaped}`;
  const reads = [
    { op: "copy", from: "/data/a", path: "/metadata/annotations/x" },
    { op: "move", from: "/data/a", path: "/metadata/labels" },
    { op: "copy", from: "/data", path: "/metadata/labels" },
    { op: "copy", from: "x/data/a", path: "/metadata/annotations/x" },
    { op: "copy", from: "/data/a", path: "/data/.dockerconfigjson" },
    { op: "copy", from: "", path: "/metadata/labels" },
    { op: "copy", from: annotation, path: "/metadata/annotations/x" },
    { op: "copy", from: "/metadata/annotations", path: "/metadata/labels" },
    { op: "move", from: "/metadata", path: "/metadata/labels" },
    { op: "test", path: "/data/a", value },
    { op: "test", path: "/data", value: { a: value } },
    { op: "test", path: annotation, value: "x" },
    { op: "test", path: "", value: {} },
  ];
  for (const operation of reads) {
    for (const name of ["db", "absent"]) {
      const answer = await writer("PATCH", `${secretsPath}/${name}?dryRun=All`, patch("json-patch+json", [operation]));
      const who = 'User "writer" cannot get resource "secrets" in API group "" in the namespace "default"';
      assert.equal(answer.status, 403, `${JSON.stringify(operation)}: ${answer.text}`);
      assert.equal(answer.json.message, `secrets "${name}" is forbidden: ${who}`);
    }
    assert.notEqual((await reader("PATCH", `${path}?dryRun=All`, patch("json-patch+json", [operation]))).status, 403);
  }
  const harmless = [
    { op: "test", path: "/metadata/annotations/kept", value: "yes" },
    { op: "copy", from: "/metadata/annotations/kept", path: "/metadata/annotations/copied" },
    { op: "add", path: "/data/b", value: "bmV3" },
    { op: "remove", path: "/data/a" },
  ];
  assertWithheld(await writer("PATCH", `${path}?dryRun=All`, patch("json-patch+json", harmless)));
});

test("An error of a patch that copies values does not quote them, also to whoever may read them", async () => {
  const copied = [{ op: "copy", from: "/data/a", path: "/metadata/name" }];
  const answer = await reader("PATCH", path, patch("json-patch+json", copied));
  assert.equal(answer.status, 400);
  assert.ok(!answer.text.includes(value), answer.text);
  const absent = [{ op: "move", from: "/data/absent", path: "/data/b" }];
  const text = (await reader("PATCH", path, patch("json-patch+json", absent))).json.message;
  assert.match(text, /^the server rejected our request due to an error in our request: .*absent/);
  const tests = [{ op: "test", path: "/data/a", value: "eA==" }];
  assert.match(
    (await reader("PATCH", path, patch("json-patch+json", tests))).json.message,
    /testing value \/data\/a failed/,
  );
});

test("Nothing tells whether a guess is right that leaves the value as it is", async () => {
  const guesses = [value, "d3Jvbmc="]; // wrong
  const immutable = await anew({ immutable: true });
  const uid = (await server.call("GET", immutable)).json.metadata.uid;
  const tries: ((guess: string) => Promise<Answer>)[] = [
    (a) => writer("PATCH", `${path}?dryRun=All`, patch("merge-patch+json", { data: { a } })),
    (a) => writer("PATCH", `${path}?dryRun=All`, patch("strategic-merge-patch+json", { data: { a } })),
    (a) => writer("PATCH", `${path}?dryRun=All&fieldManager=m`, apply({ metadata: { name: "db" }, data: { a } })),
    (a) =>
      writer("PATCH", `${path}?dryRun=All&fieldManager=m&force=true`, apply({ metadata: { name: "db" }, data: { a } })),
    (a) => writer("PATCH", `${path}?fieldManager=m`, apply({ metadata: { name: "db" }, data: { a } })),
    (a) => writer("PATCH", immutable, patch("merge-patch+json", { data: { a } })),
    (a) =>
      writer("PATCH", immutable, patch("merge-patch+json", { stringData: { a: Buffer.from(a, "base64").toString() } })),
    (a) => writer("PATCH", immutable, patch("strategic-merge-patch+json", { data: { a } })),
    (a) => writer("PATCH", immutable, patch("json-patch+json", [{ op: "replace", path: "/data/a", value: a }])),
    (a) => writer("PATCH", `${immutable}?fieldManager=m&force=true`, apply({ metadata: { uid }, data: { a } })),
  ];
  const names = (text: string) => text.replaceAll(/"(time|resourceVersion)":"[^"]*"/g, "");
  for (const [index, attempt] of tries.entries()) {
    const answers = [];
    for (const guess of guesses) answers.push(await attempt(guess));
    const [right, wrong] = answers.map(({ status, text }) => [status, names(text)]);
    assert.deepEqual(right, wrong, `try ${index}`);
  }
  const name = immutable.split("/").at(-1) ?? "";
  const put = async (a: string) => writer("PUT", immutable, { body: secret(name, { immutable: true, data: { a } }) });
  assert.deepEqual((await put(value)).text, (await put("d3Jvbmc=")).text);
  assert.equal((await put(value)).status, 422);
  const label = patch("merge-patch+json", { metadata: { labels: { l: "1" } } });
  assertWithheld(await writer("PATCH", immutable, label));
});

test("With the setting of upstream, changes are answered as upstream does", async () => {
  const upstream = await startTestServer({ valuesInAnswersToWrites: "writers" });
  try {
    await create(upstream, secretsPath, secret("db", { data: { a: value } }));
    await grant(upstream, "writer", ["patch,delete,deletecollection", "secrets"]);
    const client = await userClient(upstream, "writer");
    assert.equal((await client("PATCH", path, patch("merge-patch+json", {}))).json.data.a, value);
    assert.equal((await client("DELETE", `${path}?dryRun=All&propagationPolicy=Orphan`)).json.data.a, value);
    assert.equal((await client("DELETE", `${secretsPath}?dryRun=All`)).json.items[0].data.a, value);
    const test = [{ op: "test", path: "/data/a", value }];
    assert.equal((await client("PATCH", path, patch("json-patch+json", test))).status, 200);
  } finally {
    await upstream[Symbol.asyncDispose]();
  }
});
