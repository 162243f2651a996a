/** The same against an unmodified kube-apiserver, where the machine has one. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { buildGraph } from "../../../src/sight/graph/build-graph.ts";
import type { FactSet } from "../../../src/sight/facts/fact-set.ts";
import { objectText } from "../../../src/sight/questions/principal.ts";
import { whoCan } from "../../../src/sight/questions/who-can.ts";
import { ClusterSource } from "../../../src/sight/sources/cluster/cluster-source.ts";
import type { ClusterSourceOptions } from "../../../src/sight/sources/cluster/cluster-source.ts";
import { readKubeconfig } from "../../../src/sight/sources/cluster/kubeconfig.ts";
import { levels } from "../../../src/sight/sources/cluster/level.ts";
import type { Level } from "../../../src/sight/sources/cluster/level.ts";
import { listBounds } from "../../../src/sight/sources/cluster/list-pages.ts";
import { sightRole } from "../../../src/sight/sources/cluster/sight-role.ts";
import { verifySample } from "../../../src/sight/sources/cluster/verify-sample.ts";
import { base64 } from "../../support/api-objects.ts";
import { noRealApiserver, startRealApiserver } from "../../support/real-apiserver.ts";
import type { RealApiserver } from "../../support/real-apiserver.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../../support/rbac-objects.ts";

const forever = new AbortController().signal;

const missing = noRealApiserver();

if (missing !== undefined) {
  test("Where there is no kube-apiserver, starting one says what is missing", async () => {
    await assert.rejects(startRealApiserver(), new RegExp(missing));
  });
} else {
  let cluster: RealApiserver;

  before(async () => {
    cluster = await startRealApiserver();
    for (const name of ["db", "tls"]) {
      const secret = { metadata: { name }, data: { key: base64("canary-71-value") } };
      await cluster.call("POST", "/api/v1/namespaces/default/secrets", secret);
    }
    const path = `${rbacPath}/namespaces/default`;
    await cluster.call("POST", `${path}/roles`, roleObject("reader", coreRule("get", "secrets", "db")));
    await cluster.call("POST", `${path}/rolebindings`, bindingObject("readers", "Role reader", "User jane"));
    const template = {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "c", image: "i", envFrom: [{ secretRef: { name: "db" } }] }] },
    };
    const spec = { selector: { matchLabels: { app: "web" } }, template };
    await cluster.call("POST", "/apis/apps/v1/namespaces/default/deployments", { metadata: { name: "web" }, spec });
  });

  after(() => cluster[Symbol.asyncDispose]());

  async function sourceOf(
    user: string,
    level: Level,
    options: Partial<ClusterSourceOptions> = {},
  ): Promise<ClusterSource> {
    const [access] = await readKubeconfig([await cluster.kubeconfigOf(user)], []);
    assert.ok(access !== undefined);
    return new ClusterSource(access, { level, env: {}, ...options });
  }

  const secretsOf = (facts: FactSet) => facts.of("Secret").map(({ name, seen }) => [name, seen]);

  test("Each level reads what it says, in pages of any size", async () => {
    for (const pageSize of [1, 7, 500]) {
      using source = await sourceOf("admin", "full", { bounds: { ...listBounds, pageSize } });
      const facts = await source.read(forever);
      assert.deepEqual(
        [secretsOf(facts), facts.coverage.gaps],
        [
          [
            ["db", undefined],
            ["tls", undefined],
          ],
          [],
        ],
      );
      assert.ok(facts.of("ClusterRole").length > 50 && facts.of("Deployment").length === 1);
      assert.doesNotMatch(JSON.stringify([...facts.all()]), new RegExp(base64("canary-71-value")));
    }
    using metadata = await sourceOf("admin", "metadata");
    assert.deepEqual(secretsOf(await metadata.read(forever)), [
      ["db", "metadata"],
      ["tls", "metadata"],
    ]);
    using references = await sourceOf("admin", "references");
    assert.deepEqual(secretsOf(await references.read(forever)), [["db", "name"]]);
  });

  test("The role of each level suffices, as far as Kubernetes has such a right", async () => {
    for (const level of levels) {
      const role = parse(sightRole({ level, verifies: true }));
      await cluster.call("POST", `${rbacPath}/clusterroles`, role);
      const binding = bindingObject(`scanner-${level}`, `ClusterRole ${role.metadata.name}`, "User scanner");
      await cluster.call("POST", `${rbacPath}/clusterrolebindings`, binding);
      using source = await sourceOf("scanner", level);
      const facts = await source.read(forever);
      const gaps = facts.coverage.gaps.map(({ kind, reason }) => `${kind} ${reason}`);
      assert.deepEqual(gaps, { references: ["Secret level"], metadata: ["Secret forbidden"], full: [] }[level], level);
      assert.equal(facts.knows("Secret"), level === "full");
    }
  });

  test("Answers agree with what the server decides", async () => {
    using source = await sourceOf("admin", "full");
    const graph = buildGraph(await source.read(forever));
    const answer = whoCan(graph, { namespace: "default", name: "db" }, { onlyDirect: true, hopsMax: Infinity });
    assert.ok(answer.readers.some(({ principal }) => objectText(principal) === "User jane"));
    const about = [{ namespace: "default", name: "db" }];
    const verified = await verifySample(graph, source.connection, { count: 150, about }, forever);
    assert.deepEqual(
      [verified.disagreements, verified.asked === verified.agreed, verified.asked > 60],
      [[], true, true],
    );
  });

  test("Who may do nothing sees that nothing is known", async () => {
    using source = await sourceOf("nobody", "full");
    const facts = await source.read(forever);
    assert.deepEqual([...facts.all()], []);
    for (const kind of ["Role", "Deployment", "Secret", "Node"] as const) assert.equal(facts.knows(kind), false, kind);
  });

  test("What happens is told", async () => {
    using source = await sourceOf("admin", "metadata");
    await using following = await source.follow(forever);
    await cluster.call("POST", "/api/v1/namespaces/default/secrets", { metadata: { name: "new" }, data: {} });
    await cluster.call("DELETE", "/api/v1/namespaces/default/secrets/tls");
    const told: string[] = [];
    for await (const { changes } of following.changes) {
      for (const change of changes) {
        if (change.type === "put" && change.fact.kind === "Secret")
          told.push(`put ${change.fact.name} ${change.fact.seen}`);
        if (change.type === "delete") told.push(`delete ${change.kind} ${change.name}`);
      }
      if (told.length >= 2) break;
    }
    assert.deepEqual(told.sort(), ["delete Secret tls", "put new metadata"]);
  });
}
