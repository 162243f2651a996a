/** Acting as somebody else, for those who have the right to each part of them. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, failure, secret, secretsPath } from "../support/api-objects.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../support/rbac-objects.ts";
import type { Rule } from "../support/rbac-objects.ts";
import { userClient } from "../support/user-client.ts";
import type { UserClient } from "../support/user-client.ts";
import { startTestServer } from "../running-server.ts";
import { looseAuditEvents } from "../support/audit-events.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());
const whoAmI = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

let ann: UserClient;
const bound = async (name: string, ...rules: Rule[]) => {
  await create(server, `${rbacPath}/clusterroles`, roleObject(name, ...rules));
  await create(server, `${rbacPath}/clusterrolebindings`, bindingObject(name, `ClusterRole ${name}`, `User ${name}`));
};
before(async () => {
  await bound("ann", coreRule("impersonate", "users", "reader"), coreRule("impersonate", "groups", "devs"), {
    verbs: ["impersonate"],
    apiGroups: ["authentication.k8s.io"],
    resources: ["userextras/scopes"],
    resourceNames: ["view"],
  });
  await bound("reader", coreRule("get", "secrets"));
  await create(server, secretsPath, secret("a"));
  ann = await userClient(server, "ann", ["own"]);
});

test("Whoever may impersonate a user has that user's rights, and not their own", async () => {
  const as = (user: string) => ({ headers: { "Impersonate-User": user } });
  assert.equal((await ann("GET", `${secretsPath}/a`)).status, 403);
  assert.equal((await ann("GET", `${secretsPath}/a`, as("reader"))).status, 200);
  const admin = await server.call("GET", "/api/v1/secrets", as("reader"));
  assert.match(admin.json.message, /^secrets is forbidden: User "reader" cannot list /);
});

test("Who is impersonated is exactly who the headers name", async () => {
  const headers = { "Impersonate-User": "reader", "Impersonate-Group": "devs", "Impersonate-Extra-Scopes": "view" };
  const { json } = await ann("POST", whoAmI, { body: {}, headers });
  assert.deepEqual(json.status.userInfo, {
    username: "reader",
    groups: ["devs", "system:authenticated"],
    extra: { scopes: ["view"] },
  });
});

const cannot = (what: string, where = "at the cluster scope") =>
  `User "ann" cannot impersonate resource ${what} ${where}`;
const refusals: [headers: Record<string, string>, message: string, details: object][] = [
  [
    { "Impersonate-User": "root" },
    `users "root" is forbidden: ${cannot('"users" in API group ""')}`,
    { name: "root", kind: "users" },
  ],
  [
    { "Impersonate-User": "reader", "Impersonate-Group": "system:masters" },
    `groups "system:masters" is forbidden: ${cannot('"groups" in API group ""')}`,
    { name: "system:masters", kind: "groups" },
  ],
  [
    { "Impersonate-User": "system:serviceaccount:kube-system:x" },
    `serviceaccounts "x" is forbidden: ${cannot('"serviceaccounts" in API group ""', 'in the namespace "kube-system"')}`,
    { name: "x", kind: "serviceaccounts" },
  ],
  [
    { "Impersonate-User": "reader", "Impersonate-Uid": "7" },
    `uids.authentication.k8s.io "7" is forbidden: ${cannot('"uids" in API group "authentication.k8s.io"')}`,
    { name: "7", group: "authentication.k8s.io", kind: "uids" },
  ],
  [
    { "Impersonate-User": "reader", "Impersonate-Extra-Scopes": "all" },
    `userextras.authentication.k8s.io "all" is forbidden: ${cannot('"userextras/scopes" in API group "authentication.k8s.io"')}`,
    { name: "all", group: "authentication.k8s.io", kind: "userextras" },
  ],
];

for (const [headers, message, details] of refusals) {
  test(`${Object.values(headers).join(", ")} cannot be had without the right to it`, async () => {
    const answer = await ann("GET", `${secretsPath}/a`, { headers });
    assert.deepEqual(answer.json, failure(403, "Forbidden", message, details));
  });
}

test("A group without a user is a bad request", async () => {
  const answer = await server.call("GET", "/version", { headers: { "Impersonate-Group": "devs" } });
  assert.deepEqual(answer.json, failure(400, "BadRequest", 'requested the group "devs" without impersonating a user'));
});

test("The administrator of the host can be anybody, and then is nobody else", async () => {
  const headers = { "Impersonate-User": "nobody", "Impersonate-Group": "nothing" };
  assert.equal((await server.call("GET", secretsPath, { headers })).status, 403);
  const masters = { "Impersonate-User": "nobody", "Impersonate-Group": "system:masters" };
  assert.equal((await server.call("GET", secretsPath, { headers: masters })).status, 200);
});

test("Nobody grants as somebody else what that one does not hold", async () => {
  await bound("granter", { verbs: ["create"], apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles"] });
  const answer = await server.call("POST", `${rbacPath}/namespaces/default/roles`, {
    body: roleObject("big", coreRule("*", "*")),
    headers: { "Impersonate-User": "granter" },
  });
  assert.match(answer.json.message, /user "granter" \(groups=\["system:authenticated"\]\) is attempting to grant/);
});

test("The record has both, who acted and as whom, also of what was disclosed", async () => {
  await ann("GET", `${secretsPath}/a`, { headers: { "Impersonate-User": "reader", "Impersonate-Group": "devs" } });
  const events = await looseAuditEvents(server);
  const event = events.findLast(({ impersonatedUser }) => impersonatedUser !== undefined);
  assert.equal(event.user.username, "ann");
  assert.deepEqual(event.impersonatedUser, { username: "reader", groups: ["devs", "system:authenticated"] });
  assert.equal(event.disclosed.length, 1);
  assert.match(event.annotations["authorization.k8s.io/reason"], /to User "reader"$/);
});
