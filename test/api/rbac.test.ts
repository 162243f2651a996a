/** What roles and bindings allow over HTTP, from the moment their write was answered. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, failure, secret, secretsPath } from "../support/api-objects.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../support/rbac-objects.ts";
import { userClient } from "../support/user-client.ts";
import type { UserClient } from "../support/user-client.ts";
import { startTestServer } from "../running-server.ts";
import { looseAuditEvents } from "../support/audit-events.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());
const rolesPath = `${rbacPath}/namespaces/default/roles`;
const bindingsPath = `${rbacPath}/namespaces/default/rolebindings`;

async function bound(name: string, user: string, ...rules: Parameters<typeof coreRule>[]) {
  await create(server, rolesPath, roleObject(name, ...rules.map((rule) => coreRule(...rule))));
  await create(server, bindingsPath, bindingObject(name, `Role ${name}`, `User ${user}`));
}

before(async () => {
  for (const name of ["a", "b"]) await create(server, secretsPath, secret(name));
});

async function statuses(client: UserClient, ...requests: [method: string, path: string, body?: object | undefined][]) {
  const found: number[] = [];
  for (const [method, path, body] of requests) {
    found.push((await client(method, path, body === undefined ? {} : { body })).status);
  }
  return found;
}

test("A role allows its verbs on its resource in its namespace, and nothing else", async () => {
  const reader = await userClient(server, "reader");
  await bound("reader", "reader", ["get,list", "secrets"]);
  const path = `${secretsPath}/a`;
  assert.deepEqual(await statuses(reader, ["GET", path], ["GET", secretsPath]), [200, 200]);
  const refused = await statuses(
    reader,
    ["GET", `${secretsPath}?watch=true`],
    ["GET", "/api/v1/secrets"],
    ["GET", "/api/v1/namespaces/kube-system/secrets"],
    ["GET", "/api/v1/namespaces/default/configmaps"],
    ["PUT", path, secret("a")],
    ["PATCH", path, {}],
    ["DELETE", path],
    ["DELETE", secretsPath],
    ["POST", secretsPath, secret("c")],
    ["GET", "/metrics"],
  );
  assert.deepEqual([...new Set(refused)], [403]);
});

test("A right to some names is one to lists and watches that select one of them, not to creating", async () => {
  const some = await userClient(server, "some");
  await bound("some", "some", ["*", "secrets", "a"]);
  const selected = `${secretsPath}?fieldSelector=metadata.name%3Da`;
  const list = await some("GET", selected);
  assert.deepEqual(
    list.json.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ["a"],
  );
  const refused: [string, string, object?][] = [
    ["GET", secretsPath],
    ["GET", `${secretsPath}?fieldSelector=metadata.name%3Db`],
    ["GET", `${secretsPath}?fieldSelector=metadata.name!%3Da`],
    ["GET", `${secretsPath}?fieldSelector=metadata.name%3Db,metadata.name%3Dc`],
    ["GET", `${secretsPath}?watch=true`],
    ["GET", `${secretsPath}/b`],
    ["POST", secretsPath, secret("a")],
    // As upstream: a selector names the object of a list and a watch only.
    ["DELETE", selected],
  ];
  for (const [method, path, body] of refused) {
    assert.deepEqual(await statuses(some, [method, path, body]), [403], `${method} ${path}`);
  }
  const watched = await some("GET", `${selected}&watch=true&timeoutSeconds=1`);
  assert.equal(watched.status, 200);
});

test("The message of a list that selects a name has the name", async () => {
  const nobody = await userClient(server, "nobody");
  const answer = await nobody("GET", `${secretsPath}?fieldSelector=metadata.name%3Dx`);
  const text = 'User "nobody" cannot list resource "secrets" in API group "" in the namespace "default"';
  assert.deepEqual(
    answer.json,
    failure(403, "Forbidden", `secrets "x" is forbidden: ${text}`, { name: "x", kind: "secrets" }),
  );
});

test("A right to a resource is none to its subresources, and one to a subresource none to the resource", async () => {
  const finisher = await userClient(server, "finisher");
  await create(server, `${rbacPath}/clusterroles`, roleObject("finisher", coreRule("get,update", "namespaces/status")));
  await create(server, `${rbacPath}/clusterrolebindings`, bindingObject("f", "ClusterRole finisher", "User finisher"));
  const path = "/api/v1/namespaces/default";
  assert.deepEqual(
    await statuses(finisher, ["GET", `${path}/status`], ["GET", path], ["GET", `${path}/finalize`]),
    [200, 403, 403],
  );
});

test("A PUT of what is not there needs the right to create it too, by its name", async () => {
  const path = `${rolesPath}/made`;
  const [updater, creator] = [
    await userClient(server, "updater"),
    await userClient(server, "creator", ["system:masters"]),
  ];
  const rules = [{ verbs: ["update"], apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles"] }];
  await create(server, rolesPath, roleObject("updater", ...rules));
  await create(server, bindingsPath, bindingObject("updater", "Role updater", "User updater"));
  const refused = await updater("PUT", path, { body: roleObject("made") });
  assert.equal(refused.status, 403);
  assert.match(refused.json.message, /^roles\.rbac\.authorization\.k8s\.io "made" is forbidden: .* cannot create /);
  assert.equal((await creator("PUT", path, { body: roleObject("made") })).status, 201);
});

test("Every change of a role or binding is effective for the next request", async () => {
  const user = await userClient(server, "changing");
  const path = `${secretsPath}/a`;
  const status = async () => (await user("GET", path)).status;
  const [role, binding] = [`${rolesPath}/changing`, `${bindingsPath}/changing`];
  for (let round = 0; round < 20; round++) {
    assert.equal(await status(), 403);
    await create(server, bindingsPath, bindingObject("changing", "Role changing", "User changing"));
    assert.equal(await status(), 403);
    await create(server, rolesPath, roleObject("changing", coreRule("get", "secrets")));
    assert.equal(await status(), 200);
    await server.call("PUT", role, { body: roleObject("changing", coreRule("list", "secrets")) });
    assert.equal(await status(), 403);
    const patch = [{ op: "replace", path: "/rules/0/verbs", value: ["get"] }];
    await server.call("PATCH", role, { body: patch, headers: { "Content-Type": "application/json-patch+json" } });
    assert.equal(await status(), 200);
    await server.call("DELETE", binding);
    assert.equal(await status(), 403);
    await server.call("DELETE", role);
  }
});

test("A refusal names the roles that the caller's bindings miss", async () => {
  const user = await userClient(server, "dangling");
  await create(server, bindingsPath, bindingObject("dangling", "Role gone", "User dangling"));
  const answer = await user("GET", `${secretsPath}/a`);
  assert.equal(
    answer.json.message,
    'secrets "a" is forbidden: User "dangling" cannot get resource "secrets" in API group "" in the namespace ' +
      '"default": RBAC: role.rbac.authorization.k8s.io "gone" not found',
  );
});

test("The record of a request says by which binding it was allowed, or that it was not", async () => {
  const user = await userClient(server, "recorded");
  await bound("recorded", "recorded", ["get", "secrets"]);
  await user("GET", `${secretsPath}/a`);
  await user("DELETE", `${secretsPath}/a`);
  const all = await looseAuditEvents(server);
  const events = all.filter((event) => event.user.username === "recorded");
  assert.deepEqual(
    events.map(({ annotations }) => annotations),
    [
      {
        "authorization.k8s.io/decision": "allow",
        "authorization.k8s.io/reason":
          'RBAC: allowed by RoleBinding "recorded/default" of Role "recorded" to User "recorded"',
      },
      { "authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": "" },
    ],
  );
});

test("Everybody with a certificate may read the version, discovery and OpenAPI, and ask nothing else", async () => {
  const user = await userClient(server, "anybody");
  for (const path of ["/version", "/api", "/api/v1", "/apis", "/apis/rbac.authorization.k8s.io/v1", "/openapi/v3"]) {
    assert.equal((await user("GET", path)).status, 200, path);
  }
  for (const path of ["/", "/metrics", secretsPath, `${rbacPath}/clusterroles`]) {
    assert.equal((await user("GET", path)).status, 403, path);
  }
});

test("A binding of view, edit or admin in a namespace gives what they give in every cluster", async () => {
  const clients: Record<string, UserClient> = {};
  for (const role of ["view", "edit", "admin"]) {
    clients[role] = await userClient(server, role);
    await create(server, bindingsPath, bindingObject(role, `ClusterRole ${role}`, `User ${role}`));
  }
  const all = async (...request: [method: string, path: string]) => {
    const found: number[] = [];
    for (const client of Object.values(clients)) found.push((await client(...request)).status);
    return found;
  };
  assert.deepEqual(await all("GET", "/api/v1/namespaces/default/configmaps"), [200, 200, 200]);
  assert.deepEqual(await all("GET", secretsPath), [403, 200, 200]);
  assert.deepEqual(await all("GET", bindingsPath), [403, 403, 200]);
  assert.deepEqual(await all("GET", "/api/v1/secrets"), [403, 403, 403]);
});

test("The administrators of the host may do everything, also when no binding says so", async () => {
  const path = `${rbacPath}/clusterrolebindings/strongroom:admins`;
  assert.equal((await server.call("DELETE", path)).status, 200);
  assert.equal((await server.call("GET", path)).status, 404);
  assert.equal((await server.call("GET", "/api/v1/secrets")).status, 200);
});

test("Roles and bindings are known again after a restart", async () => {
  await using first = await startTestServer();
  await create(first, `${rbacPath}/clusterroles`, roleObject("r", coreRule("list", "secrets")));
  await create(first, `${rbacPath}/clusterrolebindings`, bindingObject("b", "ClusterRole r", "Group readers"));
  const second = await first.restart();
  try {
    const reader = await userClient(second, "reader", ["readers"]);
    assert.equal((await reader("GET", "/api/v1/secrets")).status, 200);
    assert.equal((await reader("GET", "/api/v1/pods")).status, 403);
  } finally {
    await second.stop();
  }
});
