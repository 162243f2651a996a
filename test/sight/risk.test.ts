/** The ranking of secrets on whole clusters: the examples of the model, and what must hold whatever the cluster is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { edgeRules } from "../../src/sight/graph/edge-rules.ts";
import type { SecurityGraph } from "../../src/sight/graph/security-graph.ts";
import { NearestSources } from "../../src/sight/risk/nearest-sources.ts";
import { SecretRanking } from "../../src/sight/risk/rank-secrets.ts";
import { sourcesOf } from "../../src/sight/risk/sources-of.ts";
import { buildGraph } from "../../src/sight/graph/build-graph.ts";
import { readText } from "../../src/sight/sources/file-source.ts";
import { scan } from "../../src/sight/findings/scan.ts";
import { scoreOf } from "../../src/sight/findings/score.ts";
import { fixtureClusters, graphOf } from "./fixture-cluster.ts";

const secret = (namespace: string, name: string, more = "") =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}, namespace: ${namespace}}\n${more}`;
const pod = (namespace: string, name: string, spec: string, labels = "") =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: ${namespace}, labels: {${labels}}}\nspec: {${spec}}\n`;
const cluster = (...documents: string[]) => documents.join("---\n");
const mounts = (name: string) =>
  `volumes: [{name: v, secret: {secretName: ${name}}}], automountServiceAccountToken: false`;
const internal = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: prod}\nspec: {selector: {app: web}}\n";
const outside = internal.replace("spec: {", "spec: {type: LoadBalancer, ");

function scoreIn(text: string, name: string): number | undefined {
  return new SecretRanking(graphOf(text)).secrets.find((each) => each.secret.name === name)?.risk.score.value;
}

test("A pod reached from the internet that mounts a secret of a production database is critical, of the inside it is high", () => {
  const web = pod("prod", "web", mounts("orders-db"), "app: web");
  assert.equal(scoreIn(cluster(secret("prod", "orders-db"), web, outside), "orders-db"), 9);
  assert.equal(scoreIn(cluster(secret("prod", "orders-db"), web, internal), "orders-db"), 7); // 6.7 by the pod alone; system:masters comes with 0.1
});

test("An account that lists every secret brings a cluster administrator's token to the pod that runs as it", () => {
  const text = cluster(
    secret("a", "admin", "metadata: {}\n").replace("metadata: {}\n", ""),
    pod("a", "web", "serviceAccountName: lister"),
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: lister}\nrules: [{verbs: [list], apiGroups: [''], resources: [secrets]}]\n",
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: lister}\nroleRef: {kind: ClusterRole, name: lister}\nsubjects: [{kind: ServiceAccount, name: lister, namespace: a}]\n",
  );
  const ranking = new SecretRanking(graphOf(text), [{ namespace: "a", name: "admin", sensitivity: 1 }]);
  assert.equal(ranking.secrets[0]?.risk.score.value, 7.4); // 0.5, and system:masters with 0.1
  const [worst] = ranking.pathsTo({ namespace: "a", name: "admin" });
  assert.equal(worst?.source.name, "ServiceAccount a/lister");
  assert.deepEqual(
    worst?.steps.map(({ edge }) => edge),
    ["list-secrets"],
  );
});

const found = (text: string, now?: number) => scan(graphOf(text), now === undefined ? {} : { now }).findings;
const checksOf = (text: string, now?: number) => found(text, now).map(({ check }) => check);

test("A secret that a workload of the inside has in it, as declared, is no finding; one of the outside is, with its way", () => {
  const web = pod("prod", "web", mounts("orders-db"), "app: web");
  const inside = cluster(secret("prod", "orders-db"), web, internal);
  assert.ok(!checksOf(inside).includes("SR-RSK-001"));
  const worst = found(cluster(secret("prod", "orders-db"), web, outside)).find(({ check }) => check === "SR-RSK-001");
  assert.equal(worst?.id, "SR-RSK-001/ServiceAccount prod/default/secret-in-pod");
  assert.deepEqual(
    worst.path.map(({ from, edge }) => `${from} ${edge}`),
    ["Pod prod/web secret-in-pod"],
  );
  assert.equal(worst.severity, "critical");
  const declared = scan(
    buildGraph(readText("manifests", "m.yaml", cluster(secret("prod", "orders-db"), web, outside))),
  );
  const commands = [worst, declared.findings.find(({ id }) => id === worst.id)].map((each) => each?.verify.command);
  assert.deepEqual(
    commands,
    ["strongroom who-can prod/orders-db --dump cluster.json", "strongroom who-can prod/orders-db --git ."],
    "it is verified where it was found",
  );
});

test("Combinations need each of their facts", () => {
  const web = pod("prod", "web", mounts("orders-db"), "app: web");
  const toxic = (text: string, now?: number) => checksOf(text, now).filter((check) => check.startsWith("SR-TOX"));
  assert.deepEqual(toxic(cluster(secret("prod", "orders-db"), web, outside)), ["SR-TOX-001"]);
  assert.deepEqual(toxic(cluster(secret("prod", "orders-db"), web, internal)), []);
  assert.deepEqual(toxic(cluster(secret("prod", "greeting"), web.replace("orders-db", "greeting"), outside)), []);

  const role =
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r, namespace: prod}\nrules: [{verbs: [get], apiGroups: [''], resources: [secrets], resourceNames: [orders-db]}]\n";
  const bound = (name: string) =>
    `apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: r, namespace: prod}\nroleRef: {kind: Role, name: r}\nsubjects: [{kind: Group, name: '${name}'}]\n`;
  assert.deepEqual(toxic(cluster(secret("prod", "orders-db"), role, bound("system:authenticated"))), ["SR-TOX-003"]);
  assert.deepEqual(toxic(cluster(secret("prod", "orders-db"), role, bound("people"))), []);

  const exposedToo = cluster(secret("prod", "orders-db"), web, outside, role, bound("system:authenticated"));
  const ways = found(exposedToo).filter(({ check }) => check.startsWith("SR-TOX"));
  assert.deepEqual(
    ways.map(({ check, path }) => [check, path[0]?.from]),
    [
      ["SR-TOX-001", "Pod prod/web"],
      ["SR-TOX-003", "Group system:authenticated"],
    ],
    "each with the way of the source that it is about",
  );

  const value = (namespace: string, key = "k8yT2mQv9Lx4") =>
    secret(namespace, "tls", `type: kubernetes.io/tls\nstringData: {tls.key: "${key}"}\n`);
  const both = [value("a"), value("b"), pod("a", "web", mounts("tls"))];
  assert.deepEqual(toxic(cluster(...both)), ["SR-TOX-004"]);
  assert.deepEqual(toxic(cluster(value("a"), value("b", "another of its own"), pod("a", "web", mounts("tls")))), []);

  const old = secret("a", "session").replace("namespace: a", "namespace: a, creationTimestamp: '2020-01-01T00:00:00Z'");
  const many = Array.from({ length: 11 }, (_, n) => pod("a", `p${n}`, mounts("session"), "app: web"));
  const service = outside.replace("namespace: prod", "namespace: a");
  const held = cluster(old, ...many, service);
  assert.deepEqual(toxic(held, Date.parse("2026-01-01")), ["SR-TOX-002"]);
  assert.deepEqual(toxic(held, Date.parse("2020-06-01")), []);
  assert.deepEqual(toxic(held), [], "without a clock nothing is old");
});

const texts = fixtureClusters().map(({ text }) => text);

test("A ranking is the same whatever the order of the input, and its factors give its numbers", () => {
  const ranked = (documents: readonly string[]) =>
    new SecretRanking(graphOf(documents.join("\n---\n"))).secrets.map(({ secret: name, risk, sources }) => [
      name,
      risk,
      sources,
    ]);
  const inOrder = ranked(texts);
  assert.ok(inOrder.length > 3);
  assert.deepEqual(ranked(texts.toReversed()), inOrder);
  for (const { risk } of new SecretRanking(graphOf(texts.join("\n---\n"))).secrets) {
    assert.equal(scoreOf(risk.score), risk.score.value);
    assert.ok(risk.score.value >= 0 && risk.score.value <= 10);
  }
});

test("A right or a pod more never lowers a risk, one less never raises it", () => {
  for (const text of texts) {
    const documents = text.split(/^---$/m);
    const whole = scoresOf(documents);
    for (const [number, document] of documents.entries()) {
      if (!/^kind: (?:Role|ClusterRole)Binding|^kind: Pod$/m.test(document)) continue;
      for (const [name, less] of scoresOf(documents.toSpliced(number, 1))) {
        const more = whole.get(name);
        assert.ok(more === undefined || more >= less, `${name} from ${less} to ${more} without\n${document}`);
      }
    }
  }
});

function scoresOf(documents: readonly string[]): Map<string, number> {
  const { secrets } = new SecretRanking(graphOf(documents.join("\n---\n")));
  return new Map(secrets.map(({ secret: { namespace, name }, risk }) => [`${namespace}/${name}`, risk.score.value]));
}

test("The search from all sources at once finds what a search from each of them finds", () => {
  for (const text of [...texts, texts.join("\n---\n")]) {
    const graph = graphOf(text);
    const { sources } = sourcesOf(graph);
    const nearest = new NearestSources(graph, sources, 5);
    const best = bestByName(graph, sources);
    for (const node of graph.nodes.keys()) {
      const values = Array.from(best.values(), (reached) => reached[node] ?? 0).filter((value) => value > 0);
      const expected = values.sort((a, b) => b - a).slice(0, 5);
      assert.deepEqual(
        nearest.of(node).map(({ value }) => value),
        expected,
      );
    }
  }
});

/** For each name of a source, the best value at each node, by going over all edges until nothing changes. */
function bestByName(graph: SecurityGraph, sources: readonly { name: string; node: number; likelihood: number }[]) {
  const best = new Map<string, Float64Array>();
  for (const { name, node, likelihood } of sources) {
    const reached = best.get(name) ?? new Float64Array(graph.nodes.length);
    reached[node] = Math.max(reached[node] ?? 0, likelihood);
    best.set(name, reached);
  }
  const { from, to, rule } = graph.edges;
  for (const reached of best.values()) {
    for (let changed = true; changed;) {
      changed = false;
      for (let edge = 0; edge < from.length; edge++) {
        const value = reached[from[edge]!]! * edgeRules[rule[edge]!]!.ease;
        if (value <= reached[to[edge]!]!) continue;
        reached[to[edge]!] = value;
        changed = true;
      }
    }
  }
  return best;
}
