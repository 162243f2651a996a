/** A dump that sight collect makes: without values, and with the answers that the cluster itself gives. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { startTestServer } from "../../running-server.ts";
import type { TestServer } from "../../running-server.ts";
import { base64, create, createNamespace, secret, secretsIn } from "../../support/api-objects.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../../support/rbac-objects.ts";
import { userKubeconfig } from "../../support/user-client.ts";
import { TestHome } from "../../cli/program.ts";
import { runIn } from "../run-sight.ts";

const canaries = [
  "canary-value",
  "canary-literal",
  "canary-argument",
  "canary-annotation",
  "canary-config",
  "canary-probe",
];
let server: TestServer;
let home: TestHome;

before(async () => {
  server = await startTestServer();
  home = new TestHome();
  await createNamespace(server, "a");
  const applied = "kubectl.kubernetes.io/last-applied-configuration";
  const annotations = { [applied]: `{"data":{"p":"canary-annotation"}}`, other: "canary-annotation", flag: "true" };
  await create(
    server,
    secretsIn("a"),
    secret("db", { metadata: { name: "db", annotations }, data: { password: base64("canary-value") } }),
  );
  await create(server, "/api/v1/namespaces/a/configmaps", {
    metadata: { name: "settings" },
    data: { password: "canary-config" },
  });
  await create(server, `${rbacPath}/namespaces/a/roles`, roleObject("reader", coreRule("get", "secrets", "db")));
  await create(server, `${rbacPath}/namespaces/a/rolebindings`, bindingObject("readers", "Role reader", "User jane"));
  const container = {
    name: "c",
    image: "i",
    command: ["sh", "canary-argument"],
    args: ["canary-argument"],
    env: [
      { name: "PASSWORD", value: "canary-literal" },
      { name: "FROM", valueFrom: { secretKeyRef: { name: "db", key: "password" } } },
    ],
    livenessProbe: { httpGet: { port: 80, httpHeaders: [{ name: "Authorization", value: "canary-probe" }] } },
  };
  await create(server, "/api/v1/namespaces/a/pods", {
    metadata: { name: "web", annotations },
    spec: { containers: [container] },
  });
});

after(async () => {
  home[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

/** All bytes that were written, archives unpacked. */
function contentOf(path: string): string {
  if (statSync(path).isDirectory())
    return readdirSync(path)
      .map((name) => contentOf(join(path, name)))
      .join("\n");
  const bytes = readFileSync(path);
  return (path.endsWith("gz") ? gunzipSync(bytes) : bytes).toString("latin1");
}

async function readersIn(...source: string[]): Promise<unknown> {
  const { stdout, stderr } = await runIn(home.path, "who-can", "a/db", ...source, "-o", "json");
  assert.equal(stderr, "");
  const { readers, consumers, known } = JSON.parse(stdout);
  const shown = readers.map(
    ({
      principal,
      hops,
      direct,
      path,
    }: {
      principal: object;
      hops: number;
      direct: boolean;
      path: { edge: string }[];
    }) => {
      return [principal, hops, direct, path.map(({ edge }) => edge)];
    },
  );
  return [shown, consumers, known];
}

test("A dump of each level and form answers as the cluster does, and holds no value", async () => {
  for (const level of ["references", "metadata", "full"]) {
    const live = await readersIn("--kubeconfig", server.kubeconfig, "--level", level);
    for (const name of [`${level}.tar.gz`, `${level}.tar`, level]) {
      const made = await runIn(
        home.path,
        "sight",
        "collect",
        "-o",
        name,
        "--kubeconfig",
        server.kubeconfig,
        "--level",
        level,
      );
      assert.deepEqual([made.code, made.stdout], [0, `${home.at(name)}\n`], made.stderr);
      assert.match(made.stderr, /^Collected \d+ objects\.$/m);
      assert.deepEqual(await readersIn("--dump", name), live, name);
      const content = contentOf(home.at(name));
      for (const canary of canaries) assert.ok(!content.includes(canary) && !content.includes(base64(canary)), canary);
      assert.doesNotMatch(content, /fingerprint/);
      assert.equal(statSync(home.at(name)).mode & 0o077, 0, "for its owner only");
    }
  }
});

test("What was unknown when a dump was made stays unknown, and a dump says what was left out of it", async () => {
  await using kubeconfig = await userKubeconfig(server, "nobody");
  const text = readFileSync(kubeconfig.path, "utf8").replace(/server: "[^"]*"/, `server: "${server.url}"`);
  writeFileSync(kubeconfig.path, text);
  await runIn(home.path, "sight", "collect", "-o", "blind", "--kubeconfig", kubeconfig.path);
  for (const question of [["scan"], ["who-can", "a/db"]]) {
    const live = await runIn(home.path, ...question, "--kubeconfig", kubeconfig.path);
    assert.deepEqual([live.code, live.stdout], [1, ""], "no answer, and no report without findings");
    assert.match(live.stderr, /could be read: it refuses every kind of object .*\n.*strongroom sight role/);
  }
  const blind = await runIn(home.path, "who-can", "a/db", "--dump", "blind");
  assert.match(
    blind.stdout,
    /^Unknown, since the cluster refused it: Role, ClusterRole, RoleBinding, .*\.\nAs in: the cluster answered with 403.*strongroom sight role prints a role/m,
  );
  await runIn(home.path, "sight", "collect", "-o", "seeing", "--kubeconfig", server.kubeconfig);
  const seeing = await runIn(home.path, "scan", "--dump", "seeing", "-o", "json");
  const { coverage } = JSON.parse(seeing.stdout);
  assert.deepEqual(
    [coverage.source, coverage.origin.server, coverage.origin.level],
    ["dump", "strongroom", "metadata"],
  );
  assert.ok(
    coverage.gaps.some(({ kind, reason }: { kind: string; reason: string }) => kind === "Pod" && reason === "partial"),
  );
  assert.equal(coverage.objects.Deployment, 0, "what the cluster does not serve, it has none of");
});

test("A scan of a dump without values finds nothing about values, and what it can know of them", async () => {
  await runIn(home.path, "sight", "collect", "-o", "emptied", "--kubeconfig", server.kubeconfig, "--level", "full");
  const { stdout } = await runIn(home.path, "scan", "--dump", "emptied", "-o", "json");
  const { findings } = JSON.parse(stdout) as { findings: { check: string; object: { name: string } }[] };
  assert.deepEqual(
    findings.filter(({ check }) => check.startsWith("SR-CONT")),
    [],
    "a value that was left out is not an empty one",
  );
  assert.ok(findings.some(({ check, object }) => check === "SR-LEAK-005" && object.name === "db"));
});

test("A dump can be made of a dump and of manifests", async () => {
  await runIn(home.path, "sight", "collect", "-o", "first", "--kubeconfig", server.kubeconfig, "--level", "full");
  await runIn(home.path, "sight", "collect", "-o", "second.tar.gz", "--dump", "first");
  assert.deepEqual(await readersIn("--dump", "second.tar.gz"), await readersIn("--dump", "first"));
});

test("A folder that has something in it is left as it is", async () => {
  mkdirSync(home.at("taken"));
  writeFileSync(home.at("taken", "mine.json"), "{}");
  const made = await runIn(home.path, "sight", "collect", "-o", "taken", "--kubeconfig", server.kubeconfig);
  assert.deepEqual([made.code, readdirSync(home.at("taken"))], [2, ["mine.json"]]);
  assert.match(made.stderr, /must be new or empty/);
});
