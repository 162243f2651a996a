/** Many changes of one object at the same time. Source: apiserver pkg/storage/etcd3/store.go, GuaranteedUpdate. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { create, secret, secretsPath, sendPatch } from "../support/api-objects.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const count = 32;
const all = Array.from({ length: count }, (_, n) => n);

test("Patches without a version all succeed, however many there are at once, and none is lost", async () => {
  await create(server, secretsPath, secret("patched"));
  const answers = await Promise.all(
    all.map((n) => sendPatch(server, "merge", `${secretsPath}/patched`, { stringData: { [`k${n}`]: String(n) } })),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    all.map(() => 200),
  );
  const { json } = await server.call("GET", `${secretsPath}/patched`);
  assert.deepEqual(Object.keys(json.data).toSorted(), all.map((n) => `k${n}`).toSorted());
});

test("PUTs without a version all succeed, too", async () => {
  await create(server, secretsPath, secret("put"));
  const answers = await Promise.all(
    all.map((n) => server.call("PUT", `${secretsPath}/put`, { body: secret("put", { stringData: { k: String(n) } }) })),
  );
  assert.deepEqual(
    answers.map(({ status }) => status),
    all.map(() => 200),
  );
});

test("Of changes that expect the same version one succeeds, and the others are conflicts", async () => {
  const { metadata } = await create(server, secretsPath, secret("conditional"));
  const answers = await Promise.all(
    all.map((n) => {
      const { resourceVersion } = metadata;
      const patch = { metadata: { resourceVersion, labels: { winner: `w${n}` } } };
      return sendPatch(server, "merge", `${secretsPath}/conditional`, patch);
    }),
  );
  const codes = answers.map(({ status }) => status).toSorted();
  assert.deepEqual(codes, [200, ...all.slice(1).map(() => 409)]);
});
