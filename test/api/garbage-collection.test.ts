/** Owners and their dependents. Source: k/k pkg/controller/garbagecollector, test/integration/garbagecollector. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { create, createNamespace, secretsIn, sendPatch } from "../support/api-objects.ts";
import { openWatch } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer } from "../running-server.ts";
import { looseAuditEvents } from "../support/audit-events.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

type Metadata = Answer["json"]["metadata"];

let namespaces = 0;

/** A new namespace, with what the tests do in it. */
async function freshNamespace() {
  const namespace = `owned-${++namespaces}`;
  await createNamespace(server, namespace);
  const secrets = secretsIn(namespace);
  const configMaps = secrets.replace("/secrets", "/configmaps");
  const metadataOf = async (path: string): Promise<Metadata | undefined> =>
    (await server.call("GET", path)).json.metadata;
  /** Watches a collection from now on. */
  const follow = async (path: string) => {
    const { resourceVersion } = await metadataOf(path);
    return openWatch(server, `${path}?watch=true&resourceVersion=${resourceVersion}`);
  };
  const add = (name: string, metadata: object = {}): Promise<Answer["json"]> =>
    create(server, secrets, { metadata: { ...metadata, name }, stringData: { k: name } });
  const remove = (name: string, propagationPolicy: string) =>
    server.call("DELETE", `${secrets}/${name}`, { body: { propagationPolicy } });
  const names = async (path = secrets): Promise<string[]> =>
    (await server.call("GET", path)).json.items.map(({ metadata }: { metadata: Metadata }) => metadata.name);
  return { namespace, secrets, configMaps, follow, add, remove, names };
}

const ownedBy = (owner: Answer["json"], fields: object = {}) => ({
  apiVersion: "v1",
  kind: "Secret",
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  ...fields,
});

/** The next deletions in a watch, by name; raises when an object in `spared` is among them. */
async function deletions(watch: Awaited<ReturnType<typeof openWatch>>, count: number): Promise<string[]> {
  const deleted: string[] = [];
  while (deleted.length < count) {
    const event = await watch.next();
    if (event.type === "DELETED") deleted.push(event.object.metadata.name);
  }
  return deleted;
}

test("Dependents go after their owner, and theirs after them", async () => {
  const { secrets, follow, add, remove, names } = await freshNamespace();
  const owner = await add("owner");
  const child = await add("child", { ownerReferences: [ownedBy(owner)] });
  await add("grandchild", { ownerReferences: [ownedBy(child)] });
  await add("stranger");
  await using watch = await follow(secrets);
  assert.equal((await remove("owner", "Background")).json.kind, "Status");
  assert.deepEqual(await deletions(watch, 3), ["owner", "child", "grandchild"]);
  assert.deepEqual(await names(), ["stranger"]);
});

test("A dependent of several owners loses the reference to the one that went, and goes with the last", async () => {
  const { secrets, follow, add, remove } = await freshNamespace();
  const [one, two] = [await add("one"), await add("two")];
  await add("shared", { ownerReferences: [ownedBy(one, { blockOwnerDeletion: true }), ownedBy(two)] });
  await using watch = await follow(secrets);
  await remove("one", "Background");
  assert.deepEqual(await deletions(watch, 1), ["one"]);
  const { object } = await watch.next();
  assert.deepEqual(object.metadata.ownerReferences, [ownedBy(two)]);
  await remove("two", "Background");
  assert.deepEqual(await deletions(watch, 2), ["two", "shared"]);
});

test("In the foreground the owner goes last, and waits for blocking dependents only", async () => {
  const { secrets, follow, add, remove } = await freshNamespace();
  const owner = await add("owner");
  const holding = { finalizers: ["example.com/hold"] };
  await add("blocking", { ...holding, ownerReferences: [ownedBy(owner, { blockOwnerDeletion: true })] });
  await add("other", { ...holding, ownerReferences: [ownedBy(owner)] });
  await add("quick", { ownerReferences: [ownedBy(owner, { blockOwnerDeletion: true })] });
  await using watch = await follow(secrets);
  const answer = await remove("owner", "Foreground");
  assert.deepEqual(answer.json.metadata.finalizers, ["foregroundDeletion"]);
  assert.deepEqual(await deletions(watch, 1), ["quick"]);
  const release = (name: string) =>
    sendPatch(server, "merge", `${secrets}/${name}`, { metadata: { finalizers: null } });
  await release("blocking");
  assert.deepEqual(await deletions(watch, 2), ["blocking", "owner"]);
  const left = (await server.call("GET", `${secrets}/other`)).json;
  assert.ok("deletionTimestamp" in left.metadata);
  await release("other");
  assert.deepEqual(await deletions(watch, 1), ["other"]);
});

