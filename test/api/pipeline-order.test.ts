/** Which of several errors wins, and the options of a write. Source: apiserver pkg/endpoints/handlers/create.go. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertFailure, base64, create, secret, secretsPath, sendPatch } from "../support/api-objects.ts";
import { startTestServer } from "../running-server.ts";
import type { Call } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const tooLarge = Buffer.alloc(3 * 1024 * 1024 + 1, 0x20);
const accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/**
 * Each request has every fault from its own on: the first in the order
 * 406, 415, 413, 422 (options), 400 (decode), 400 (kind), 400 (namespace), 422, 409 must win.
 */
const faults: { title: string; path: string; call: Call; code: number; reason: string; message: string }[] = [
  {
    title: "an unacceptable Accept before everything else",
    path: `${secretsPath}?dryRun=Some`,
    call: { body: tooLarge, headers: { Accept: "application/xml", "Content-Type": "text/csv" } },
    code: 406,
    reason: "NotAcceptable",
    message: `only the following media types are accepted: ${accepted}`,
  },
  {
    title: "an unknown Content-Type before a too large body",
    path: `${secretsPath}?dryRun=Some`,
    call: { body: tooLarge, headers: { "Content-Type": "text/csv" } },
    code: 415,
    reason: "UnsupportedMediaType",
    message: `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
  },
  {
    title: "a too large body before bad options",
    path: `${secretsPath}?dryRun=Some`,
    call: { body: tooLarge },
    code: 413,
    reason: "RequestEntityTooLarge",
    message: "Request entity too large: limit is 3145728",
  },
  {
    title: "bad options before a body that cannot be decoded",
    path: `${secretsPath}?dryRun=Some`,
    call: { body: "{" },
    code: 422,
    reason: "Invalid",
    message: 'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
  },
  {
    title: "a body that cannot be decoded before its kind and namespace",
    path: secretsPath,
    call: { body: '{"kind":"Pod","metadata":{"namespace":"other"}' },
    code: 400,
    reason: "BadRequest",
    message:
      "the object provided is unrecognized (must be of type Secret): couldn't get version/kind; json parse error: " +
      "unexpected end of JSON input",
  },
  {
    title: "another kind before another namespace",
    path: secretsPath,
    call: { body: { kind: "Pod", apiVersion: "v1", metadata: { name: "a", namespace: "other" } } },
    code: 400,
    reason: "BadRequest",
    message:
      'Pod in version "v1" cannot be handled as a Secret: converting (v1.Pod) to (core.Secret): unknown conversion',
  },
  {
    title: "another namespace before an invalid name",
    path: secretsPath,
    call: { body: secret("Bad Name", { metadata: { name: "Bad Name", namespace: "other" } }) },
    code: 400,
    reason: "BadRequest",
    message: "the namespace of the provided object does not match the namespace sent on the request",
  },
  {
    title: "a missing namespace before an invalid type",
    path: "/api/v1/namespaces/missing/secrets",
    call: { body: secret("a", { type: "kubernetes.io/ssh-auth" }) },
    code: 404,
    reason: "NotFound",
    message: 'namespaces "missing" not found',
  },
  {
    title: "an invalid object before a taken name",
    path: secretsPath,
    call: { body: secret("taken", { type: "kubernetes.io/ssh-auth" }) },
    code: 422,
    reason: "Invalid",
    message: 'Secret "taken" is invalid: data[ssh-privatekey]: Required value',
  },
  {
    title: "a taken name at last",
    path: secretsPath,
    call: { body: secret("taken") },
    code: 409,
    reason: "AlreadyExists",
    message: 'secrets "taken" already exists',
  },
];

test("The name that the last faults collide with exists", async () => {
  await create(server, secretsPath, secret("taken"));
});

for (const { title, path, call, code, reason, message } of faults) {
  test(`A create reports ${title}`, async () => {
    const answer = await server.call("POST", path, call);
    assert.equal(answer.json.message, message);
    assert.equal(answer.json.reason, reason);
    assert.equal(answer.json.code, code);
    assert.equal(answer.status, code);
  });
}

const strict = '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"NAME"},"data":{"k":"YQ==","k":"Yg=="},"foo":1}';

test("fieldValidation=Strict refuses unknown and duplicate fields", async () => {
  const body = strict.replace("NAME", "strict");
  const answer = await server.call("POST", `${secretsPath}?fieldValidation=Strict`, { body });
  const message =
    'Secret in version "v1" cannot be handled as a Secret: strict decoding error: unknown field "foo", duplicate field "data.k"';
  assertFailure(answer, 400, "BadRequest", message);
});

for (const query of ["", "?fieldValidation=Warn"]) {
  test(`fieldValidation ${query === "" ? "left out" : "Warn"} warns of unknown and duplicate fields`, async () => {
    const body = strict.replace("NAME", query === "" ? "default-warns" : "warns");
    const answer = await server.call("POST", `${secretsPath}${query}`, { body });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers["warning"], '299 - "unknown field \\"foo\\"", 299 - "duplicate field \\"data.k\\""');
    assert.deepEqual(answer.json.data, { k: "Yg==" });
    assert.equal("foo" in answer.json, false);
  });
}

test("fieldValidation=Ignore is silent", async () => {
  const answer = await server.call("POST", `${secretsPath}?fieldValidation=Ignore`, {
    body: strict.replace("NAME", "ignores"),
  });
  assert.equal(answer.status, 201);
  assert.equal(answer.headers["warning"], undefined);
});

test("A patch that adds an unknown field is refused by Strict and warned of by Warn", async () => {
  const path = `${secretsPath}/taken`;
  const refused = await sendPatch(server, "merge", `${path}?fieldValidation=Strict`, { foo: 1 });
  assert.equal(refused.status, 400);
  assert.match(refused.json.message, /strict decoding error: unknown field "foo"/);
  const warned = await sendPatch(server, "merge", `${path}?fieldValidation=Warn`, { foo: 1 });
  assert.equal(warned.status, 200);
  assert.equal(warned.headers["warning"], '299 - "unknown field \\"foo\\""');
});

const badOptions: { query: string; kind: string; method: string; message: RegExp }[] = [
  {
    query: "fieldValidation=Maybe",
    kind: "CreateOptions",
    method: "POST",
    message: /fieldValidation: Unsupported value: "Maybe": supported values: "", "Ignore", "Strict", "Warn"$/,
  },
  {
    query: `fieldManager=${"m".repeat(129)}`,
    kind: "UpdateOptions",
    method: "PUT",
    message: /fieldManager: Too long: may not be more than 128 bytes/,
  },
  {
    query: "fieldManager=a%01b",
    kind: "UpdateOptions",
    method: "PUT",
    message: /fieldManager: Invalid value: "a\\x01b": invalid character U\+0001 \(at position 1\)/,
  },
  {
    query: "force=true",
    kind: "PatchOptions",
    method: "PATCH",
    message: /force: Forbidden: may not be specified for non-apply patch/,
  },
  { query: "dryRun=Some", kind: "PatchOptions", method: "PATCH", message: /supported values: "All"/ },
];

for (const { query, kind, method, message } of badOptions) {
  test(`${method} with ${query.slice(0, 24)} is a 422 of ${kind}`, async () => {
    const path = method === "POST" ? secretsPath : `${secretsPath}/taken`;
    const headers = { "Content-Type": method === "PATCH" ? "application/merge-patch+json" : "application/json" };
    const answer = await server.call(method, `${path}?${query}`, { body: secret("taken"), headers });
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.json.reason, "Invalid");
    assert.equal(answer.json.details.kind, kind);
    assert.equal(answer.json.details.group, "meta.k8s.io");
    assert.ok(answer.json.message.startsWith(`${kind}.meta.k8s.io "" is invalid: `), answer.json.message);
    assert.match(answer.json.message, message);
  });
}

test("A dry run of every write answers in full and persists nothing", async () => {
  await create(server, secretsPath, secret("dry", { data: { a: base64("1") } }));
  const before = (await server.call("GET", secretsPath)).text;
  const path = `${secretsPath}/dry`;
  const created = await server.call("POST", `${secretsPath}?dryRun=All`, { body: secret("dry-new", { type: "t" }) });
  assert.equal(created.status, 201);
  assert.match(created.json.metadata.uid, /-/);
  assert.equal("resourceVersion" in created.json.metadata, false);
  const updated = await server.call("PUT", `${path}?dryRun=All`, { body: secret("dry", { stringData: { b: "2" } }) });
  assert.deepEqual(updated.json.data, { b: base64("2") });
  const patched = await sendPatch(server, "merge", `${path}?dryRun=All`, { stringData: { c: "3" } });
  assert.deepEqual(patched.json.data, { a: base64("1"), c: base64("3") });
  assert.equal((await server.call("DELETE", `${path}?dryRun=All`)).status, 200);
  assert.equal((await server.call("DELETE", `${secretsPath}?dryRun=All`)).status, 200);
  const taken = await server.call("POST", `${secretsPath}?dryRun=All`, { body: secret("dry") });
  assert.equal(taken.status, 409);
  const invalid = await server.call("POST", `${secretsPath}?dryRun=All`, { body: secret("Dry") });
  assert.equal(invalid.status, 422);
  assert.equal((await server.call("GET", secretsPath)).text, before);
});

test("A TLS pair that cannot be parsed is stored with a warning", async () => {
  const body = secret("tls", { type: "kubernetes.io/tls", stringData: { "tls.crt": "x", "tls.key": "y" } });
  const answer = await server.call("POST", secretsPath, { body });
  assert.equal(answer.status, 201);
  assert.match(answer.headers["warning"] as string, /^299 - "tls: failed to find any PEM data in certificate input"$/);
  const update = await sendPatch(server, "merge", `${secretsPath}/tls`, { metadata: { labels: { a: "b" } } });
  assert.equal(update.headers["warning"], answer.headers["warning"]);
});
