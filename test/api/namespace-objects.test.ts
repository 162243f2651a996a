/**
 * What every namespace holds. Source: k/k test/e2e/auth/service_accounts.go (root CA config map, default account),
 * pkg/controller/serviceaccount, pkg/controller/certificates/rootcacertpublisher.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { create, createNamespace, sendPatch } from "../support/api-objects.ts";
import { openWatch } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer, TestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const description =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

const inNamespace = (namespace: string, resource: string) => `/api/v1/namespaces/${namespace}/${resource}`;
const configMapIn = (namespace: string) => `${inNamespace(namespace, "configmaps")}/kube-root-ca.crt`;
const accountIn = (namespace: string) => `${inNamespace(namespace, "serviceaccounts")}/default`;

/** The first state of an object that `wanted` accepts, waiting for it. */
async function eventually(
  from: TestServer,
  path: string,
  wanted: (object: Answer["json"]) => boolean = () => true,
): Promise<Answer["json"]> {
  const collection = path.slice(0, path.lastIndexOf("/"));
  const name = path.slice(collection.length + 1);
  await using watch = await openWatch(from, `${collection}?watch=true&fieldSelector=metadata.name%3D${name}`);
  for (;;) {
    const event = await watch.next();
    if (event.type !== "DELETED" && wanted(event.object)) return event.object;
  }
}

for (const namespace of ["default", "kube-system", "kube-public", "kube-node-lease"]) {
  test(`${namespace} has the account default and the server's CA from the start`, async () => {
    assert.equal((await eventually(server, accountIn(namespace))).metadata.namespace, namespace);
    const { data } = await eventually(server, configMapIn(namespace));
    assert.deepEqual(data, { "ca.crt": server.credentials.ca });
  });
}

test("A new namespace gets both, as upstream describes them", async () => {
  await createNamespace(server, "fresh");
  const configMap = await eventually(server, configMapIn("fresh"));
  assert.deepEqual(configMap.data, { "ca.crt": server.credentials.ca });
  assert.deepEqual(configMap.metadata.annotations, { "kubernetes.io/description": description });
  const account = await eventually(server, accountIn("fresh"));
  assert.equal(account.secrets, undefined);
  assert.equal(account.metadata.annotations, undefined);
});

test("What is deleted of them comes back", async () => {
  await createNamespace(server, "deleted");
  for (const path of [accountIn("deleted"), configMapIn("deleted")]) {
    const { metadata } = await eventually(server, path);
    assert.equal((await server.call("DELETE", path)).status, 200);
    await eventually(server, path, (object) => object.metadata.uid !== metadata.uid);
  }
});

test("The config map is put right when it is edited, and keeps what is not the publisher's", async () => {
  await createNamespace(server, "edited");
  const path = configMapIn("edited");
  const { metadata } = await eventually(server, path);
  const edit = { metadata: { annotations: { mine: "x", "kubernetes.io/description": null } }, data: { "ca.crt": "x" } };
  const edited = await sendPatch(server, "merge", path, {
    ...edit,
    metadata: { ...edit.metadata, labels: { a: "b" } },
  });
  assert.equal(edited.status, 200);
  const mended = await eventually(server, path, ({ data }) => data["ca.crt"] === server.credentials.ca);
  assert.equal(mended.metadata.uid, metadata.uid);
  assert.deepEqual(mended.metadata.annotations, { mine: "x", "kubernetes.io/description": description });
  assert.deepEqual(mended.metadata.labels, { a: "b" });
  await sendPatch(server, "merge", path, { data: { other: "y" } });
  assert.deepEqual((await eventually(server, path, ({ data }) => !("other" in data))).data, {
    "ca.crt": server.credentials.ca,
  });
});

test("A namespace that is being deleted gets neither, and goes with both", async () => {
  await createNamespace(server, "leaving");
  await eventually(server, configMapIn("leaving"));
  await eventually(server, accountIn("leaving"));
  const held = { metadata: { name: "held", finalizers: ["example.com/hold"] } };
  await create(server, inNamespace("leaving", "configmaps"), held);
  const path = "/api/v1/namespaces/leaving";
  const { resourceVersion } = (await server.call("DELETE", path)).json.metadata;
  const query = `watch=true&resourceVersion=${resourceVersion}&fieldSelector=metadata.name%3Dleaving`;
  await using watch = await openWatch(server, `/api/v1/namespaces?${query}`);
  const { object } = await watch.next();
  const remaining = object.status.conditions.find(({ type }: { type: string }) => type === "NamespaceContentRemaining");
  assert.equal(remaining.message, "Some resources are remaining: configmaps. has 1 resource instances");
  for (const gone of [accountIn("leaving"), configMapIn("leaving")]) {
    assert.equal((await server.call("GET", gone)).status, 404, gone);
  }
  await sendPatch(server, "merge", `${inNamespace("leaving", "configmaps")}/held`, { metadata: { finalizers: null } });
  for (let event = await watch.next(); event.type !== "DELETED"; event = await watch.next());
  assert.equal((await server.call("GET", path)).status, 404);
});
