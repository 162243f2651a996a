/** The life of namespaces. Source: k/k pkg/registry/core/namespace, pkg/controller/namespace. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertFailure, create, createNamespace, secret, secretsIn, sendPatch } from "../support/api-objects.ts";
import { openWatch } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const namespacesPath = "/api/v1/namespaces";

/** Deletes a namespace and waits until it is gone. */
async function deleteAndWait(name: string): Promise<void> {
  const { metadata } = (await server.call("GET", namespacesPath)).json;
  const query = `watch=true&fieldSelector=metadata.name%3D${name}&resourceVersion=${metadata.resourceVersion}`;
  await using watch = await openWatch(server, `${namespacesPath}?${query}`);
  const answer = await server.call("DELETE", `${namespacesPath}/${name}`);
  assert.equal(answer.status, 200, answer.text);
  for (let event = await watch.next(); event !== undefined && event.type !== "DELETED"; event = await watch.next());
}

test("The namespaces every cluster has are there", async () => {
  const { items } = (await server.call("GET", namespacesPath)).json;
  const names = items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
  assert.deepEqual(names, ["default", "kube-node-lease", "kube-public", "kube-system"]);
});

test("A new namespace is Active, has its finalizer and carries its name as label", async () => {
  const namespace = await createNamespace(server, "fresh");
  assert.deepEqual(namespace.metadata.labels, { "kubernetes.io/metadata.name": "fresh" });
  assert.deepEqual(namespace.spec, { finalizers: ["kubernetes"] });
  assert.deepEqual(namespace.status, { phase: "Active" });
  const changed = await sendPatch(server, "merge", `${namespacesPath}/fresh`, {
    metadata: { labels: { "kubernetes.io/metadata.name": "x" } },
  });
  assert.equal(changed.json.metadata.labels["kubernetes.io/metadata.name"], "fresh");
});

test("A dry run creates nothing in a namespace that was just deleted, as the create itself", async () => {
  await createNamespace(server, "left");
  const path = secretsIn("left");
  await create(server, path, secret("a")); // the namespace is known to be active
  await deleteAndWait("left");
  for (const query of ["?dryRun=All", ""]) {
    const answer = await server.call("POST", `${path}${query}`, { body: secret("b") });
    assertFailure(answer, 404, "NotFound", 'namespaces "left" not found', { name: "left", kind: "namespaces" });
  }
});

for (const name of ["Upper", "a.b", "x".repeat(64)]) {
  test(`The namespace name ${name.slice(0, 8)} is a 422`, async () => {
    const answer = await server.call("POST", namespacesPath, { body: { metadata: { name } } });
    assert.equal(answer.status, 422);
    assert.equal(answer.json.details.kind, "Namespace");
    assert.equal(answer.json.details.causes[0].field, "metadata.name");
  });
}

for (const name of ["default", "kube-system", "kube-public"]) {
  test(`The namespace ${name} may not be deleted`, async () => {
    const answer = await server.call("DELETE", `${namespacesPath}/${name}`);
    const message = `namespaces "${name}" is forbidden: this namespace may not be deleted`;
    assertFailure(answer, 403, "Forbidden", message, { name, kind: "namespaces" });
  });
}

test("Deleting a namespace answers with it Terminating and deletes all in it", async () => {
  await createNamespace(server, "emptied");
  for (const name of ["a", "b"]) await create(server, secretsIn("emptied"), secret(name, { stringData: { k: "v" } }));
  const holder = { metadata: { name: "holder", finalizers: ["example.com/hold"] } };
  await create(server, secretsIn("emptied"), holder);
  const { resourceVersion } = (await server.call("GET", namespacesPath)).json.metadata;
  await using watch = await openWatch(server, `${namespacesPath}?watch=true&resourceVersion=${resourceVersion}`);
  const answer = await server.call("DELETE", `${namespacesPath}/emptied`);
  assert.equal(answer.status, 200);
  assert.equal(answer.json.kind, "Namespace");
  assert.equal(answer.json.status.phase, "Terminating");
  assert.ok("deletionTimestamp" in answer.json.metadata);
  // The controller tells what it waits for; the secret with the finalizer is all that is left.
  let event = await watch.next();
  while (event.object.status.conditions === undefined) event = await watch.next();
  assert.deepEqual(
    event.object.status.conditions.map(({ type, status, reason, message }: Record<string, string>) => ({
      type,
      status,
      reason,
      message,
    })),
    [
      {
        type: "NamespaceDeletionDiscoveryFailure",
        status: "False",
        reason: "ResourcesDiscovered",
        message: "All resources successfully discovered",
      },
      {
        type: "NamespaceDeletionGroupVersionParsingFailure",
        status: "False",
        reason: "ParsedGroupVersions",
        message: "All legacy kube types successfully parsed",
      },
      {
        type: "NamespaceDeletionContentFailure",
        status: "False",
        reason: "ContentDeleted",
        message: "All content successfully deleted, may be waiting on finalization",
      },
      {
        type: "NamespaceContentRemaining",
        status: "True",
        reason: "SomeResourcesRemain",
        message: "Some resources are remaining: secrets. has 1 resource instances",
      },
      {
        type: "NamespaceFinalizersRemaining",
        status: "True",
        reason: "SomeFinalizersRemain",
        message: "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
      },
    ],
  );
  const { items } = (await server.call("GET", secretsIn("emptied"))).json;
  assert.deepEqual(
    items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
    ["holder"],
  );
  await sendPatch(server, "merge", `${secretsIn("emptied")}/holder`, { metadata: { finalizers: null } });
  while (event.type !== "DELETED") event = await watch.next();
  assert.equal(event.object.metadata.name, "emptied");
  assert.equal((await server.call("GET", `${namespacesPath}/emptied`)).status, 404);
});

