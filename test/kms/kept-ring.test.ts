/** Plugins of several nodes whose keys a Strongroom server keeps, outside of the cluster: it may be away, put back or lose them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { KmsV2Transformer } from "../../src/crypto/kms-v2/kms-v2-transformer.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import type { Program } from "../cli/program.ts";
import { makeCertificates } from "../support/certificates.ts";
import { startRealEtcd } from "../support/real-etcd.ts";
import { PluginHome } from "./plugin-fixture.ts";

const seed = Buffer.alloc(32, "canary-kms-ring-77");
const secretPath = "/api/v1/namespaces/kms/secrets/prod";

function metrics(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request(`${url}/metrics`, { agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      answer.on("end", () => resolve(text));
    })
      .on("error", reject)
      .end();
  });
}

describe("kms-plugin --key", () => {
  const [first, second] = [new PluginHome(), new PluginHome()];
  let server: TestServer;
  let kept: readonly string[];
  let url = "";

  const serve = async (home: PluginHome): Promise<Program> => {
    const program = await home.serve("--health-listen", "127.0.0.1:0", ...kept);
    url = (await program.printed(/^health (http:\S+)\/readyz$/m))[1] ?? "";
    return program;
  };
  /** Until the plugin says of the server's ring that it is used, or not. */
  const settled = async (program: Program, isCurrent: 0 | 1) => {
    const line = new RegExp(`^strongroom_kms_plugin_ring_server_current ${isCurrent}$`, "m");
    program.kill("SIGHUP");
    while (!line.test(await metrics(url)));
  };

  before(async () => {
    server = await startTestServer();
    assert.equal(
      (await server.call("POST", "/api/v1/namespaces", { body: { metadata: { name: "kms" } } })).status,
      201,
    );
    kept = ["--key", "kms/prod", "--kubeconfig", server.kubeconfig, "--cluster-network", "10.96.0.0/12"];
    await first.init();
  });

  after(async () => {
    await server[Symbol.asyncDispose]();
    for (const home of [first, second]) home[Symbol.dispose]();
  });

  test("gives a new node the keys of the others, sealed on their way and at the server", async () => {
    const published = await first.command("publish", ...kept);
    assert.deepEqual([published.code, published.stdout], [0, "keys published as kms/prod\n"], published.stderr);
    await using one = await first.serve();
    await using two = await serve(second);
    using client = first.client();
    const wrapped = await client.encrypt(seed);
    using other = second.client();
    assert.deepEqual(Buffer.from(await other.decrypt(wrapped)), seed);
    const { json } = await server.call("GET", secretPath);
    assert.equal(json.type, "strongroom.dev/kms-plugin-keys");
    assert.equal(
      Buffer.from(json.data["keys.json"], "base64").toString(),
      readFileSync(`${second.folder}/keys.json`, "utf8"),
    );
    for (const program of [one, two]) program.kill("SIGTERM");
  });

  test("brings a rotation on one node to the others, and starts cold while the server is away", async () => {
    await using two = await serve(second);
    const rotated = await first.command("rotate", "--in", "0s", ...first.escrowTo("escrow-2.age"), ...kept);
    assert.equal(rotated.code, 0, rotated.stderr);
    const [, id = ""] = /^key ([0-9a-f]{32}) writes/m.exec(rotated.stdout) ?? [];
    using client = second.client();
    two.kill("SIGHUP"); // else it asks once a minute
    while ((await client.status()).keyId !== id);
    const wrapped = await client.encrypt(seed);
    two.kill("SIGTERM");
    await two.ended;

    await server.stop();
    kept = ["--key", "kms/prod", "--kubeconfig", second.at("lost.kubeconfig")];
    await using without = await serve(second);
    await settled(without, 0);
    without.kill("SIGTERM");
    assert.match((await without.ended).stderr, /lost\.kubeconfig/);
    kept = ["--key", "kms/prod", "--kubeconfig", server.kubeconfig];
    await using cold = await serve(second);
    await settled(cold, 0);
    using again = second.client();
    assert.deepEqual(Buffer.from(await again.decrypt(wrapped)), seed);
    server = await server.restart();
    cold.kill("SIGTERM");
    const { stderr } = await cold.ended;
    assert.match(stderr, /The ring of the server was not taken, the keys of this node stay in use/);
    kept = ["--key", "kms/prod", "--kubeconfig", server.kubeconfig];
  });

  test("keeps a key in use though the secret is put back to an earlier one, or deleted, until it is published again", async () => {
    await using two = await serve(second);
    using client = second.client();
    const { keyId } = await client.status();
    const wrapped = await client.encrypt(seed);
    const body = {
      kind: "SecretRollback",
      apiVersion: "strongroom.dev/v1",
      metadata: { name: "prod" },
      spec: { toVersion: 1 },
    };
    assert.equal((await server.call("POST", `${secretPath}/rollback`, { body })).status, 201);
    await settled(two, 0);
    assert.equal((await server.call("DELETE", secretPath)).status, 200);
    two.kill("SIGHUP");
    assert.deepEqual([(await client.status()).keyId, Buffer.from(await client.decrypt(wrapped))], [keyId, seed]);
    const published = await second.command("publish", ...kept);
    assert.equal(published.code, 0, published.stderr);
    await settled(two, 1);
    two.kill("SIGTERM");
    const { stderr } = await two.ended;
    assert.match(stderr, /the ring of the server must hold the key/);
    assert.ok(!`${stderr}${published.stderr}`.includes("canary"));
  });

  test("takes a key away from all nodes when one removes it by proof", async () => {
    await using etcd = await startRealEtcd();
    await using one = await first.serve(...kept);
    await using two = await serve(second);
    using client = first.client();
    one.kill("SIGHUP"); // the other node has published since
    await settled(two, 1);
    const { keyId: former } = await client.status();
    const rotated = await first.command("rotate", "--in", "0s", ...first.escrowTo("escrow-3.age"), ...kept);
    assert.equal(rotated.code, 0, rotated.stderr);
    one.kill("SIGHUP");
    while ((await client.status()).keyId === former);
    const place = "/registry/secrets/default/db";
    const transformer = await KmsV2Transformer.create("plugin", client);
    await etcd.put(place, transformer.toStorage(Buffer.from("value"), { key: place, revision: undefined }));
    const snapshot = first.at("etcd.db");
    await etcd.etcdctl("snapshot", "save", snapshot);
    const later = new Date(Date.now() + 6 * 60_000);
    utimesSync(snapshot, later, later);
    const removed = await first.command("remove", former, "--etcd-snapshot", snapshot, ...kept);
    assert.deepEqual([removed.code, removed.stdout], [0, `key ${former} removed\n`], removed.stderr);
    const keysOf = (home: PluginHome) =>
      (JSON.parse(readFileSync(`${home.folder}/keys.json`, "utf8")).keys as { id: string }[]).map(({ id }) => id);
    two.kill("SIGHUP");
    while (keysOf(second).join() !== keysOf(first).join()) await metrics(url);
    assert.ok(!keysOf(second).includes(former));
    await settled(two, 1);
    for (const program of [one, two]) program.kill("SIGTERM");
  });

  test("refuses a server that is none of ours: a kube-apiserver is the cluster's own", async () => {
    const { ca, server: certificate } = makeCertificates();
    const other = createServer({ cert: certificate.certPem, key: certificate.keyPem }, (_, response) => {
      response.writeHead(404, { "content-type": "application/json" }).end('{"kind":"Status","code":404}');
    });
    await once(other.listen(0, "127.0.0.1"), "listening");
    try {
      const { port } = other.address() as AddressInfo; // it listens on a port
      const cluster = { server: `https://127.0.0.1:${port}`, "certificate-authority-data": btoa(ca.certPem) };
      const config = {
        "current-context": "c",
        clusters: [{ name: "c", cluster }],
        users: [{ name: "c", user: { token: "t" } }],
        contexts: [{ name: "c", context: { cluster: "c", user: "c" } }],
      };
      writeFileSync(second.at("other.kubeconfig"), JSON.stringify(config));
      const ended = await second.command("publish", "--key", "kms/prod", "--kubeconfig", second.at("other.kubeconfig"));
      assert.equal(ended.code, 2, ended.stderr);
      assert.match(ended.stderr, /must be a Strongroom server, and no cluster's/);
    } finally {
      other.close();
      other.closeAllConnections();
    }
  });

  test("refuses a server inside of the cluster, and flags that say half", async () => {
    const inside = readFileSync(server.kubeconfig, "utf8").replace(
      /server: .*/,
      "server: https://strongroom.kms.svc:443",
    );
    writeFileSync(second.at("inside.kubeconfig"), inside);
    const rows: readonly [RegExp, ...string[]][] = [
      [/127\.0\.0\.1 is of the cluster's networks/, ...kept, "--cluster-network", "127.0.0.0/8"],
      [/strongroom\.kms\.svc must be outside of the cluster/, "--key", "a/b", "--kubeconfig", "inside.kubeconfig"],
      [/--key must come with --kubeconfig/, "--key", "kms/prod"],
      [/--kubeconfig must come with --key/, "--kubeconfig", "inside.kubeconfig"],
      [/--key must be NAMESPACE\/NAME/, "--key", "prod", "--kubeconfig", "inside.kubeconfig"],
      [/must be an address and its length/, ...kept, "--cluster-network", "10.96.0.0"],
    ];
    for (const [message, ...args] of rows) {
      const ended = await second.command("serve", "--socket", second.socket, ...args);
      assert.equal(ended.code, 2, ended.stderr);
      assert.match(ended.stderr, message);
    }
  });
});
