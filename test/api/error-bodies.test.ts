/** The Status body of each kind of failure. Source: apimachinery pkg/api/errors/errors.go. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertFailure, create, createNamespace, secret, secretsIn, secretsPath } from "../support/api-objects.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const details = { name: "missing", kind: "secrets" };

for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
  test(`${method} of a missing secret is a 404 with the resource as kind`, async () => {
    const body = method === "GET" || method === "DELETE" ? undefined : secret("missing");
    const headers = { "Content-Type": method === "PATCH" ? "application/merge-patch+json" : "application/json" };
    const answer = await server.call(method, `${secretsPath}/missing`, body === undefined ? {} : { body, headers });
    assertFailure(answer, 404, "NotFound", 'secrets "missing" not found', details);
  });
}

for (const path of [
  "/nope",
  "/api/v1/nothings",
  "/apis/none.example.com/v1/things",
  `${secretsPath}/a/nope`,
  "/api/v2/secrets",
  "/api/v1/secrets/a",
]) {
  test(`${path} is a plain 404`, async () => {
    const answer = await server.call("GET", path);
    assert.equal(answer.status, 404);
    assert.equal(answer.headers["content-type"], "text/plain; charset=utf-8");
    assert.equal(answer.text, "404 page not found\n");
  });
}

const notAllowed: [string, string][] = [
  ["POST", `${secretsPath}/a`],
  ["PUT", secretsPath],
  ["PATCH", secretsPath],
  ["POST", "/api/v1/secrets"],
  ["DELETE", "/api/v1/secrets"],
  ["DELETE", "/api/v1/namespaces"],
  ["DELETE", "/api/v1/namespaces/default/status"],
  ["FROBNICATE", secretsPath],
];

for (const [method, path] of notAllowed) {
  test(`${method} ${path} is a 405`, async () => {
    // A method that node's client and parser do not know cannot be sent: LINK stands for those the API does not know.
    const answer = await server.call(method === "FROBNICATE" ? "LINK" : method, path);
    assert.equal(answer.status, 405, answer.text);
    assert.equal(answer.json.reason, "MethodNotAllowed");
    assert.equal(answer.json.message, "the server does not allow this method on the requested resource");
  });
}

test("A taken name is a 409, and says so when its holder is being deleted", async () => {
  const body = { metadata: { name: "held", finalizers: ["example.com/hold"] } };
  await create(server, secretsPath, body);
  const held = { name: "held", kind: "secrets" };
  const first = await server.call("POST", secretsPath, { body });
  assertFailure(first, 409, "AlreadyExists", 'secrets "held" already exists', held);
  await server.call("DELETE", `${secretsPath}/held`);
  const second = await server.call("POST", secretsPath, { body });
  assertFailure(second, 409, "AlreadyExists", 'object is being deleted: secrets "held" already exists', held);
});

test("A create in a missing namespace is a 404 of the namespace", async () => {
  const answer = await server.call("POST", secretsIn("nowhere"), { body: secret("a") });
  assertFailure(answer, 404, "NotFound", 'namespaces "nowhere" not found', { name: "nowhere", kind: "namespaces" });
});

test("A create in a terminating namespace is a 403 with its cause", async () => {
  await createNamespace(server, "leaving");
  await create(server, secretsIn("leaving"), { metadata: { name: "holds", finalizers: ["example.com/hold"] } });
  await server.call("DELETE", "/api/v1/namespaces/leaving");
  const answer = await server.call("POST", secretsIn("leaving"), { body: secret("n") });
  const message =
    'secrets "n" is forbidden: unable to create new content in namespace leaving because it is being terminated';
  assertFailure(answer, 403, "Forbidden", message, {
    name: "n",
    kind: "secrets",
    causes: [
      { reason: "NamespaceTerminating", message: "namespace leaving is being terminated", field: "metadata.namespace" },
    ],
  });
});

test("Invalid base64 is a 400 that gives the position, not the value", async () => {
  const answer = await server.call("POST", secretsPath, { body: secret("a", { data: { k: "YWJj!ZGVm" } }) });
  const message = 'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 4';
  assertFailure(answer, 400, "BadRequest", message);
});

test("A resource version from the future is a 504 after a wait", async () => {
  const answer = await server.call("GET", `${secretsPath}?resourceVersion=1000000&resourceVersionMatch=NotOlderThan`);
  assert.equal(answer.status, 504);
  assert.equal(answer.json.reason, "Timeout");
  assert.match(answer.json.message, /^Too large resource version: 1000000, current: \d+$/);
  assert.deepEqual(answer.json.details, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
  assert.equal(answer.headers["retry-after"], "1");
});

test("A failure is told in YAML and protobuf where these are asked for", async () => {
  const yaml = await server.call("GET", `${secretsPath}/missing`, { headers: { Accept: "application/yaml" } });
  assert.equal(yaml.headers["content-type"], "application/yaml");
  assert.match(yaml.text, /^reason: NotFound$/m);
  const protobuf = await server.call("GET", `${secretsPath}/missing`, {
    headers: { Accept: "application/vnd.kubernetes.protobuf" },
  });
  assert.equal(protobuf.status, 404);
  assert.equal(protobuf.body.subarray(0, 4).toString("latin1"), "k8s\0");
  assert.ok(protobuf.text.includes('secrets "missing" not found'));
});

test("Every answer carries an audit id, which a client may propose", async () => {
  const own = await server.call("GET", `${secretsPath}/missing`);
  assert.match(own.headers["audit-id"] as string, /^[0-9a-f-]{36}$/);
  const proposed = await server.call("GET", `${secretsPath}/missing`, { headers: { "Audit-ID": "my-own-id" } });
  assert.equal(proposed.headers["audit-id"], "my-own-id");
  assert.equal(proposed.headers["cache-control"], "no-cache, private");
});