test("A namespace created again holds nothing of its predecessor", async () => {
  const before = await createNamespace(server, "again");
  await create(server, secretsIn("again"), secret("a"));
  await deleteAndWait("again");
  const next = await createNamespace(server, "again");
  assert.notEqual(next.metadata.uid, before.metadata.uid);
  assert.deepEqual((await server.call("GET", secretsIn("again"))).json.items, []);
});

test("A namespace with a finalizer of metadata waits for it after it is empty", async () => {
  await create(server, namespacesPath, { metadata: { name: "held", finalizers: ["example.com/hold"] } });
  const { resourceVersion } = (await server.call("DELETE", `${namespacesPath}/held`)).json.metadata;
  await using watch = await openWatch(server, `${namespacesPath}?watch=true&resourceVersion=${resourceVersion}`);
  let event = await watch.next();
  while (event.object.spec.finalizers !== undefined) event = await watch.next();
  assert.equal(event.object.status.conditions[3].reason, "ContentRemoved");
  await sendPatch(server, "merge", `${namespacesPath}/held`, { metadata: { finalizers: null } });
  assert.equal((await watch.next()).type, "DELETED");
});

test("finalize changes the spec's finalizers, an ordinary update does not", async () => {
  const namespace = await createNamespace(server, "finalized");
  const path = `${namespacesPath}/finalized`;
  const body = { ...namespace, spec: { finalizers: ["kubernetes", "example.com/mine"] } };
  assert.deepEqual((await server.call("PUT", path, { body })).json.spec, namespace.spec);
  const finalized = await server.call("PUT", `${path}/finalize`, { body });
  assert.equal(finalized.status, 200, finalized.text);
  assert.deepEqual(finalized.json.spec, { finalizers: ["kubernetes", "example.com/mine"] });
  assert.deepEqual(finalized.json.status, { phase: "Active" });
  // The last finalizer of a terminating namespace lets it go.
  await server.call("DELETE", path);
  const { resourceVersion } = (await server.call("GET", namespacesPath)).json.metadata;
  await using watch = await openWatch(
    server,
    `${path.replace("/api/v1/", "/api/v1/watch/")}?resourceVersion=${resourceVersion}`,
  );
  const last = { apiVersion: "v1", kind: "Namespace", metadata: { name: "finalized" }, spec: {} };
  assert.equal((await server.call("PUT", `${path}/finalize`, { body: last })).status, 200);
  for (let event = await watch.next(); event.type !== "DELETED"; event = await watch.next());
});

test("status is read and written apart, and its phase follows the deletion", async () => {
  await createNamespace(server, "status");
  const path = `${namespacesPath}/status`;
  assert.equal((await server.call("GET", `${path}/status`)).json.kind, "Namespace");
  const conditions = [{ type: "NamespaceDeletionDiscoveryFailure", status: "False" }];
  const patched = await sendPatch(server, "merge", `${path}/status`, { status: { conditions } });
  assert.equal(patched.status, 200, patched.text);
  assert.equal(patched.json.status.conditions[0].type, conditions[0]?.type);
  const refused = await sendPatch(server, "merge", `${path}/status`, { status: { phase: "Terminating" } });
  assert.equal(refused.status, 422);
  const ordinary = await sendPatch(server, "merge", path, { status: { conditions: null } });
  assert.deepEqual(ordinary.json.status, patched.json.status);
});
