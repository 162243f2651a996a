/** Rules of `metadata`, generated names and no-op writes. Source: apimachinery pkg/api/validation, apiserver pkg/registry/rest. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertFailure, base64, create, secret, secretsPath, sendPatch } from "../support/api-objects.ts";
import { openWatch } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

function withMetadata(name: string, metadata: object): object {
  return { apiVersion: "v1", kind: "Secret", metadata: { name, ...metadata } };
}

const owner = { apiVersion: "v1", kind: "ConfigMap", name: "o", uid: "u" };
const qualifiedName =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const labelValue =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const refused: { title: string; metadata: object; field: string; message: RegExp | string; reason: string }[] = [
  {
    title: "a label key with a blank",
    metadata: { labels: { "a b": "c" } },
    field: "metadata.labels",
    message: `Invalid value: "a b": ${qualifiedName}`,
    reason: "FieldValueInvalid",
  },
  {
    title: "a label value with a blank",
    metadata: { labels: { a: "b c" } },
    field: "metadata.labels",
    message: `Invalid value: "b c": ${labelValue}`,
    reason: "FieldValueInvalid",
  },
  {
    title: "a label value of 64 characters",
    metadata: { labels: { a: "x".repeat(64) } },
    field: "metadata.labels",
    message: /^Invalid value: "x{64}": must be no more than 63 (bytes|characters)$/,
    reason: "FieldValueInvalid",
  },
  {
    title: "annotations of more than 256 KiB",
    metadata: { annotations: { a: "x".repeat(262_144) } },
    field: "metadata.annotations",
    message: "Too long: may not be more than 262144 bytes",
    reason: "FieldValueTooLong",
  },
  {
    title: "an annotation key with a blank",
    metadata: { annotations: { "a b": "c" } },
    field: "metadata.annotations",
    message: `Invalid value: "a b": ${qualifiedName}`,
    reason: "FieldValueInvalid",
  },
  {
    title: "an owner without a name",
    metadata: { ownerReferences: [{ ...owner, name: "" }] },
    field: "metadata.ownerReferences.name",
    message: 'Invalid value: "": must not be empty',
    reason: "FieldValueInvalid",
  },
  {
    title: "an owner without a uid",
    metadata: { ownerReferences: [{ ...owner, uid: "" }] },
    field: "metadata.ownerReferences.uid",
    message: 'Invalid value: "": must not be empty',
    reason: "FieldValueInvalid",
  },
  {
    title: "an Event as owner",
    metadata: { ownerReferences: [{ ...owner, kind: "Event" }] },
    field: "metadata.ownerReferences",
    message: /: \/v1, Kind=Event is disallowed from being an owner$/,
    reason: "FieldValueInvalid",
  },
  {
    title: "two controllers",
    metadata: {
      ownerReferences: [
        { ...owner, controller: true },
        { ...owner, uid: "v", controller: true },
      ],
    },
    field: "metadata.ownerReferences",
    message: /Only one reference can have Controller set to true/,
    reason: "FieldValueInvalid",
  },
  {
    title: "a finalizer without a domain",
    metadata: { finalizers: ["mine"] },
    field: "metadata.finalizers[0]",
    message: 'Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    reason: "FieldValueInvalid",
  },
  {
    title: "the finalizers orphan and foregroundDeletion together",
    metadata: { finalizers: ["orphan", "foregroundDeletion"] },
    field: "metadata.finalizers",
    message: /: finalizer orphan and foregroundDeletion cannot be both set$/,
    reason: "FieldValueInvalid",
  },
];

for (const { title, metadata, field, message, reason } of refused) {
  test(`A create with ${title} is a 422 for ${field}`, async () => {
    const answer = await server.call("POST", secretsPath, { body: withMetadata("refused", metadata) });
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.json.reason, "Invalid");
    assert.equal(answer.json.details.kind, "Secret");
    const [cause, ...more] = answer.json.details.causes;
    assert.deepEqual(more, []);
    assert.equal(cause.field, field);
    assert.equal(cause.reason, reason);
    if (typeof message === "string") assert.equal(cause.message, message);
    else assert.match(cause.message, message);
    assert.equal(answer.json.message, `Secret "refused" is invalid: ${field}: ${cause.message}`);
  });
}

test("A namespace in the body of a cluster-scoped object is Forbidden", async () => {
  const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: "scoped", namespace: "default" } };
  const answer = await server.call("POST", "/api/v1/namespaces", { body });
  const detail = "Forbidden: not allowed on this type";
  assertFailure(answer, 422, "Invalid", `Namespace "scoped" is invalid: metadata.namespace: ${detail}`, {
    name: "scoped",
    kind: "Namespace",
    causes: [{ reason: "FieldValueForbidden", message: detail, field: "metadata.namespace" }],
  });
});

test("Another namespace in the body than in the URL is a 400", async () => {
  const answer = await server.call("POST", secretsPath, { body: withMetadata("a", { namespace: "other" }) });
  const message = "the namespace of the provided object does not match the namespace sent on the request";
  assertFailure(answer, 400, "BadRequest", message);
});

test("Another name in the body than in the URL is a 400", async () => {
  await create(server, secretsPath, secret("url-name"));
  const answer = await server.call("PUT", `${secretsPath}/url-name`, { body: secret("body-name") });
  const message = "the name of the object (body-name) does not match the name on the URL (url-name)";
  assertFailure(answer, 400, "BadRequest", message);
});

test("A create sets uid and creationTimestamp and clears what speaks of a deletion", async () => {
  const created = await create(
    server,
    secretsPath,
    withMetadata("system-fields", {
      uid: "mine",
      creationTimestamp: "2001-01-01T00:00:00Z",
      deletionTimestamp: "2001-01-01T00:00:00Z",
      deletionGracePeriodSeconds: 30,
      selfLink: "/x",
    }),
  );
  const { metadata } = created;
  assert.match(metadata.uid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.match(metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.notEqual(metadata.creationTimestamp, "2001-01-01T00:00:00Z");
  assert.match(metadata.resourceVersion, /^[1-9]\d*$/);
  for (const name of ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"])
    assert.equal(name in metadata, false);
});

test("A resourceVersion in a create is a 500 without reason", async () => {
  const answer = await server.call("POST", secretsPath, { body: withMetadata("versioned", { resourceVersion: "5" }) });
  assertFailure(answer, 500, "", "resourceVersion should not be set on objects to be created");
});

test("An update keeps creationTimestamp and uid that were left out or changed back", async () => {
  const created = await create(server, secretsPath, secret("kept"));
  const body = withMetadata("kept", { creationTimestamp: "2001-01-01T00:00:00Z", labels: { a: "b" } });
  const { metadata } = (await server.call("PUT", `${secretsPath}/kept`, { body })).json;
  assert.equal(metadata.uid, created.metadata.uid);
  assert.equal(metadata.creationTimestamp, created.metadata.creationTimestamp);
});

test("An update with another uid is a 409 that names both", async () => {
  const created = await create(server, secretsPath, secret("other-uid"));
  const answer = await server.call("PUT", `${secretsPath}/other-uid`, {
    body: withMetadata("other-uid", { uid: "x" }),
  });
  const why = `Precondition failed: UID in precondition: x, UID in object meta: ${created.metadata.uid}`;
  const message = `Operation cannot be fulfilled on secrets "other-uid": ${why}`;
  assertFailure(answer, 409, "Conflict", message, { name: "other-uid", kind: "secrets" });
});

test("An update with a stale resourceVersion is a 409, one without overwrites", async () => {
  const { metadata } = await create(server, secretsPath, secret("stale"));
  const path = `${secretsPath}/stale`;
  assert.equal((await server.call("PUT", path, { body: secret("stale", { stringData: { a: "1" } }) })).status, 200);
  const { resourceVersion } = metadata;
  const answer = await server.call("PUT", path, {
    body: withMetadata("stale", { resourceVersion, labels: { a: "b" } }),
  });
  const message =
    'Operation cannot be fulfilled on secrets "stale": the object has been modified; please apply your changes to the ' +
    "latest version and try again";
  assertFailure(answer, 409, "Conflict", message, { name: "stale", kind: "secrets" });
});

test("No finalizer can be added while an object is being deleted", async () => {
  const path = `${secretsPath}/going`;
  await create(server, secretsPath, withMetadata("going", { finalizers: ["example.com/a"] }));
  await server.call("DELETE", path);
  const finalizers = ["example.com/a", "example.com/b"];
  const answer = await server.call("PUT", path, { body: withMetadata("going", { finalizers }) });
  const detail =
    'no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/b"}';
  assertFailure(answer, 422, "Invalid", `Secret "going" is invalid: metadata.finalizers: Forbidden: ${detail}`, {
    name: "going",
    kind: "Secret",
    causes: [{ reason: "FieldValueForbidden", message: `Forbidden: ${detail}`, field: "metadata.finalizers" }],
  });
});

test("generateName appends five characters to at most 58 and stays in the object", async () => {
  const body = { metadata: { generateName: "gen-" } };
  const short = await create(server, secretsPath, body);
  assert.match(short.metadata.name, /^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  assert.equal(short.metadata.generateName, "gen-");
  const long = await create(server, secretsPath, { metadata: { generateName: "g".repeat(100) } });
  assert.match(long.metadata.name, /^g{58}[bcdfghjklmnpqrstvwxz2456789]{5}$/);
});

test("Many creates of one generateName all get a name of their own", async () => {
  const body = { metadata: { generateName: "many-" } };
  const created = await Promise.all(Array.from({ length: 50 }, () => create(server, secretsPath, body)));
  assert.equal(new Set(created.map(({ metadata }) => metadata.name)).size, 50);
});

test("A write that changes nothing keeps the resourceVersion and emits no event", async () => {
  const path = `${secretsPath}/same`;
  const created = await create(server, secretsPath, secret("same", { data: { a: base64("1") } }));
  const { resourceVersion } = created.metadata;
  const watchPath = `${secretsPath}?watch=true&fieldSelector=metadata.name%3Dsame&resourceVersion=${resourceVersion}`;
  await using watch = await openWatch(server, watchPath);
  const writes = [
    await server.call("PUT", path, { body: created }),
    await server.call("PUT", path, { body: secret("same", { stringData: { a: "1" } }) }),
    await sendPatch(server, "merge", path, { data: { a: base64("1") } }),
    await sendPatch(server, "strategic", path, { metadata: { labels: null } }),
    await sendPatch(server, "json", path, []),
  ];
  for (const write of writes) {
    assert.equal(write.status, 200, write.text);
    assert.equal(write.json.metadata.resourceVersion, resourceVersion);
  }
  const changed = await sendPatch(server, "merge", path, { stringData: { a: "2" } });
  assert.notEqual(changed.json.metadata.resourceVersion, resourceVersion);
  const event = await watch.next();
  assert.equal(event.type, "MODIFIED");
  assert.equal(event.object.metadata.resourceVersion, changed.json.metadata.resourceVersion);
});

test("Resource versions of namespaces and secrets come from one counter", async () => {
  const first = await create(server, secretsPath, { metadata: { generateName: "counter-" } });
  const namespace = await create(server, "/api/v1/namespaces", { metadata: { name: "counter" } });
  const second = await create(server, secretsPath, { metadata: { generateName: "counter-" } });
  const versions = [first, namespace, second].map(({ metadata }) => Number(metadata.resourceVersion));
  assert.deepEqual(
    versions,
    [...versions].sort((a, b) => a - b),
  );
  assert.equal(new Set(versions).size, 3);
});
