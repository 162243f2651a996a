/** The right to a watch is one to each of its events: open streams obey changes of rights and the end of credentials. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, secret, secretsPath } from "../support/api-objects.ts";
import { openDoor } from "../support/open-door.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../support/rbac-objects.ts";
import { grant, userCredentials } from "../support/user-client.ts";
import { openWatch } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";
import { looseAuditEvents } from "../support/audit-events.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());
before(async () => {
  await create(server, secretsPath, secret("db", { data: { a: "MQ==" } }));
});

const bindings = `${rbacPath}/namespaces/default/rolebindings`;
const roles = `${rbacPath}/namespaces/default/roles`;
const watchPath = `${secretsPath}?watch=1&fieldSelector=metadata.name%3Ddb`;

async function watchAs(user: string, path = watchPath, headers: Record<string, string> = {}) {
  const credentials = await userCredentials(server, user);
  return openWatch({ url: server.url, credentials }, path, headers);
}

function forbidden(user: string) {
  const text = `User "${user}" cannot watch resource "secrets" in API group "" in the namespace "default"`;
  return {
    type: "ERROR",
    object: {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: `secrets "db" is forbidden: ${text}`,
      reason: "Forbidden",
      details: { name: "db", kind: "secrets" },
      code: 403,
    },
  };
}

test("An idle watch ends with Forbidden when its binding is deleted, and that is on record", async () => {
  await grant(server, "gone", ["watch", "secrets"]);
  const headers = { "Audit-Id": "watch-of-gone" };
  await using watch = await watchAs("gone", watchPath, headers);
  await watch.take(1);
  await server.call("DELETE", `${bindings}/gone`);
  assert.deepEqual(await watch.rest(), [forbidden("gone")]);
  const events = await looseAuditEvents(server);
  const end = events.findLast(({ auditID }) => auditID === "watch-of-gone");
  assert.deepEqual([end.stage, end.responseStatus.code], ["ResponseComplete", 403]);
  assert.equal(end.annotations["authorization.k8s.io/decision"], "forbid");
});

test("No event leaves once the change that takes the right away has been answered", async () => {
  for (let round = 0; round < 5; round++) {
    const user = `late-${round}`;
    await grant(server, user, ["watch", "secrets"]);
    await using watch = await watchAs(user);
    await watch.take(1);
    await server.call("PUT", `${roles}/${user}`, { body: roleObject(user, coreRule("list", "secrets")) });
    const body = secret("db", { data: { a: Buffer.from(user).toString("base64") } });
    assert.equal((await server.call("PUT", `${secretsPath}/db`, { body })).status, 200);
    assert.deepEqual(await watch.rest(), [forbidden(user)]);
  }
});

test("Whoever keeps the right, by the same or by another binding, goes on", async () => {
  await grant(server, "kept", ["watch", "secrets"]);
  await using watch = await watchAs("kept");
  await watch.take(1);
  await create(server, bindings, bindingObject("kept-too", "Role kept", "User kept"));
  await server.call("DELETE", `${bindings}/kept`);
  await grant(server, "unrelated", ["watch", "secrets"]);
  await server.call("PUT", `${secretsPath}/db`, { body: secret("db", { data: { a: "Mg==" } }) });
  const [event] = await watch.take(1);
  assert.deepEqual([event.type, event.object.data.a], ["MODIFIED", "Mg=="]);
});

test("Whoever is left with less than before is told to begin anew, with what they have", async () => {
  await grant(server, "less", ["watch", "secrets"]);
  const headers = { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io" };
  await using watch = await watchAs("less", watchPath, headers);
  await watch.take(1);
  await server.call("PUT", `${roles}/less`, { body: roleObject("less", coreRule("watch", "secrets/metadata")) });
  const [error] = await watch.rest();
  assert.deepEqual([error.type, error.object.code, error.object.reason], ["ERROR", 410, "Expired"]);
  await using again = await watchAs("less", watchPath, headers);
  assert.equal((await again.take(1))[0].type, "ADDED");
});

test("A watch as somebody else ends with the right to be them", async () => {
  await grant(server, "other", ["watch", "secrets"]);
  await create(server, `${rbacPath}/clusterroles`, roleObject("actor", coreRule("impersonate", "users", "other")));
  const clusterBindings = `${rbacPath}/clusterrolebindings`;
  await create(server, clusterBindings, bindingObject("actor", "ClusterRole actor", "User actor"));
  await using watch = await watchAs("actor", watchPath, { "Impersonate-User": "other" });
  await watch.take(1);
  await server.call("DELETE", `${clusterBindings}/actor`);
  const [error] = await watch.rest();
  assert.equal(error.object.code, 403);
  assert.match(error.object.message, /User "actor" cannot impersonate resource "users"/);
});

test("Watches of other kinds, in protobuf, and of old obey too", async () => {
  await grant(server, "many", ["watch", "secrets,configmaps,pods"]);
  const paths = [
    "/api/v1/namespaces/default/configmaps?watch=1",
    "/api/v1/namespaces/default/pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
    "/api/v1/watch/namespaces/default/secrets",
  ];
  const watches = await Promise.all(paths.map((path) => watchAs("many", path)));
  const protobuf = { Accept: "application/vnd.kubernetes.protobuf;stream=watch" };
  const framed = await watchAs("many", "/api/v1/namespaces/default/pods?watch=1", protobuf);
  await server.call("DELETE", `${bindings}/many`);
  for (const watch of watches) {
    const last = (await watch.rest()).at(-1);
    assert.deepEqual([last.type, last.object.code], ["ERROR", 403]);
    watch.close();
  }
  const frame = await framed.nextFrame();
  assert.ok(frame?.includes("ERROR") && frame.includes("Forbidden"));
  assert.equal(await framed.nextFrame(), undefined);
  framed.close();
});

test("A watch ends with Unauthorized when its credential expires or is revoked", async () => {
  let revoked = false;
  const user = { name: "ann", uid: undefined, groups: ["admins"], extra: new Map() };
  const users = [
    { ...user, expiresAtMs: Date.now() + 1000 },
    { ...user, revoked: () => revoked },
  ];
  const door = await openDoor({ authenticate: async () => ({ user: users.shift() ?? user }) });
  try {
    const path = `${secretsPath}?watch=1`;
    const [expiring, revocable] = [await door.fetch(path), await door.fetch(path)];
    const code = (text: string) => JSON.parse(text.trim().split("\n").at(-1) ?? "").object.code;
    assert.equal(code(await expiring.text()), 401);
    revoked = true;
    assert.equal(code(await revocable.text()), 401);
  } finally {
    await door[Symbol.asyncDispose]();
  }
});
