/** Sight of a running server: by a kubeconfig, as an administrator and with few rights; the same as of its dump and its manifests. */
import assert from "node:assert/strict";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { stringify } from "yaml";
import type { Environment } from "../../../src/cli/environment.ts";
import { buildGraph } from "../../../src/sight/graph/build-graph.ts";
import type { FactSet } from "../../../src/sight/facts/fact-set.ts";
import { whoCan } from "../../../src/sight/questions/who-can.ts";
import { scan } from "../../../src/sight/findings/scan.ts";
import { objectText } from "../../../src/sight/questions/principal.ts";
import { readText } from "../../../src/sight/sources/file-source.ts";
import { ClusterSource } from "../../../src/sight/sources/cluster/cluster-source.ts";
import type { ClusterSourceOptions } from "../../../src/sight/sources/cluster/cluster-source.ts";
import { readKubeconfig } from "../../../src/sight/sources/cluster/kubeconfig.ts";
import { listBounds } from "../../../src/sight/sources/cluster/list-pages.ts";
import type { Level } from "../../../src/sight/sources/cluster/level.ts";
import { startTestServer } from "../../running-server.ts";
import type { TestServer } from "../../running-server.ts";
import { base64, create, createNamespace, secret, secretsIn } from "../../support/api-objects.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../../support/rbac-objects.ts";
import { userKubeconfig } from "../../support/user-client.ts";
import { runIn, runWith } from "../run-sight.ts";

const canary = "canary-0f8c2e-value";
const forever = new AbortController().signal;
let server: TestServer;

before(async () => {
  server = await startTestServer();
  await createNamespace(server, "a");
  await create(server, secretsIn("a"), secret("db", { data: { password: base64(canary) } }));
  await create(server, secretsIn("a"), secret("tls", { data: { key: base64(canary) } }));
  await create(server, `${rbacPath}/namespaces/a/roles`, roleObject("reader", coreRule("get", "secrets", "db")));
  await create(server, `${rbacPath}/namespaces/a/rolebindings`, bindingObject("readers", "Role reader", "User jane"));
  const containers = [{ name: "c", image: "i", envFrom: [{ secretRef: { name: "named-by-pod" } }] }];
  await create(server, "/api/v1/namespaces/a/pods", { metadata: { name: "web" }, spec: { containers } });
});

after(() => server[Symbol.asyncDispose]());

async function readAs(kubeconfig: string, level: Level, options: Partial<ClusterSourceOptions> = {}): Promise<FactSet> {
  const [access] = await readKubeconfig([kubeconfig], []);
  assert.ok(access !== undefined);
  using source = new ClusterSource(access, { level, env: {}, ...options });
  return await source.read(forever);
}

const secretsOf = (facts: FactSet) =>
  facts
    .of("Secret")
    .map(({ name }) => name)
    .sort();

test("Each level tells what it says of secrets, and no value whatever the level", async () => {
  const [references, metadata, full] = await Promise.all(
    (["references", "metadata", "full"] as const).map((level) => readAs(server.kubeconfig, level)),
  );
  assert.ok(references && metadata && full);
  assert.deepEqual([secretsOf(references), references.knows("Secret")], [["db", "named-by-pod"], false]);
  assert.deepEqual([secretsOf(metadata), metadata.knows("Secret")], [["db", "tls"], true]);
  assert.deepEqual([secretsOf(full), full.knows("Secret")], [["db", "tls"], true]);
  assert.deepEqual(
    metadata.coverage.gaps.map(({ reason }) => reason),
    ["partial"],
  );
  assert.deepEqual(full.coverage.gaps, []);
  const [db, tls] = full.of("Secret");
  assert.deepEqual([db?.keys, db?.values?.[0]?.sizeBytes], [["password"], canary.length]);
  assert.equal(db?.values?.[0]?.fingerprint, tls?.values?.[0]?.fingerprint);
  assert.equal(metadata.of("Secret")[0]?.seen, "metadata");
  for (const facts of [references, metadata, full]) {
    assert.doesNotMatch(JSON.stringify([...facts.all(), facts.coverage]), new RegExp(`${canary}|${base64(canary)}`));
    assert.deepEqual(facts.coverage.origin?.server, "strongroom");
  }
});

