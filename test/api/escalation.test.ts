/** Nobody grants what they do not hold: roles, bindings, aggregation, and the verbs escalate and bind. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, failure } from "../support/api-objects.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../support/rbac-objects.ts";
import type { Rule } from "../support/rbac-objects.ts";
import { userClient } from "../support/user-client.ts";
import type { UserClient } from "../support/user-client.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());
const rolesPath = `${rbacPath}/namespaces/default/roles`;
const bindingsPath = `${rbacPath}/namespaces/default/rolebindings`;
const clusterRolesPath = `${rbacPath}/clusterroles`;
const group = "rbac.authorization.k8s.io";

/** Rights to write roles and bindings, and no other rights. */
const writes: Rule = {
  verbs: ["create", "update", "patch", "get", "delete"],
  apiGroups: [group],
  resources: ["roles", "rolebindings", "clusterroles", "clusterrolebindings"],
};

/** A user who may write roles and bindings, and has some rules beside. */
async function writer(name: string, ...held: Rule[]): Promise<UserClient> {
  await create(server, clusterRolesPath, roleObject(name, writes, ...held));
  await create(server, `${rbacPath}/clusterrolebindings`, bindingObject(name, `ClusterRole ${name}`, `User ${name}`));
  return userClient(server, name, ["devs"]);
}

let ann: UserClient;
before(async () => {
  ann = await writer("ann", coreRule("get,list", "secrets"), { verbs: ["get"], nonResourceURLs: ["/ok/*"] });
});

const beyond = (user: string, ...rules: string[]) =>
  `user "${user}" (groups=["devs" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n` +
  rules.join("\n");

test("A role with more than its author holds is refused with what is missing, compact and in order", async () => {
  const role = roleObject("more", coreRule("get,delete,update", "secrets"), coreRule("get", "secrets,pods", "a"), {
    verbs: ["watch"],
    apiGroups: ["apps"],
    resources: ["*"],
  });
  const answer = await ann("POST", rolesPath, { body: role });
  const missing = [
    '{APIGroups:[""], Resources:["pods"], ResourceNames:["a"], Verbs:["get"]}',
    '{APIGroups:[""], Resources:["secrets"], Verbs:["delete" "update"]}',
    '{APIGroups:["apps"], Resources:["*"], Verbs:["watch"]}',
  ];
  const message = `roles.${group} "more" is forbidden: ${beyond("ann", ...missing)}`;
  assert.deepEqual(answer.json, failure(403, "Forbidden", message, { name: "more", group, kind: "roles" }));
  assert.equal((await server.call("GET", `${rolesPath}/more`)).status, 404);
});

