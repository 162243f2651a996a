/** A real kube-apiserver keeps its Secrets at the etcd door, and kubectl is its client. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { after, before, describe, it } from "node:test";
import { disclosuresOf } from "../../src/audit/disclosures.ts";
import { auditEvents } from "../support/audit-events.ts";
import type { RealApiserver } from "../support/real-apiserver.ts";
import { startRealEtcd } from "../support/real-etcd.ts";
import type { RealEtcd } from "../support/real-etcd.ts";
import { findKubectls } from "../kubectl/kubectl.ts";
import { callerOf, startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { ApiserverWatcher } from "./apiserver-watcher.ts";
import { allowCluster, clusterFiles, startBeneath } from "./beneath-cluster.ts";
import type { ClusterFiles } from "./beneath-cluster.ts";

const canary = "beneath-canary-7f3a";
const secretsOf = (namespace: string) => `/api/v1/namespaces/${namespace}/secrets`;

export function secretsBeneathApiserver(): void {
  describe("a kube-apiserver that keeps its Secrets here", { timeout: 280_000 }, suite);
}

function suite(): void {
  let files: ClusterFiles;
  let server: TestServer;
  let etcd: RealEtcd;
  let cluster: RealApiserver;
  before(async () => {
    files = await clusterFiles();
    const { authoritiesFile: clientAuthoritiesFile } = files;
    const prod = { name: "prod", prefix: "/registry", namespacePrefix: "", clientAuthoritiesFile };
    server = await startTestServer({ etcd: { host: "127.0.0.1", port: 0, clusters: [prod] } });
    await allowCluster(server.call);
    etcd = await startRealEtcd();
    cluster = await startBeneath(server.etcdUrl, files, server.credentials.ca, etcd);
  });
  after(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
    await files?.[Symbol.asyncDispose]();
  });

  const kubectl = (...args: readonly string[]) =>
    new Promise<string>((resolve, reject) => {
      execFile("kubectl", ["--kubeconfig", cluster.kubeconfig, ...args], (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`kubectl ${args.join(" ")}: ${stderr}`, { cause: error }));
      });
    });
  const ours = async (name: string, namespace = "default") =>
    (await server.call("GET", `${secretsOf(namespace)}/${name}`)).json;

  it("creates, reads, patches and deletes them by kubectl; here they are canonical secrets with versions", async () => {
    await kubectl("create", "secret", "generic", "app", `--from-literal=password=${canary}`);
    const created = JSON.parse(await kubectl("get", "secret", "app", "-o", "json"));
    const here = await ours("app");
    assert.equal(here.metadata.uid, created.metadata.uid);
    assert.equal(here.metadata.resourceVersion, created.metadata.resourceVersion);
    assert.equal(Buffer.from(here.data.password, "base64").toString(), canary);
    await kubectl("patch", "secret", "app", "-p", '{"stringData":{"password":"second"}}');
    assert.equal(Buffer.from((await ours("app")).data.password, "base64").toString(), "second");
    const versions = await server.call("GET", "/apis/strongroom.dev/v1/namespaces/default/secretversions");
    assert.match(versions.text, /kube-apiserver kube-apiserver-etcd-client of cluster prod/);
    await kubectl("delete", "secret", "app");
    assert.equal((await server.call("GET", `${secretsOf("default")}/app`)).status, 404);
  });

  it("sees in a watch what another door writes, at once and in its own form", async () => {
    const child = spawn("kubectl", ["--kubeconfig", cluster.kubeconfig, "get", "secrets", "-w", "-o", "name"]);
    try {
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      await kubectl("create", "secret", "generic", "began", "--from-literal=a=b");
      for (let line = ""; line !== "secret/began";) line = String((await lines.next()).value);
      const body = { metadata: { name: "from-here" }, stringData: { user: "ann" } };
      const written = await server.call("POST", secretsOf("default"), { body });
      assert.equal(written.status, 201, written.text);
      assert.equal((await lines.next()).value, "secret/from-here");
      const seen = JSON.parse(await kubectl("get", "secret", "from-here", "-o", "json"));
      assert.equal(Buffer.from(seen.data.user, "base64").toString(), "ann");
      assert.equal(seen.metadata.resourceVersion, written.json.metadata.resourceVersion);
      assert.equal((await server.call("DELETE", `${secretsOf("default")}/from-here`)).status, 200);
      assert.equal((await lines.next()).value, "secret/from-here");
      await assert.rejects(kubectl("get", "secret", "from-here"), /NotFound/);
    } finally {
      child.kill();
      await once(child, "close");
    }
  });

  it("lists hundreds in chunks of one state, and deletes them together", async () => {
    await kubectl("create", "namespace", "many");
    const names = Array.from({ length: 300 }, (_, index) => `s-${String(index).padStart(3, "0")}`);
    const create = (name: string) =>
      cluster.call("POST", secretsOf("many"), {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name },
        stringData: { a: canary },
      });
    for (let index = 0; index < names.length; index += 20)
      await Promise.all(names.slice(index, index + 20).map(create));
    const listed = (await kubectl("get", "secrets", "-n", "many", "--chunk-size=37", "-o", "name")).trim().split("\n");
    assert.deepEqual(
      listed,
      names.map((name) => `secret/${name}`),
    );
    await cluster.call("DELETE", secretsOf("many"));
    assert.equal((await server.call("GET", secretsOf("many"))).json.items.length, 0);
  });

  it("loses none of thirty patches that race, also with another door among the writers", async () => {
    await kubectl("create", "secret", "generic", "raced", "--from-literal=first=0");
    const patch = (index: number) => ({ data: { [`k${index}`]: Buffer.from(String(index)).toString("base64") } });
    const headers = { "Content-Type": "application/merge-patch+json" };
    await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        index % 3 === 0
          ? server.call("PATCH", `${secretsOf("default")}/raced`, { body: patch(index), headers })
          : kubectl("patch", "secret", "raced", "--type=merge", "-p", JSON.stringify(patch(index))),
      ),
    );
    assert.equal(Object.keys((await ours("raced")).data).length, 31);
  });

  it("is the same behind two API servers, which lose nothing of what they both change", async () => {
    await using second = await startBeneath(server.etcdUrl, files, server.credentials.ca, etcd);
    const path = `${secretsOf("default")}/both`;
    await cluster.call("POST", secretsOf("default"), { apiVersion: "v1", kind: "Secret", metadata: { name: "both" } });
    const headers = { "Content-Type": "application/merge-patch+json" };
    const patch = (index: number) => ({ data: { [`k${index}`]: Buffer.from(String(index)).toString("base64") } });
    const behind = [cluster, second].map((each) => callerOf(each.url, { ca: each.ca }));
    const patched = await Promise.all(
      Array.from({ length: 40 }, (_, index) => {
        const token = index % 2 === 0 ? cluster.token : second.token;
        const call = behind[index % 2]?.call ?? assert.fail();
        const body = patch(index);
        return call("PATCH", path, { body, headers: { ...headers, Authorization: `Bearer ${token}` } });
      }),
    );
    for (const { close } of behind) close();
    assert.deepEqual([...new Set(patched.map(({ status }) => status))], [200]);
    const seen = await Promise.all([cluster, second].map((each) => each.call("GET", path)));
    assert.deepEqual(seen[0], seen[1]);
    assert.equal(Object.keys((await ours("both")).data).length, 40);
  });

  it("is told everything when it goes on after it stood still, and keeps no other API server waiting meanwhile", async () => {
    await using second = await startBeneath(server.etcdUrl, files, server.credentials.ca, etcd);
    await cluster.call("POST", "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "still" },
    });
    const path = secretsOf("still");
    const [stopped, running] = [new ApiserverWatcher(second, path), new ApiserverWatcher(cluster, path)];
    await Promise.all([stopped, running].map((each) => each.until(() => each.watches > 0)));
    const value = Buffer.alloc(64 * 1024, 7).toString("base64");
    const count = 200;
    second.signal("SIGSTOP");
    for (let index = 0; index < count; index += 20) {
      const create = (place: number) =>
        cluster.call("POST", path, {
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name: `s-${index + place}` },
          data: { value },
        });
      await Promise.all(Array.from({ length: 20 }, (_, place) => create(place)));
    }
    await running.until((known) => known.size === count);
    second.signal("SIGCONT");
    await stopped.until((known) => known.size === count);
    assert.deepEqual([...stopped.known].sort(), [...running.known].sort());
    await Promise.all([stopped.stop(), running.stop()]);
  });

  it("has a secret that is linked into it, follows it, and says why it cannot be changed there", async () => {
    const path = "/apis/strongroom.dev/v1/namespaces/default/secretlinks";
    await server.call("POST", "/api/v1/namespaces", { body: { metadata: { name: "shared" } } });
    const source = { metadata: { name: "linked" }, data: { value: Buffer.from("first").toString("base64") } };
    assert.equal((await server.call("POST", secretsOf("shared"), { body: source })).status, 201);
    const watcher = new ApiserverWatcher(cluster, secretsOf("default"));
    const told = (value: string | undefined) => watcher.until((known) => known.get("linked") === value);
    const link = { metadata: { name: "linked" }, spec: { source: { namespace: "shared", name: "linked" } } };
    assert.equal((await server.call("POST", path, { body: link })).status, 201);
    await told(source.data.value);
    const value = Buffer.from("second").toString("base64");
    await server.call("PUT", `${secretsOf("shared")}/linked`, { body: { ...source, data: { value } } });
    await told(value);
    const why = /linked from shared\/linked: change that, or delete the SecretLink default\/linked/;
    await assert.rejects(kubectl("patch", "secret", "linked", "-p", '{"stringData":{"value":"mine"}}'), why);
    await assert.rejects(kubectl("delete", "secret", "linked"), why);
    assert.equal((await server.call("DELETE", `${path}/linked`)).status, 200);
    await told(undefined);
    await watcher.stop();
    await assert.rejects(kubectl("get", "secret", "linked"), /NotFound/);
  });

  it("keeps what an API server encrypts itself as it is, and says so", async () => {
    const file = join(files.folder, "encryption.json");
    const keys = [{ name: "key1", secret: Buffer.alloc(32, 7).toString("base64") }];
    const resources = [{ resources: ["secrets"], providers: [{ aescbc: { keys } }, { identity: {} }] }];
    const kind = { apiVersion: "apiserver.config.k8s.io/v1", kind: "EncryptionConfiguration" };
    await writeFile(file, JSON.stringify({ ...kind, resources }), { mode: 0o600 });
    const flags = [`--encryption-provider-config=${file}`];
    await using second = await startBeneath(server.etcdUrl, files, server.credentials.ca, etcd, flags);
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "encrypted" } };
    const data = { password: Buffer.from(canary).toString("base64") };
    await second.call("POST", secretsOf("default"), { ...secret, data });
    const here = await ours("encrypted");
    assert.equal(here.type, "strongroom.dev/etcd-value");
    assert.equal(here.metadata.annotations["strongroom.dev/etcd-value-form"], "k8s:enc:aescbc:v1:key1:");
    assert.ok(!Buffer.from(here.data.value, "base64").includes(canary));
    await second.call("PUT", `${secretsOf("default")}/encrypted`, { ...secret, data: { ...data, more: "YQ==" } });
    const seen = await second.call("GET", `${secretsOf("default")}/encrypted`);
    assert.deepEqual((seen as { readonly data: object }).data, { ...data, more: "YQ==" });
    await second.call("DELETE", `${secretsOf("default")}/encrypted`);
    assert.equal((await server.call("GET", `${secretsOf("default")}/encrypted`)).status, 404);
  });

  for (const { path, version } of findKubectls()) {
    it(`is worked with by kubectl ${version}`, async () => {
      const ask = async (...args: readonly string[]) =>
        (await promisify(execFile)(path, ["--kubeconfig", cluster.kubeconfig, ...args])).stdout;
      const name = `of-${version.replaceAll(/[^a-z0-9]/g, "-")}`;
      await ask("create", "secret", "generic", name, "--from-literal=a=b");
      assert.match(await ask("get", "secret", name, "-o", "yaml"), /a: Yg==/);
      await ask("label", "secret", name, "tier=db");
      await ask("patch", "secret", name, "-p", '{"stringData":{"a":"c"}}');
      assert.match(await ask("get", "secrets", "-l", "tier=db", "-o", "name"), new RegExp(`secret/${name}`));
      assert.match(await ask("describe", "secret", name), /a: {2}1 bytes/);
      await ask("delete", "secret", name);
      assert.equal((await server.call("GET", `${secretsOf("default")}/${name}`)).status, 404);
    });
  }

  it("leaves nothing of a Secret in the cluster's etcd", async () => {
    await kubectl("create", "secret", "generic", "kept", `--from-literal=password=${canary}`);
    const keys = await new Promise<string>((resolve, reject) => {
      const args = [`--endpoints=${cluster.etcdUrl}`, "get", "/registry/", "--prefix", "--keys-only"];
      const env = { ...process.env, ETCDCTL_API: "3" };
      execFile("etcdctl", args, { env }, (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
    });
    assert.match(keys, /\/registry\/namespaces\/default/);
    assert.doesNotMatch(keys, /\/registry\/secrets/);
    let scanned = 0;
    for (const entry of await readdir(cluster.etcdDataDir, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const content = await readFile(join(entry.parentPath, entry.name));
      scanned += content.length;
      for (const form of [canary, Buffer.from(canary).toString("base64")])
        assert.ok(!content.includes(form), entry.name);
    }
    assert.ok(scanned > 1_000_000, `${scanned} bytes`);
  });

  it("is on record here: which secrets the API server was given, under its name, without values", async () => {
    const events = await auditEvents(server);
    const name = "cluster:prod:kube-apiserver-etcd-client";
    const asked = events.filter(({ door, user }) => door === "etcd" && user.username === name);
    // What is told by a watch is on record by the id of its stream.
    const streams = new Set(asked.flatMap(({ streamID }) => (streamID === undefined ? [] : [streamID])));
    const told = events.filter((event) => event.streams?.some((stream) => streams.has(stream)));
    const disclosed = [...asked, ...told].flatMap((event) => disclosuresOf(event));
    assert.ok(disclosed.some((each) => each.name === "kept" && each.keys?.includes("password")));
    assert.doesNotMatch(JSON.stringify(events), new RegExp(canary));
  });
}
