/** `strongroom access explain` against a running server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create } from "../support/api-objects.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../support/rbac-objects.ts";
import { userKubeconfig } from "../support/user-client.ts";
import { run } from "../sight/run-sight.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());
const roles = `${rbacPath}/namespaces/default`;

before(async () => {
  const role = roleObject("reader", coreRule("list", "configmaps"), coreRule("get", "secrets", "db"));
  await create(server, `${roles}/roles`, role);
  await create(server, `${roles}/rolebindings`, bindingObject("readers", "Role reader", "Group devs"));
  const spec = { mode: "enforce", subjects: [{ kind: "User", name: "joe" }], deny: [{ names: ["db"] }] };
  await create(server, "/apis/strongroom.dev/v1/namespaces/default/secretpolicies", {
    metadata: { name: "no-joe" },
    spec,
  });
});

async function explain(...args: string[]) {
  return run("access", "explain", ...args, "--kubeconfig", server.kubeconfig);
}

test("It names the binding, the role and the rule that allow", async () => {
  const answer = await explain("jane", "get", "secrets/db", "-n", "default", "--group", "devs");
  assert.equal(
    answer.stdout,
    `jane may get secrets db in namespace default.
RoleBinding default/readers gives Role default/reader, whose rule 2 allows it:
  verbs: ["get"], apiGroups: [""], resources: ["secrets"], resourceNames: ["db"]
`,
  );
  assert.equal(answer.code, 0);
});

test("It names the policy that denies, and says when no role allows", async () => {
  const joe = await explain("joe", "get", "secrets/db", "-n", "default", "--group", "devs");
  assert.equal(
    joe.stdout,
    "joe may not get secrets db in namespace default.\nSecretPolicy default/no-joe denies it, whatever roles allow.\n",
  );
  assert.equal(joe.code, 1);
  const nobody = await explain("sa/default/web", "list", "secrets");
  const text = "may not list secrets in all namespaces.\nNo role that the user has allows it.\n";
  assert.equal(nobody.stdout, `system:serviceaccount:default:web ${text}`);
});

test("For a program it is JSON", async () => {
  const { stdout } = await explain("jane", "get", "secrets/db", "-n", "default", "--group", "devs", "-o", "json");
  const { allowed, binding, role, rule, groups } = JSON.parse(stdout);
  assert.equal(allowed, true);
  assert.deepEqual(groups, ["devs", "system:authenticated"]);
  assert.deepEqual(binding, { kind: "RoleBinding", namespace: "default", name: "readers" });
  assert.deepEqual(role, { kind: "Role", namespace: "default", name: "reader" });
  assert.equal(rule.index, 1);
  const denied = JSON.parse((await explain("joe", "get", "secrets/db", "-n", "default", "-o", "json")).stdout);
  assert.deepEqual([denied.allowed, denied.denied, denied.policy], [false, true, "default/no-joe"]);
});

test("Administrators have the right by their group, and names of policies from elsewhere cannot be told to be rules", async () => {
  const { stdout } = await explain("root", "get", "secrets/db", "-n", "default", "--group", "strongroom:admins");
  assert.match(stdout, /group "strongroom:admins" may do everything/);
});

test("Whoever may not ask is told what it takes; what cannot be asked is a usage error", async () => {
  await using kubeconfig = await userKubeconfig(server, "nobody");
  const refused = await run("access", "explain", "jane", "get", "secrets/db", "--kubeconfig", kubeconfig.path);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /subjectaccessreviews/);
  for (const args of [["jane"], ["jane", "get", "pods/x"], ["jane", "get", "secrets/a/b"]]) {
    const answer = await explain(...args);
    assert.equal(answer.code, 2, args.join(" "));
  }
});