test("A role within what its author holds is made, also by PUT and apply, and with paths", async () => {
  const within = (name: string) => roleObject(name, coreRule("get", "secrets"), coreRule("list", "secrets", "a", "b"));
  assert.equal((await ann("POST", rolesPath, { body: within("posted") })).status, 201);
  assert.equal((await ann("PUT", `${rolesPath}/put`, { body: within("put") })).status, 201);
  const typed = { apiVersion: `${group}/v1`, kind: "Role", ...within("applied") };
  const apply = { body: typed, headers: { "Content-Type": "application/apply-patch+yaml" } };
  assert.equal((await ann("PATCH", `${rolesPath}/applied?fieldManager=t`, apply)).status, 201);
  const paths = roleObject("paths", { verbs: ["get"], nonResourceURLs: ["/ok/x", "/ok/*"] });
  assert.equal((await ann("POST", clusterRolesPath, { body: paths })).status, 201);
  const other = roleObject("other", { verbs: ["get"], nonResourceURLs: ["/ok", "/*"] });
  const refused = await ann("POST", clusterRolesPath, { body: other });
  assert.match(refused.json.message, /\{NonResourceURLs:\["\/\*"\], Verbs:\["get"\]\}\n\{NonResourceURLs:\["\/ok"\]/);
});

test("No way of writing a role goes around the check, a dry run included", async () => {
  await create(server, rolesPath, roleObject("grows", coreRule("get", "secrets")));
  const path = `${rolesPath}/grows`;
  const bigger = roleObject("grows", coreRule("*", "secrets"));
  const typed = { apiVersion: `${group}/v1`, kind: "Role", ...bigger };
  const patch = (type: string, body: object) => ({ body, headers: { "Content-Type": `application/${type}` } });
  const attempts: [method: string, path: string, call: { body: object; headers?: Record<string, string> }][] = [
    ["PUT", path, { body: bigger }],
    ["PUT", `${path}?dryRun=All`, { body: bigger }],
    ["PUT", `${rolesPath}/new`, { body: { ...bigger, metadata: { name: "new" } } }],
    ["POST", `${rolesPath}?dryRun=All`, { body: { ...bigger, metadata: { generateName: "x" } } }],
    ["PATCH", path, patch("merge-patch+json", { rules: bigger.rules })],
    ["PATCH", path, patch("strategic-merge-patch+json", { rules: bigger.rules })],
    ["PATCH", path, patch("json-patch+json", [{ op: "replace", path: "/rules/0/verbs", value: ["*"] }])],
    ["PATCH", `${path}?fieldManager=t&force=true`, patch("apply-patch+yaml", typed)],
    ["PATCH", `${rolesPath}/new?fieldManager=t`, patch("apply-patch+yaml", { ...typed, metadata: { name: "new" } })],
  ];
  for (const [method, url, call] of attempts) {
    const answer = await ann(method, url, call);
    assert.equal(answer.status, 403, `${method} ${url}: ${answer.text}`);
    assert.match(
      answer.json.message,
      /not currently held:\n\{APIGroups:\[""\], Resources:\["secrets"\], Verbs:\["\*"\]\}$/,
    );
  }
  assert.deepEqual((await server.call("GET", path)).json.rules, [coreRule("get", "secrets")]);
});

test("What only the garbage collector needs may be changed in a role beyond one's rights, and nothing else", async () => {
  await create(server, rolesPath, roleObject("owned", coreRule("*", "secrets")));
  const patch = (metadata: object) =>
    ann("PATCH", `${rolesPath}/owned`, {
      body: { metadata },
      headers: { "Content-Type": "application/merge-patch+json" },
    });
  assert.equal((await patch({ finalizers: ["example.com/x"] })).status, 200);
  assert.equal((await patch({ finalizers: null })).status, 200);
  assert.equal((await patch({ labels: { a: "b" } })).status, 403);
});

test("Who may escalate a role may give it anything; a name in that right does not help to create", async () => {
  const escalates = (name: string, ...resourceNames: string[]): Promise<UserClient> =>
    writer(name, { verbs: ["escalate"], apiGroups: [group], resources: ["roles"], resourceNames });
  const [any, one] = [await escalates("any"), await escalates("one", "special")];
  const big = (name: string) => ({ body: roleObject(name, coreRule("*", "*")) });
  assert.equal((await any("POST", rolesPath, big("of-any"))).status, 201);
  assert.equal((await one("POST", rolesPath, big("special"))).status, 403);
  assert.equal((await one("PUT", `${rolesPath}/special`, big("special"))).status, 201);
  const other = { body: roleObject("of-any", coreRule("*", "*"), coreRule("get", "pods")) };
  assert.equal((await one("PUT", `${rolesPath}/of-any`, other)).status, 403);
  assert.equal((await any("POST", clusterRolesPath, big("of-any"))).status, 403);
});

test("A binding to a role beyond what its author holds is refused, with the right to bind it is not", async () => {
  await create(server, clusterRolesPath, roleObject("all-secrets", coreRule("*", "secrets")));
  const bind = { verbs: ["bind"], apiGroups: [group], resources: ["clusterroles"], resourceNames: ["all-secrets"] };
  const binder = await writer("binder", bind);
  const body = bindingObject("beyond", "ClusterRole all-secrets", "User ann");
  const refused = await ann("POST", bindingsPath, { body });
  const missing = '{APIGroups:[""], Resources:["secrets"], Verbs:["*"]}';
  const message = `rolebindings.${group} "beyond" is forbidden: ${beyond("ann", missing)}`;
  assert.deepEqual(refused.json, failure(403, "Forbidden", message, { name: "beyond", group, kind: "rolebindings" }));
  assert.equal((await binder("POST", bindingsPath, { body })).status, 201);
  assert.equal((await binder("POST", `${rbacPath}/clusterrolebindings`, { body })).status, 201);
  const other = bindingObject("other", "ClusterRole cluster-admin", "User ann");
  assert.equal((await binder("POST", bindingsPath, { body: other })).status, 403);
});

test("Who adds subjects to a binding must hold its role", async () => {
  await create(server, bindingsPath, bindingObject("admins", "ClusterRole cluster-admin", "User root"));
  const body = [{ op: "add", path: "/subjects/-", value: { kind: "User", name: "ann", apiGroup: group } }];
  const headers = { "Content-Type": "application/json-patch+json" };
  assert.equal((await ann("PATCH", `${bindingsPath}/admins`, { body, headers })).status, 403);
});

test("What is held in one namespace can be granted there and not elsewhere", async () => {
  const local: Rule = { ...writes, resources: ["roles", "rolebindings"] };
  await create(server, rolesPath, roleObject("local", local, coreRule("get", "pods")));
  await create(server, bindingsPath, bindingObject("local", "Role local", "User local"));
  await create(server, clusterRolesPath, roleObject("role-writer", local));
  const everywhere = bindingObject("role-writer", "ClusterRole role-writer", "User local");
  await create(server, `${rbacPath}/clusterrolebindings`, everywhere);
  const user = await userClient(server, "local");
  const body = roleObject("pods", coreRule("get", "pods"));
  assert.equal((await user("POST", rolesPath, { body })).status, 201);
  assert.equal((await user("POST", `${rbacPath}/namespaces/kube-system/roles`, { body })).status, 403);
});

test("A binding to a role that is not there is a 404, unless its author may bind it", async () => {
  const body = bindingObject("dangling", "Role missing", "User x");
  const answer = await ann("POST", bindingsPath, { body });
  const message = `roles.${group} "missing" not found`;
  assert.deepEqual(answer.json, failure(404, "NotFound", message, { name: "missing", group, kind: "roles" }));
  const binder = await writer("any-binder", { verbs: ["bind"], apiGroups: [group], resources: ["roles"] });
  assert.equal((await binder("POST", bindingsPath, { body })).status, 201);
});

test("An aggregation rule needs everything, to be set and to be taken away", async () => {
  const held = coreRule("get", "secrets");
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: "b" } }] };
  const made = await ann("POST", clusterRolesPath, { body: { ...roleObject("gathers", held), aggregationRule } });
  const message = `clusterroles.${group} "gathers" is forbidden: must have cluster-admin privileges to use the aggregationRule`;
  assert.deepEqual(made.json, failure(403, "Forbidden", message, { name: "gathers", group, kind: "clusterroles" }));
  await create(server, clusterRolesPath, { ...roleObject("gathers"), aggregationRule });
  const taken = await ann("PUT", `${clusterRolesPath}/gathers`, { body: roleObject("gathers", held) });
  assert.equal(taken.json.message, message);
  const all = await writer(
    "all",
    { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
    { verbs: ["*"], nonResourceURLs: ["*"] },
  );
  assert.equal((await all("PUT", `${clusterRolesPath}/gathers`, { body: roleObject("gathers", held) })).status, 200);
});

