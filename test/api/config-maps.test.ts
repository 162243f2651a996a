/** ConfigMaps and ServiceAccounts. Source: k/k pkg/registry/core/{configmap,serviceaccount}, pkg/apis/core/validation. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertFailure, create, createNamespace, sendPatch } from "../support/api-objects.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const configMapsPath = "/api/v1/namespaces/default/configmaps";
const accountsPath = "/api/v1/namespaces/default/serviceaccounts";

function configMap(name: string, fields: object = {}): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, ...fields };
}

function serviceAccount(name: string, fields: object = {}): object {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name }, ...fields };
}

test("A ConfigMap is created, read, patched and deleted", async () => {
  const created = await create(server, configMapsPath, configMap("settings", { data: { b: "2", a: "1" } }));
  const read = await server.call("GET", `${configMapsPath}/settings`);
  assert.deepEqual(read.json, created);
  assert.deepEqual(Object.keys(read.json), ["kind", "apiVersion", "metadata", "data"]);
  const patched = await sendPatch(server, "merge", `${configMapsPath}/settings`, { data: { a: null, c: "3" } });
  assert.deepEqual(patched.json.data, { b: "2", c: "3" });
  const deleted = await server.call("DELETE", `${configMapsPath}/settings`);
  assert.deepEqual(deleted.json.details, { name: "settings", kind: "configmaps", uid: created.metadata.uid });
});

test("Keys of a ConfigMap are checked in both maps and must not be in both", async () => {
  const bad = configMap("bad", { data: { "a b": "1", x: "1" }, binaryData: { x: "AA==", "..": "" } });
  const answer = await server.call("POST", configMapsPath, { body: bad });
  assert.equal(answer.status, 422);
  assert.deepEqual(
    answer.json.details.causes.map(({ field, reason }: { field: string; reason: string }) => [field, reason]),
    [
      ["data[a b]", "FieldValueInvalid"],
      ["data[x]", "FieldValueInvalid"],
      ["binaryData[..]", "FieldValueInvalid"],
    ],
  );
  assert.match(answer.json.message, /data\[x\]: Invalid value: "x": duplicate of key present in binaryData/);
});

test("Texts and bytes of a ConfigMap are 1 MiB together, and the error names no field", async () => {
  const half = "x".repeat(524_288);
  const binary = Buffer.alloc(524_288).toString("base64");
  await create(server, configMapsPath, configMap("full", { data: { half }, binaryData: { binary } }));
  const answer = await server.call("POST", configMapsPath, {
    body: configMap("over", { data: { half, more: "x" }, binaryData: { binary } }),
  });
  assertFailure(answer, 422, "Invalid", 'ConfigMap "over" is invalid: : Too long: may not be more than 1048576 bytes', {
    name: "over",
    kind: "ConfigMap",
    causes: [{ reason: "FieldValueTooLong", message: "Too long: may not be more than 1048576 bytes" }],
  });
});

test("An immutable ConfigMap keeps its contents", async () => {
  await create(server, configMapsPath, configMap("fixed", { data: { a: "1" }, immutable: true }));
  const changed = { data: { a: "2" }, binaryData: { b: "AA==" }, immutable: false };
  const answer = await sendPatch(server, "merge", `${configMapsPath}/fixed`, changed);
  const detail = "Forbidden: field is immutable when `immutable` is set";
  assert.equal(
    answer.json.message,
    `ConfigMap "fixed" is invalid: [immutable: ${detail}, data: ${detail}, binaryData: ${detail}]`,
  );
  assert.equal(
    (await sendPatch(server, "merge", `${configMapsPath}/fixed`, { metadata: { labels: { a: "b" } } })).status,
    200,
  );
});

test("A ServiceAccount keeps of its Secrets the names only", async () => {
  const account = serviceAccount("builder", {
    secrets: [{ kind: "Secret", name: "one", namespace: "elsewhere", uid: "u" }],
    imagePullSecrets: [{ name: "registry" }],
    automountServiceAccountToken: false,
  });
  const { secrets, imagePullSecrets, automountServiceAccountToken } = await create(server, accountsPath, account);
  assert.deepEqual(secrets, [{ name: "one" }]);
  assert.deepEqual([imagePullSecrets, automountServiceAccountToken], [[{ name: "registry" }], false]);
  const patched = await sendPatch(server, "strategic", `${accountsPath}/builder`, {
    secrets: [{ name: "two", fieldPath: "x" }],
    imagePullSecrets: [{ name: "other" }],
  });
  assert.deepEqual(patched.json.secrets, [{ name: "two" }, { name: "one" }]);
  // Upstream gives this list no merge key, unlike that of a pod.
  assert.deepEqual(patched.json.imagePullSecrets, [{ name: "other" }]);
});

test("Only setting the deprecated annotation of a ServiceAccount anew warns", async () => {
  const annotations = { "kubernetes.io/enforce-mountable-secrets": "true" };
  const body = { ...serviceAccount("warned"), metadata: { name: "warned", annotations } };
  const created = await server.call("POST", accountsPath, { body });
  assert.match(String(created.headers["warning"]), /^299 - "metadata\.annotations\[kubernetes\.io\/enforce-mountable/);
  const patched = await sendPatch(server, "merge", `${accountsPath}/warned`, { metadata: { labels: { a: "b" } } });
  assert.deepEqual([patched.status, patched.headers["warning"]], [200, undefined]);
});

test("Tables of both kinds print what upstream prints", async () => {
  await create(server, configMapsPath, configMap("printed", { data: { a: "" }, binaryData: { b: "" } }));
  await create(server, accountsPath, serviceAccount("printed", { secrets: [{ name: "a" }] }));
  const headers = { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
  for (const [path, column, cell] of [
    [configMapsPath, "Data", 2],
    [accountsPath, "Secrets", 1],
  ] as const) {
    const { columnDefinitions, rows } = (await server.call("GET", `${path}/printed`, { headers })).json;
    assert.deepEqual(
      columnDefinitions.map(({ name }: { name: string }) => name),
      ["Name", column, "Age"],
    );
    assert.deepEqual(rows[0].cells.slice(0, 2), ["printed", cell]);
  }
});

test("Nothing is created in a namespace that is missing or going", async () => {
  const missing = await server.call("POST", "/api/v1/namespaces/nowhere/configmaps", { body: configMap("x") });
  assertFailure(missing, 404, "NotFound", 'namespaces "nowhere" not found', { name: "nowhere", kind: "namespaces" });
  await createNamespace(server, "going");
  const held = { ...configMap("held"), metadata: { name: "held", finalizers: ["example.com/hold"] } };
  await create(server, "/api/v1/namespaces/going/configmaps", held);
  await server.call("DELETE", "/api/v1/namespaces/going");
  const going = await server.call("POST", "/api/v1/namespaces/going/configmaps", { body: configMap("x") });
  assert.equal(going.status, 403, going.text);
  assert.equal(going.json.details.causes[0].reason, "NamespaceTerminating");
});