test("An annotation that repeats values weighs less where the server leaves it out of metadata", async () => {
  const manifest = JSON.stringify({ apiVersion: "v1", kind: "Secret", data: { k: base64("x") } });
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": manifest };
  await create(server, secretsIn("a"), secret("applied", { metadata: { name: "applied", annotations } }));
  const facts = await readAs(server.kubeconfig, "metadata");
  const foundOn = (kind: "strongroom" | "kubernetes") => {
    assert.ok(facts.origin);
    facts.origin = { ...facts.origin, server: kind };
    return scan(buildGraph(facts)).findings.find(({ check }) => check === "SR-LEAK-005");
  };
  assert.deepEqual([foundOn("kubernetes")?.severity, foundOn("strongroom")?.severity], ["medium", "low"]);
  await server.call("DELETE", `${secretsIn("a")}/applied`);
});

test("Small pages give what large ones give", async () => {
  const [large, small] = await Promise.all([
    readAs(server.kubeconfig, "full"),
    readAs(server.kubeconfig, "full", { bounds: { ...listBounds, pageSize: 2 } }),
  ]);
  const shown = (facts: FactSet) =>
    Array.from(facts.all(), ({ kind, namespace, name }) => `${kind} ${namespace}/${name}`);
  assert.deepEqual(shown(small), shown(large));
});

test("Who may do nothing sees that nothing is known, and what it takes", async () => {
  await using kubeconfig = await userKubeconfig(server, "nobody");
  await useServerOf(kubeconfig.path);
  const facts = await readAs(kubeconfig.path, "metadata");
  assert.deepEqual([...facts.all()], []);
  const missing = new Map(facts.coverage.gaps.map(({ kind, missing: right }) => [kind, right?.rule]));
  assert.equal(missing.get("Secret"), '{apiGroups: [""], resources: ["secrets/metadata"], verbs: ["list"]}');
  for (const kind of ["Role", "ClusterRole", "RoleBinding", "Pod", "Secret", "Namespace", "Node"] as const) {
    assert.ok(missing.has(kind) && !facts.knows(kind), kind);
  }
});

test("A right on secrets/metadata is enough for the names of secrets, and not for more", async () => {
  await create(server, `${rbacPath}/clusterroles`, roleObject("names", coreRule("list", "secrets/metadata")));
  await create(server, `${rbacPath}/clusterrolebindings`, bindingObject("names", "ClusterRole names", "User namer"));
  await using kubeconfig = await userKubeconfig(server, "namer");
  await useServerOf(kubeconfig.path);
  const metadata = await readAs(kubeconfig.path, "metadata");
  assert.deepEqual([secretsOf(metadata), metadata.knows("Secret")], [["db", "tls"], true]);
  const full = await readAs(kubeconfig.path, "full");
  assert.deepEqual(secretsOf(full), ["db", "tls"]);
  const gap = full.coverage.gaps.find(({ kind }) => kind === "Secret");
  assert.match(`${gap?.reason}: ${gap?.message}`, /^partial: the cluster refused all but metadata/);
  assert.equal(gap?.missing?.rule, '{apiGroups: [""], resources: ["secrets"], verbs: ["list"]}');
});