test("A label by which others gather a role needs the role's rules", async () => {
  await create(server, clusterRolesPath, roleObject("big", coreRule("*", "nodes")));
  const body = { metadata: { labels: { "rbac.authorization.k8s.io/aggregate-to-view": "true" } } };
  const headers = { "Content-Type": "application/merge-patch+json" };
  assert.equal((await ann("PATCH", `${clusterRolesPath}/big`, { body, headers })).status, 403);
});

test("Roles that the author's own bindings miss are told with what is missing", async () => {
  const user = await writer("half");
  await create(server, `${rbacPath}/clusterrolebindings`, bindingObject("half-2", "ClusterRole nowhere", "User half"));
  const answer = await user("POST", rolesPath, { body: roleObject("x", coreRule("get", "pods")) });
  const end = `; resolution errors: [clusterroles.${group} "nowhere" not found]`;
  assert.ok(answer.json.message.endsWith(`Verbs:["get"]}${end}`), answer.json.message);
});

test("What is refused for its author is refused before what is wrong with it is told", async () => {
  const body = {
    metadata: { name: "bad name/" },
    rules: [{ verbs: [], apiGroups: [""], resources: ["pods"] }, coreRule("*", "*")],
  };
  assert.equal((await ann("POST", rolesPath, { body })).status, 403);
  assert.equal((await server.call("POST", rolesPath, { body })).status, 422);
});

test("Rules that stand for too many simple ones are refused at once", async () => {
  const words = (prefix: string) => Array.from({ length: 1000 }, (_, n) => `${prefix}${n}`);
  const rule = { verbs: words("v"), apiGroups: words("g"), resources: words("r"), resourceNames: words("n") };
  const answer = await ann("POST", rolesPath, { body: roleObject("product", rule) });
  assert.equal(answer.status, 413);
  assert.match(answer.json.message, /stand for 1000000000000 simple rules, the limit is 10000$/);
  assert.equal((await server.call("POST", rolesPath, { body: roleObject("product", rule) })).status, 201);
});

for (const admins of ["system:masters", "strongroom:admins"]) {
  test(`Members of ${admins} grant anything`, async () => {
    const admin = await userClient(server, "root", [admins]);
    const body = bindingObject(`by-${admins}`, "ClusterRole cluster-admin", "User x");
    assert.equal((await admin("POST", bindingsPath, { body })).status, 201);
  });
}