test("In the foreground dependents of dependents go first", async () => {
  const { secrets, follow, add, remove } = await freshNamespace();
  const owner = await add("owner");
  const child = await add("child", { ownerReferences: [ownedBy(owner, { blockOwnerDeletion: true })] });
  await add("grandchild", { ownerReferences: [ownedBy(child, { blockOwnerDeletion: true })] });
  await using watch = await follow(secrets);
  await remove("owner", "Foreground");
  assert.deepEqual(await deletions(watch, 3), ["grandchild", "child", "owner"]);
});

test("A dependent that is made non-blocking lets its owner go", async () => {
  const { secrets, follow, add, remove } = await freshNamespace();
  const owner = await add("owner");
  const held = { finalizers: ["example.com/hold"] };
  await add("held", { ...held, ownerReferences: [ownedBy(owner, { blockOwnerDeletion: true })] });
  await using watch = await follow(secrets);
  await remove("owner", "Foreground");
  await sendPatch(server, "merge", `${secrets}/held`, {
    metadata: { ownerReferences: [ownedBy(owner, { blockOwnerDeletion: false })] },
  });
  assert.deepEqual(await deletions(watch, 1), ["owner"]);
});

test("A cycle of blocking owners that is deleted in the foreground goes", async () => {
  const { secrets, follow, add, remove } = await freshNamespace();
  const one = await add("one");
  const two = await add("two", { ownerReferences: [ownedBy(one, { blockOwnerDeletion: true })] });
  const ownerReferences = [ownedBy(two, { blockOwnerDeletion: true })];
  assert.equal((await sendPatch(server, "merge", `${secrets}/one`, { metadata: { ownerReferences } })).status, 200);
  await using watch = await follow(secrets);
  await remove("one", "Foreground");
  assert.deepEqual((await deletions(watch, 2)).toSorted(), ["one", "two"]);
});

for (const options of [{ propagationPolicy: "Orphan" }, { orphanDependents: true }]) {
  test(`A delete with ${JSON.stringify(options)} leaves the dependents without the reference`, async () => {
    const { secrets, follow, add, names } = await freshNamespace();
    const [owner, other] = [await add("owner"), await add("other")];
    await add("child", { ownerReferences: [ownedBy(owner), ownedBy(other)] });
    await add("only", { ownerReferences: [ownedBy(owner)] });
    await using watch = await follow(secrets);
    const answer = await server.call("DELETE", `${secrets}/owner`, { body: options });
    assert.deepEqual(answer.json.metadata.finalizers, ["orphan"]);
    assert.deepEqual(await deletions(watch, 1), ["owner"]);
    assert.deepEqual(await names(), ["child", "only", "other"]);
    const references = async (name: string) =>
      (await server.call("GET", `${secrets}/${name}`)).json.metadata.ownerReferences;
    assert.deepEqual(await references("child"), [ownedBy(other)]);
    assert.equal(await references("only"), undefined);
  });
}

test("An owner that never existed, or is another object by that name, is absent", async () => {
  const { secrets, follow, add } = await freshNamespace();
  const owner = await add("owner");
  await using watch = await follow(secrets);
  await add("of-nobody", { ownerReferences: [ownedBy(owner, { name: "nobody" })] });
  await add("of-another-uid", { ownerReferences: [ownedBy(owner, { uid: "0" })] });
  await add("of-another-kind", { ownerReferences: [ownedBy(owner, { kind: "ConfigMap" })] });
  await add("rightly-owned", { ownerReferences: [ownedBy(owner)] });
  assert.deepEqual((await deletions(watch, 3)).toSorted(), ["of-another-kind", "of-another-uid", "of-nobody"]);
  assert.equal((await server.call("GET", `${secrets}/rightly-owned`)).status, 200);
});

test("An owner in another namespace is absent; one outside of namespaces owns across them", async () => {
  const { secrets, follow, add, namespace } = await freshNamespace();
  const elsewhere = await freshNamespace();
  const owner = await elsewhere.add("owner");
  const clusterOwner = await createNamespace(server, `${namespace}-owner`);
  await using watch = await follow(secrets);
  await add("of-elsewhere", { ownerReferences: [ownedBy(owner)] });
  await add("of-namespace", { ownerReferences: [ownedBy(clusterOwner, { kind: "Namespace" })] });
  assert.deepEqual(await deletions(watch, 1), ["of-elsewhere"]);
  await server.call("DELETE", `/api/v1/namespaces/${namespace}-owner`);
  assert.deepEqual(await deletions(watch, 1), ["of-namespace"]);
});

