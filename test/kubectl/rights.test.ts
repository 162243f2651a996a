/** What people do with kubectl about rights: can-i, whoami, reconcile, acting as others; every kubectl this machine has. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { userKubeconfig } from "../support/user-client.ts";
import { Kubectl, findKubectls } from "./kubectl.ts";
import type { KubectlBinary } from "./kubectl.ts";

for (const binary of findKubectls()) describe(`kubectl ${binary.version}`, () => commands(binary));

const reconciled = (verbs: string) => `apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reconciled, namespace: team}
rules:
- {apiGroups: [""], resources: [secrets], verbs: [${verbs}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reconciled, namespace: team}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reconciled}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: ann}
`;

function commands(binary: KubectlBinary): void {
  const started = new AsyncDisposableStack();
  let server: TestServer;
  let admin: Kubectl;
  let ann: Kubectl;
  before(async () => {
    server = started.use(await startTestServer());
    admin = started.use(await Kubectl.for(binary, server));
    const kubeconfig = started.use(await userKubeconfig(server, "ann", ["devs"]));
    ann = started.use(await Kubectl.for(binary, { kubeconfig: kubeconfig.path }));
    await admin.ok(["create", "secret", "generic", "db", "--from-literal=password=s3cret"]);
  });
  after(() => started.disposeAsync());

  test("can-i answers for oneself, before and after a role is bound", async () => {
    const before = await ann.run(["auth", "can-i", "get", "secrets"]);
    assert.deepEqual([before.code, before.stdout], [1, "no\n"]);
    await admin.ok(["create", "role", "reader", "--verb=get,list", "--resource=secrets", "--resource-name=db"]);
    await admin.ok(["create", "rolebinding", "reader", "--role=reader", "--group=devs"]);
    assert.equal(await ann.ok(["auth", "can-i", "get", "secrets/db"]), "yes\n");
    assert.equal((await ann.run(["auth", "can-i", "get", "secrets/other"])).stdout, "no\n");
    assert.equal(await ann.ok(["auth", "can-i", "get", "/version"]), "yes\n");
    assert.equal(await admin.ok(["auth", "can-i", "*", "*"]), "yes\n");
    assert.equal(await ann.ok(["get", "secret", "db", "-o", "name"]), "secret/db\n");
    const refused = await ann.run(["get", "secrets"]);
    assert.match(refused.stderr, /^Error from server \(Forbidden\): secrets is forbidden: User "ann" cannot list /);
  });

  test("can-i --list prints the rules", async () => {
    const rules = await ann.ok(["auth", "can-i", "--list"]);
    assert.match(rules, /^secrets +\[\] +\[db\] +\[get list\]$/m);
    assert.match(rules, /^selfsubjectaccessreviews\.authorization\.k8s\.io +\[\] +\[\] +\[create\]$/m);
    assert.match(rules, /^ +\[\/version\] +\[\] +\[get\]$/m);
    assert.match(await admin.ok(["auth", "can-i", "--list"]), /^\*\.\* +\[\] +\[\] +\[\*\]$/m);
  });

  test("--as acts as somebody else, for those who may", async () => {
    const as = ["--as", "bob", "--as-group", "devs", "--as-group", "others"];
    assert.equal(await admin.ok(["get", "secret", "db", "-o", "name", ...as]), "secret/db\n");
    assert.equal((await admin.run(["auth", "can-i", "list", "pods", ...as])).stdout, "no\n");
    const lost = await admin.run(["get", "secret", "db", "--as", "bob"]);
    assert.match(lost.stderr, /secrets "db" is forbidden: User "bob" cannot get resource "secrets"/);
    const refused = await ann.run(["get", "secret", "db", "--as", "bob"]);
    assert.match(refused.stderr, /users "bob" is forbidden: User "ann" cannot impersonate resource "users"/);
  });

  // Older ones have it as an alpha command, if at all.
  if (binary.minor >= 28) {
    test("whoami tells name and groups", async () => {
      const text = await ann.ok(["auth", "whoami"]);
      assert.match(text, /^Username +ann$/m);
      assert.match(text, /^Groups +\[devs system:authenticated\]$/m);
      const other = await admin.ok(["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}", "--as", "bob"]);
      assert.equal(other, "bob");
    });
  }

  test("reconcile makes roles and bindings, and then adds what is missing", async () => {
    await admin.ok(["create", "namespace", "team"]);
    await admin.ok(["auth", "reconcile", "-f", "-"], reconciled("get"));
    await admin.ok(["auth", "reconcile", "-f", "-"], reconciled("list"));
    const rules = await admin.ok(["get", "role", "reconciled", "-n", "team", "-o", "jsonpath={.rules[*].verbs}"]);
    assert.equal(rules, '["get"] ["list"]');
    assert.equal(await ann.ok(["auth", "can-i", "list", "secrets", "-n", "team"]), "yes\n");
  });

  test("create role refuses to give away what its author does not hold", async () => {
    await admin.ok(["create", "rolebinding", "ann-admin", "--clusterrole=admin", "--user=ann", "-n", "team"]);
    await ann.ok(["create", "role", "of-ann", "--verb=get", "--resource=secrets", "-n", "team"]);
    const refused = await ann.run(["create", "role", "more", "--verb=*", "--resource=secrets", "-n", "team"]);
    assert.match(refused.stderr, /is attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\]/);
    const bound = await ann.run([
      "create",
      "rolebinding",
      "x",
      "--clusterrole=cluster-admin",
      "--user=ann",
      "-n",
      "team",
    ]);
    assert.match(bound.stderr, /\{APIGroups:\["\*"\], Resources:\["\*"\], Verbs:\["\*"\]\}/);
  });
}
