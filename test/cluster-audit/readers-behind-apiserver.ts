/** The readers behind a kube-apiserver: what kubectl asks it is on record here, and who asked. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { run } from "../sight/run-sight.ts";
import { auditEvents } from "../support/audit-events.ts";
import type { RealApiserver } from "../support/real-apiserver.ts";
import { openWatch } from "../support/watch-stream.ts";
import { allowCluster, clusterFiles, startBeneath } from "../etcd/beneath-cluster.ts";
import type { ClusterFiles } from "../etcd/beneath-cluster.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { reporting, webhookKubeconfig } from "./reports.ts";

const canary = "behind-canary-51c2";
const page = new URL("../../docs/cluster-audit.md", import.meta.url);

/** The policy that the page has an operator use. */
function policyOfPage(): string {
  const [, policy] = /```yaml\n( *apiVersion: audit\.k8s\.io\/v1\n[\s\S]*?)```/.exec(readFileSync(page, "utf8")) ?? [];
  return policy?.replaceAll(/^ {3}/gm, "") ?? assert.fail("the page must have a policy");
}

export function readersBehindApiserver(): void {
  describe("the readers behind a kube-apiserver that sends its audit", { timeout: 280_000 }, suite);
}

function suite(): void {
  const prod = reporting("prod");
  let files: ClusterFiles;
  let server: TestServer;
  let cluster: RealApiserver;

  before(async () => {
    files = await clusterFiles();
    const { authoritiesFile: clientAuthoritiesFile } = files;
    const atDoor = { name: "prod", prefix: "/registry", namespacePrefix: "", clientAuthoritiesFile };
    const etcd = { host: "127.0.0.1", port: 0, clusters: [atDoor] };
    server = await startTestServer({ etcd, reportingClusters: [prod.cluster] });
    await allowCluster(server.call);
    const [policy, webhook] = [join(files.folder, "policy.yaml"), join(files.folder, "webhook.kubeconfig")];
    writeFileSync(policy, policyOfPage());
    writeFileSync(webhook, webhookKubeconfig(server, prod), { mode: 0o600 });
    const flags = [`--audit-policy-file=${policy}`, `--audit-webhook-config-file=${webhook}`];
    const soon = ["--audit-webhook-batch-max-wait=200ms"];
    cluster = await startBeneath(server.etcdUrl, files, server.credentials.ca, undefined, [...flags, ...soon]);
    const rules = [{ apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch"] }];
    const rbac = "/apis/rbac.authorization.k8s.io/v1";
    await cluster.call("POST", `${rbac}/clusterroles`, { metadata: { name: "reader" }, rules });
    await cluster.call("POST", `${rbac}/clusterrolebindings`, {
      metadata: { name: "reader" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "reader" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "alice" }],
    });
    const stringData = { password: canary };
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "app" }, stringData };
    await cluster.call("POST", "/api/v1/namespaces/default/secrets", secret);
  });
  after(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
    await files?.[Symbol.asyncDispose]();
  });

  const kubectlAs = async (user: string, ...args: readonly string[]) => {
    const kubeconfig = await cluster.kubeconfigOf(user);
    const { promise, resolve } = Promise.withResolvers<{ readonly failed: boolean; readonly text: string }>();
    execFile("kubectl", ["--kubeconfig", kubeconfig, ...args], (error, stdout, stderr) =>
      resolve({ failed: error !== null, text: stdout + stderr }),
    );
    return promise;
  };

  /** Resolves when an entry of a user that the cluster reports has come: the webhook sends behind the answers. */
  const reportOf = async (user: string, verb: string) => {
    const fields = encodeURIComponent(`user=${user},verb=${verb},door=cluster:prod`);
    await using watch = await openWatch(
      server,
      `/apis/strongroom.dev/v1/auditevents?watch=true&resourceVersion=1&fieldSelector=${fields}`,
    );
    return (await watch.next()).object;
  };

  it("names alice, who asked kubectl for a secret, with where she came from, and the API server beside her", async () => {
    const read = await kubectlAs("alice", "get", "secret", "app", "-o", "jsonpath={.data.password}");
    assert.equal(Buffer.from(read.text, "base64").toString(), canary);
    const entry = await reportOf("alice", "get");
    assert.deepEqual([entry.reported.cluster, entry.objectRef.name, entry.responseStatus.code], ["prod", "app", 200]);
    const asked = ["audit", "who-read", "default/app", "--kubeconfig", server.kubeconfig];
    const { code, stdout, stderr } = await run(...asked);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^alice in cluster prod, as it says: 1 read, last \S+Z$/m);
    assert.match(stdout, /^alice .*\n {2}by get 1\n {2}from 127\.0\.0\.1\n {2}with kubectl\//m);
    assert.match(stdout, /^cluster:prod:kube-apiserver-etcd-client: \d+ reads?/m);
    assert.match(
      stdout,
      /^Readers inside cluster prod are known as it tells them, since \S+Z; its audit came last at/m,
    );
    const table = await run("audit", "by", "alice", "--kubeconfig", server.kubeconfig);
    assert.match(
      table.stdout,
      /alice +get +secrets default\/app +allow +200 +cluster:prod +127\.0\.0\.1 +cluster prod$/m,
    );
  });

  it("names who listed, watched, acted as somebody else, and who was refused", async () => {
    assert.match((await kubectlAs("alice", "get", "secrets", "-A")).text, /app/);
    assert.equal((await kubectlAs("jane", "get", "secret", "app")).failed, true);
    assert.match(
      (await kubectlAs("admin", "get", "secret", "app", "--as=carol", "--as-group=system:masters")).text,
      /app/,
    );
    assert.match(
      (await kubectlAs("alice", "get", "secrets", "--watch", "--request-timeout=2s", "-o", "name")).text,
      /secret\/app/,
    );
    await Promise.all([
      reportOf("alice", "list"),
      reportOf("jane", "get"),
      reportOf("carol", "get"),
      reportOf("alice", "watch"),
    ]);
    const { stdout } = await run("audit", "who-read", "default/app", "-o", "json", "--kubeconfig", server.kubeconfig);
    const { readers, others } = JSON.parse(stdout);
    type Reader = { user: string; cluster: string; verbs: Record<string, number>; impersonators: string[] };
    const reader = (of: readonly Reader[], user: string) =>
      of.find((each) => each.user === user && each.cluster === "prod");
    assert.ok((reader(readers, "alice")?.verbs["list"] ?? 0) >= 1);
    assert.ok((reader(readers, "alice")?.verbs["watch"] ?? 0) >= 1);
    assert.deepEqual(reader(readers, "carol")?.impersonators, ["admin"]);
    assert.deepEqual(reader(others, "jane")?.verbs, { get: 1 });
  });

  it("takes a watch of one secret, as kubelets have it, for one of that secret", async () => {
    const named = await kubectlAs("jane", "get", "secret", "app", "--watch", "--request-timeout=2s");
    assert.equal(named.failed, true);
    const path = "/api/v1/namespaces/default/secrets?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dapp";
    await cluster.call("GET", path);
    const entry = await reportOf("admin", "watch");
    assert.deepEqual([entry.objectRef.namespace, entry.objectRef.name], ["default", "app"]);
  });

  it("keeps no body where the cluster's policy has it sent, and says that it came", async () => {
    const policy = join(files.folder, "bodies.yaml");
    writeFileSync(policy, policyOfPage().replace("level: Metadata", "level: RequestResponse"));
    const webhook = join(files.folder, "webhook.kubeconfig");
    const flags = [`--audit-policy-file=${policy}`, `--audit-webhook-config-file=${webhook}`];
    const soon = "--audit-webhook-batch-max-wait=200ms";
    const { ca } = server.credentials;
    await using careless = await startBeneath(server.etcdUrl, files, ca, undefined, [...flags, soon]);
    const body = { apiVersion: "v1", kind: "Secret", metadata: { name: "bodies" }, stringData: { password: canary } };
    await careless.call("POST", "/api/v1/namespaces/default/secrets", body);
    await careless.call("PUT", "/api/v1/namespaces/default/secrets/bodies", body);
    await careless.call("DELETE", "/api/v1/namespaces/default/secrets/bodies");
    const entry = await reportOf("admin", "delete");
    assert.equal(entry.annotations["audit.strongroom.dev/body-dropped"], "true");
    const { text } = await server.call("GET", "/metrics");
    assert.match(text, /strongroom_cluster_audit_bodies_dropped_total\{cluster="prod"\} [1-9]/);
  });

  it("has no value on record", async () => {
    const text = JSON.stringify(await auditEvents(server));
    assert.doesNotMatch(text, new RegExp(`${canary}|${Buffer.from(canary).toString("base64")}`));
  });
}