test("An object outside of namespaces is not collected for an owner inside of one, nor for one of an unknown kind", async () => {
  const { secrets, follow, add, namespace } = await freshNamespace();
  const owner = await add("owner");
  const reference = ownedBy(owner, { uid: "1" });
  const path = "/api/v1/namespaces";
  await create(server, path, { metadata: { name: `${namespace}-owned`, ownerReferences: [reference] } });
  const unknown = { apiVersion: "example.com/v1", kind: "Widget", name: "w", uid: "2" };
  await add("of-unknown", { ownerReferences: [unknown, ownedBy(owner, { name: "nobody" })] });
  await using watch = await follow(secrets);
  // The collector has looked at both when it has collected what came after them.
  await add("last", { ownerReferences: [reference] });
  assert.deepEqual(await deletions(watch, 1), ["last"]);
  assert.equal((await server.call("GET", `${path}/${namespace}-owned`)).json.status.phase, "Active");
  assert.equal((await server.call("GET", `${secrets}/of-unknown`)).json.metadata.ownerReferences.length, 2);
});

test("A dangling reference goes while another owner is there", async () => {
  const { secrets, follow, add } = await freshNamespace();
  const owner = await add("owner");
  await using watch = await follow(secrets);
  await add("half", { ownerReferences: [ownedBy(owner, { name: "nobody", uid: "3" }), ownedBy(owner)] });
  await watch.next();
  assert.deepEqual((await watch.next()).object.metadata.ownerReferences, [ownedBy(owner)]);
});

test("Objects of different kinds own each other", async () => {
  const { configMaps, secrets, follow, add } = await freshNamespace();
  const map = await create(server, configMaps, { metadata: { name: "map" } });
  const child = await add("child", { ownerReferences: [ownedBy(map, { kind: "ConfigMap" })] });
  const accounts = secrets.replace("/secrets", "/serviceaccounts");
  await create(server, accounts, { metadata: { name: "account", ownerReferences: [ownedBy(child)] } });
  await using watch = await follow(accounts);
  await server.call("DELETE", `${configMaps}/map`);
  assert.deepEqual(await deletions(watch, 1), ["account"]);
  assert.equal((await server.call("GET", `${secrets}/child`)).status, 404);
});

test("A deletecollection collects what its objects own, also in other kinds", async () => {
  const { configMaps, secrets, follow, add } = await freshNamespace();
  for (const name of ["a", "b"]) {
    const map = await create(server, configMaps, { metadata: { name, labels: { go: "yes" } } });
    await add(name, { ownerReferences: [ownedBy(map, { kind: "ConfigMap" })] });
  }
  await using watch = await follow(secrets);
  const answer = await server.call("DELETE", `${configMaps}?labelSelector=go%3Dyes&propagationPolicy=Foreground`);
  assert.equal(answer.json.items.length, 2);
  assert.deepEqual((await deletions(watch, 2)).toSorted(), ["a", "b"]);
});

test("A second delete may change its mind about dependents", async () => {
  const { secrets, follow, add, remove } = await freshNamespace();
  const owner = await add("owner");
  const held = { finalizers: ["example.com/hold"] };
  await add("held", { ...held, ownerReferences: [ownedBy(owner, { blockOwnerDeletion: true })] });
  await using watch = await follow(secrets);
  await remove("owner", "Foreground");
  assert.equal((await remove("owner", "Background")).json.kind, "Status");
  assert.deepEqual(await deletions(watch, 1), ["owner"]);
});

test("A namespace goes with owners in it that wait for their dependents", async () => {
  const { namespace, add, remove } = await freshNamespace();
  const owner = await add("owner");
  const held = { finalizers: ["example.com/hold"] };
  await add("held", { ...held, ownerReferences: [ownedBy(owner, { blockOwnerDeletion: true })] });
  await remove("owner", "Foreground");
  const path = `/api/v1/namespaces/${namespace}`;
  const { resourceVersion } = (await server.call("DELETE", path)).json.metadata;
  const query = `watch=true&resourceVersion=${resourceVersion}&fieldSelector=metadata.name%3D${namespace}`;
  await using watch = await openWatch(server, `/api/v1/namespaces?${query}`);
  await watch.next();
  await sendPatch(server, "merge", `${secretsIn(namespace)}/held`, { metadata: { finalizers: null } });
  assert.deepEqual(await deletions(watch, 1), [namespace]);
});

test("What the collector does is on record under its own name", async () => {
  const { secrets, follow, add, remove, namespace } = await freshNamespace();
  const owner = await add("owner");
  await add("child", { ownerReferences: [ownedBy(owner)] });
  await using watch = await follow(secrets);
  await remove("owner", "Background");
  await deletions(watch, 2);
  const user = "system:serviceaccount:kube-system:generic-garbage-collector";
  const uri = `/api/v1/namespaces/${namespace}/secrets/child`;
  const find = async () => {
    const events = await looseAuditEvents(server);
    return events.find((event) => event.requestURI === uri && event.stage === "ResponseComplete");
  };
  // The watch tells of the deletion before the deletion's record is written: the next record comes after it.
  let event = await find();
  for (let tries = 0; event === undefined && tries < 100; tries++) {
    await server.call("GET", secrets);
    event = await find();
  }
  assert.equal(event.user.username, user);
  assert.equal(event.responseStatus.code, 200);
  assert.equal(event.objectRef.name, "child");
});
