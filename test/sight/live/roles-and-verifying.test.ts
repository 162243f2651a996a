/** The roles that are printed suffice for their levels, and answers agree with what a server decides itself. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { buildGraph } from "../../../src/sight/graph/build-graph.ts";
import { factKinds, furtherKinds } from "../../../src/sight/facts/facts.ts";
import { readText } from "../../../src/sight/sources/file-source.ts";
import { ClusterSource } from "../../../src/sight/sources/cluster/cluster-source.ts";
import { readKubeconfig } from "../../../src/sight/sources/cluster/kubeconfig.ts";
import { levels } from "../../../src/sight/sources/cluster/level.ts";
import type { Level } from "../../../src/sight/sources/cluster/level.ts";
import { sightRole } from "../../../src/sight/sources/cluster/sight-role.ts";
import { resourceOf } from "../../../src/sight/facts/fact-kind.ts";
import { sampleQuestions, verifySample } from "../../../src/sight/sources/cluster/verify-sample.ts";
import { startTestServer } from "../../running-server.ts";
import type { TestServer } from "../../running-server.ts";
import { base64, create, secret, secretsIn } from "../../support/api-objects.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../../support/rbac-objects.ts";
import { userKubeconfig } from "../../support/user-client.ts";
import { runIn } from "../run-sight.ts";

const forever = new AbortController().signal;
const about = { namespace: "default", name: "db" };
let server: TestServer;

before(async () => {
  server = await startTestServer();
  await create(server, secretsIn("default"), secret("db", { data: { password: base64("value") } }));
  const path = `${rbacPath}/namespaces/default`;
  await create(server, `${path}/roles`, roleObject("reader", coreRule("get,list", "secrets", "db")));
  await create(server, `${path}/rolebindings`, bindingObject("readers", "Role reader", "User jane", "Group devs"));
});

after(() => server[Symbol.asyncDispose]());

async function sourceOf(kubeconfig: string, level: Level = "metadata"): Promise<ClusterSource> {
  const [access] = await readKubeconfig([kubeconfig], []);
  assert.ok(access !== undefined);
  return new ClusterSource(access, { level, env: {} });
}

test("Every kind that is looked at has its name in rules", () => {
  const irregular = {
    Ingress: "ingresses",
    NetworkPolicy: "networkpolicies",
    SecretProviderClass: "secretproviderclasses",
  };
  for (const [kind, name] of Object.entries(irregular)) {
    assert.equal(resourceOf([...factKinds, ...furtherKinds].find((each) => each === kind) ?? "Pod"), name);
  }
  assert.equal(resourceOf("Pod"), "pods");
});

test("The role of each level lets whoever has it read all that the level is about, and no more of secrets", async () => {
  for (const level of levels) {
    const role = parse(sightRole({ level, verifies: false }));
    await create(server, `${rbacPath}/clusterroles`, role);
    await create(
      server,
      `${rbacPath}/clusterrolebindings`,
      bindingObject(level, `ClusterRole ${role.metadata.name}`, `User ${level}`),
    );
    await using kubeconfig = await userKubeconfig(server, level);
    const text = await readFile(kubeconfig.path, "utf8");
    await writeFile(kubeconfig.path, text.replace(/server: "[^"]*"/, `server: "${server.url}"`));
    using source = await sourceOf(kubeconfig.path, level);
    const facts = await source.read(forever);
    const gaps = facts.coverage.gaps.map(({ kind, reason }) => `${kind} ${reason}`);
    assert.deepEqual(gaps, { references: ["Secret level"], metadata: ["Secret partial"], full: [] }[level], level);
    using beyond = await sourceOf(kubeconfig.path, "full");
    const more = (await beyond.read(forever)).coverage.gaps.map(({ kind, reason }) => `${kind} ${reason}`);
    assert.deepEqual(more, { references: ["Secret forbidden"], metadata: ["Secret partial"], full: [] }[level], level);
    // Whoever may list roles and not create reviews is told what that takes.
    const verified = await verifySample(buildGraph(facts), source.connection, { count: 4, about: [] }, forever);
    assert.match(verified.reason, /subjectaccessreviews.*\["create"\]/);
  }
});

test("A sample has as many questions of each answer, and all of them agree", async () => {
  using source = await sourceOf(server.kubeconfig);
  const graph = buildGraph(await source.read(forever));
  const questions = sampleQuestions(graph, { count: 40, about: [about] });
  const allowed = questions.filter(({ isAllowed }) => isAllowed);
  assert.ok(allowed.length >= 4 && allowed.length < questions.length, `${allowed.length} of ${questions.length}`);
  const verified = await verifySample(graph, source.connection, { count: 40, about: [about] }, forever);
  assert.deepEqual([verified.asked === verified.agreed, verified.disagreements], [true, []]);
  assert.ok(verified.asked > 20);
});

test("A graph that says something else than the cluster is found out, both ways", async () => {
  const other = ["get", "list", "watch"]
    .map(
      (verb) => `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: ${verb}s}
rules: [{verbs: [${verb}], apiGroups: [""], resources: [secrets]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ${verb}s}
roleRef: {kind: ClusterRole, name: ${verb}s}
subjects: [{kind: User, name: stranger}]`,
    )
    .join("\n---");
  const known = ["Role", "RoleBinding"]
    .map((kind) => `\n---\n{kind: ${kind}List, apiVersion: rbac.authorization.k8s.io/v1, items: []}`)
    .join("");
  const jane =
    "\n---\n{kind: ClusterRoleBinding, apiVersion: rbac.authorization.k8s.io/v1, metadata: {name: j}, roleRef: {kind: ClusterRole, name: view}, subjects: [{kind: User, name: jane}]}";
  using source = await sourceOf(server.kubeconfig);
  const graph = buildGraph(readText("dump", "other.yaml", other + known + jane));
  const verified = await verifySample(graph, source.connection, { count: 60, about: [about] }, forever);
  const told = verified.disagreements.map(({ question, graph: ours, cluster }) => `${question}: ${ours}, ${cluster}`);
  assert.ok(told.includes("User stranger may get Secret default/db: allows, denies"), told.join("\n"));
  assert.ok(told.includes("User jane may get Secret default/db: denies, allows"), told.join("\n"));
  assert.match(
    verified.disagreements.find(({ cluster }) => cluster === "allows")?.reason ?? "",
    /^RBAC: allowed by RoleBinding/,
  );
});

test("Answers about a cluster say how many agree; --verify says how many are asked", async () => {
  const asked = await runIn(server.dataDir, "who-can", "default/db", "--kubeconfig", server.kubeconfig);
  assert.match(asked.stdout, /^Verified: (\d+) of \1 agree with what the cluster decides\.$/m);
  const five = await runIn(server.dataDir, "who-can", "default/db", "--kubeconfig", server.kubeconfig, "--verify", "5");
  assert.match(five.stdout, /^Verified: 5 of 5 agree/m);
  const none = await runIn(server.dataDir, "who-can", "default/db", "--kubeconfig", server.kubeconfig, "--verify", "0");
  assert.doesNotMatch(none.stdout, /erified/);
  const wrong = await runIn(
    server.dataDir,
    "who-can",
    "default/db",
    "--kubeconfig",
    server.kubeconfig,
    "--verify",
    "all",
  );
  assert.deepEqual([wrong.code, /--verify must be a number/.test(wrong.stderr)], [2, true]);
});

test("sight role prints a role that YAML reads, for each level", async () => {
  for (const level of levels) {
    const { code, stdout } = await runIn(server.dataDir, "sight", "role", "--level", level);
    assert.deepEqual([code, parse(stdout).metadata.name], [0, `strongroom-sight-${level}`]);
  }
});