test("A cluster read live, its dump and its manifests have the same readers of each secret by the same ways", async () => {
  const paths = ["roles", "rolebindings", "clusterroles", "clusterrolebindings"].map((name) => `${rbacPath}/${name}`);
  paths.push(...["serviceaccounts", "pods", "namespaces", "secrets"].map((name) => `/api/v1/${name}`));
  const lists = await Promise.all(paths.map(async (path) => (await server.call("GET", path)).json));
  const items = lists.flatMap((list) => {
    const kind = list.kind.replace(/List$/, "");
    return list.items.map((item: object) => ({ apiVersion: list.apiVersion, kind, ...item }));
  });
  const live = await readAs(server.kubeconfig, "full");
  const dump = readText("dump", "dump.json", JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  const tree = readText("manifests", "tree.yaml", items.map((item) => stringify(item)).join("---\n"));
  // Which server it is, files do not say.
  dump.origin = tree.origin = live.origin;
  const readers = (facts: FactSet) => {
    const graph = buildGraph(facts);
    return ["db", "tls", "named-by-pod"].map((name) => {
      const answer = whoCan(graph, { namespace: "a", name }, { onlyDirect: false, hopsMax: Infinity });
      return answer.readers.map(({ principal, hops, risk, path }) => [
        objectText(principal),
        hops,
        risk,
        path.map(({ edge }) => edge),
      ]);
    });
  };
  const expected = readers(live);
  assert.ok(expected[0]?.some(([who]) => who === "User jane"));
  assert.deepEqual(readers(dump), expected);
  assert.deepEqual(readers(tree), expected);
});

test("The commands answer for a kubeconfig and for this host's server, and name what they do not know", async () => {
  const byFile = await runIn(server.dataDir, "who-can", "a/db", "--kubeconfig", server.kubeconfig);
  assert.deepEqual([byFile.code, byFile.stderr], [0, ""]);
  assert.match(byFile.stdout, /User jane, directly/);
  assert.match(byFile.stdout, /^Known in part: Secret, since only metadata was asked for/m);
  assert.match(byFile.stdout, /^Read: \d+ objects of the cluster strongroom \(v1\.34\.0\+strongroom\./m);
  const byServer = await runIn(server.dataDir, "scan", "--server", "--data-dir", server.dataDir, "-o", "json");
  const { coverage, findings } = JSON.parse(byServer.stdout);
  assert.equal(coverage.origin.server, "strongroom");
  const ofAdmins = findings.filter(({ message }: { message: string }) => message.startsWith("Group strongroom:admins"));
  assert.deepEqual(ofAdmins, [], "who stands above roles on every such server is no finding");
});

test("Without a source, it is this host's server, else kubectl's cluster; below kubectl, always that", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sr-default-"));
  try {
    const mine = { home: "/h", xdgDataHome: folder, workingDirectory: "/", shellDirectory: "/" };
    const ask = (environment: Environment, ...more: string[]) =>
      runWith(environment, "who-can", "a/db", "--direct", ...more);
    const none = await ask(mine);
    assert.deepEqual([none.code, /the source must be named\n.*no kubeconfig of kubectl/.test(none.stderr)], [2, true]);
    const variables = { KUBECONFIG: `/absent:${server.kubeconfig}` };
    const kubectls = await ask({ ...mine, variables });
    assert.match(kubectls.stdout, /User jane, directly/);
    assert.equal(kubectls.stderr, `Reading the cluster of kubectl, by ${server.kubeconfig}.\n`);
    await symlink(server.dataDir, join(folder, "strongroom"));
    const own = await ask({ ...mine, variables: { KUBECONFIG: "/absent" } });
    assert.match(own.stdout, /User jane, directly/);
    assert.equal(own.stderr, `Reading the server of ${join(folder, "strongroom")}.\n`);
    const plugin = await ask({ ...mine, variables, isKubectlPlugin: true });
    assert.deepEqual([plugin.code, plugin.stderr], [0, ""]);
    const lost = await ask({ ...mine, isKubectlPlugin: true });
    assert.equal(lost.code, 2);
    const context = await ask({ ...mine, variables }, "--context", "other");
    assert.match(context.stderr, /must have the context other; it has strongroom/);
    const both = await ask({ ...mine, variables }, "--context", "other", "--server");
    assert.match(both.stderr, /--context needs a kubeconfig, not --server/);
    assert.match((await ask(mine, "--context", "other")).stderr, /--context needs --kubeconfig FILE/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("Several contexts are several answers", async () => {
  const text = (await import("node:fs")).readFileSync(server.kubeconfig, "utf8");
  const { parse } = await import("yaml");
  const config = parse(text);
  const [context] = config.contexts;
  await writeFile(
    `${server.dataDir}/two.kubeconfig`,
    stringify({ ...config, contexts: [context, { ...context, name: "second" }] }),
  );
  const both = ["--context", context.name, "--context", "second"];
  const { code, stdout, stderr } = await runIn(server.dataDir, "scan", "--kubeconfig", "two.kubeconfig", ...both);
  assert.deepEqual([code, stderr], [0, `Cluster ${context.name}:\nCluster second:\n`]);
  assert.match(stdout, /from the cluster strongroom [^]*from the cluster second /);
});

test("What cannot be read ends with what to do", async () => {
  const gone = await runIn(server.dataDir, "scan", "--kubeconfig", "absent");
  assert.deepEqual([gone.code, /absent/.test(gone.stderr)], [1, true]);
  const wrong = await runIn(server.dataDir, "scan", "--kubeconfig", server.kubeconfig, "--context", "other");
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /must have the context other; it has strongroom/);
  const none = await runIn(server.dataDir, "scan", "--server", "--data-dir", "elsewhere");
  assert.deepEqual([none.code, /strongroom kubeconfig makes the file anew/.test(none.stderr)], [2, true]);
  const two = await runIn(server.dataDir, "scan", "--server", "--dump", "x");
  assert.deepEqual([two.code, /one source must be named, not several/.test(two.stderr)], [2, true]);
  const level = await runIn(server.dataDir, "scan", "--kubeconfig", server.kubeconfig, "--level", "all");
  assert.deepEqual([level.code, /references, metadata, full/.test(level.stderr)], [2, true]);
});

/** Kubeconfigs of users name a port of their own. */
async function useServerOf(path: string): Promise<void> {
  const { readFile } = await import("node:fs/promises");
  const text = await readFile(path, "utf8");
  await writeFile(path, text.replace(/server: "[^"]*"/, `server: "${server.url}"`));
}
