/** What only pods do: being bound, ending after a while. Source: k/k pkg/registry/core/pod. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertFailure, create, sendPatch } from "../support/api-objects.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const podsPath = "/api/v1/namespaces/default/pods";

function pod(name: string, fields: object = {}): object {
  const spec = { containers: [{ name: "c", image: "nginx" }], ...fields };
  return { apiVersion: "v1", kind: "Pod", metadata: { name }, spec };
}

function binding(name: string, node: string): object {
  return { apiVersion: "v1", kind: "Binding", metadata: { name }, target: { kind: "Node", name: node } };
}

test("A pod is bound to a node once", async () => {
  await create(server, podsPath, pod("bound"));
  const answer = await server.call("POST", `${podsPath}/bound/binding`, { body: binding("bound", "n1") });
  assert.deepEqual(answer.json, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 });
  const { spec, status } = (await server.call("GET", `${podsPath}/bound`)).json;
  assert.equal(spec.nodeName, "n1");
  assert.deepEqual([status.conditions[0].type, status.conditions[0].status], ["PodScheduled", "True"]);
  const again = await server.call("POST", `${podsPath}/bound/binding`, { body: binding("bound", "n2") });
  const why = 'pod bound is already assigned to node "n1"';
  assertFailure(again, 409, "Conflict", `Operation cannot be fulfilled on pods/binding "bound": ${why}`, {
    name: "bound",
    kind: "pods/binding",
  });
  const selected = await server.call("GET", `/api/v1/pods?fieldSelector=spec.nodeName%3Dn1`);
  assert.equal(selected.json.items.length, 1);
});

test("A binding names its pod, and a node", async () => {
  await create(server, podsPath, pod("free"));
  const path = `${podsPath}/free/binding`;
  const other = await server.call("POST", path, { body: binding("other", "n1") });
  assertFailure(other, 400, "BadRequest", "name in URL does not match name in Binding object");
  const nowhere = await server.call("POST", path, { body: binding("free", "") });
  assertFailure(nowhere, 500, "", "target.name: Required value");
  const dry = await server.call("POST", `${path}?dryRun=All`, { body: binding("free", "n1") });
  assert.equal(dry.status, 201);
  assert.equal((await server.call("GET", `${podsPath}/free`)).json.spec.nodeName, undefined);
  const missing = await server.call("POST", `${podsPath}/missing/binding`, { body: binding("missing", "n1") });
  assert.equal(missing.status, 404);
  assert.equal((await server.call("GET", path)).status, 405);
});

test("A deleted pod ends in its time if it is on a node, else at once", async () => {
  await create(server, podsPath, pod("unbound"));
  await server.call("DELETE", `${podsPath}/unbound`);
  assert.equal((await server.call("GET", `${podsPath}/unbound`)).status, 404);

  await create(server, podsPath, pod("ending", { nodeName: "n1", terminationGracePeriodSeconds: 60 }));
  const deleted = await server.call("DELETE", `${podsPath}/ending`);
  const { metadata } = deleted.json;
  assert.equal(metadata.deletionGracePeriodSeconds, 60);
  assert.equal(metadata.generation, 2);
  const status = { status: { phase: "Running", message: "still here" } };
  assert.equal((await sendPatch(server, "merge", `${podsPath}/ending/status`, status)).status, 200);
  assert.equal((await server.call("GET", `${podsPath}/ending`)).status, 200, "an update does not end it");
  const shorter = await server.call("DELETE", `${podsPath}/ending?gracePeriodSeconds=10`);
  const end = (answer: { metadata: { deletionTimestamp: string } }) => Date.parse(answer.metadata.deletionTimestamp);
  assert.equal(end(deleted.json) - end(shorter.json), 50_000);
  const longer = await server.call("DELETE", `${podsPath}/ending?gracePeriodSeconds=30`);
  assert.equal(longer.json.metadata.deletionGracePeriodSeconds, 10);
  await server.call("DELETE", `${podsPath}/ending?gracePeriodSeconds=0`);
  assert.equal((await server.call("GET", `${podsPath}/ending`)).status, 404);
});

test("A pod that has ended goes at once, wherever it was", async () => {
  await create(server, podsPath, pod("ended", { nodeName: "n1" }));
  await sendPatch(server, "merge", `${podsPath}/ended/status`, { status: { phase: "Succeeded" } });
  await server.call("DELETE", `${podsPath}/ended`);
  assert.equal((await server.call("GET", `${podsPath}/ended`)).status, 404);
});

test("Containers for debugging are added through their own subresource", async () => {
  await create(server, podsPath, pod("debugged"));
  const path = `${podsPath}/debugged/ephemeralcontainers`;
  const container = { name: "shell", image: "busybox", targetContainerName: "c" };
  const answer = await sendPatch(server, "strategic", path, { spec: { ephemeralContainers: [container] } });
  assert.equal(answer.json.spec.ephemeralContainers[0].imagePullPolicy, "Always");
  assert.equal(answer.json.metadata.generation, 2);
  const direct = await sendPatch(server, "merge", `${podsPath}/debugged`, { spec: { ephemeralContainers: null } });
  assert.equal(direct.status, 422, direct.text);
});

test("A pod with more time than there are years can be deleted, and made to end at once", async () => {
  const terminationGracePeriodSeconds = Number.MAX_SAFE_INTEGER;
  await create(server, podsPath, pod("patient", { nodeName: "n1", terminationGracePeriodSeconds }));
  const deleted = await server.call("DELETE", `${podsPath}/patient`);
  assert.equal(deleted.status, 200);
  assert.equal(deleted.json.metadata.deletionTimestamp, "9999-12-31T23:59:59Z");
  assert.equal((await server.call("DELETE", `${podsPath}/patient?gracePeriodSeconds=0`)).status, 200);
  assert.equal((await server.call("GET", `${podsPath}/patient`)).status, 404);
});
