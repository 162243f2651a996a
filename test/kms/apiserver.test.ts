/** What is encrypted by `strongroom kms-plugin`: by our own client, and by a real kube-apiserver where KUBE_APISERVER names one. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, watch, writeFileSync } from "node:fs";
import { after, before, describe, it, test } from "node:test";
import { stringify } from "yaml";
import { decodeEnvelope, splitEncryptedObject } from "../../src/crypto/kms-v2/encrypted-object.ts";
import { KmsProvider } from "../../src/crypto/kms/kms-provider.ts";
import { KmsV2Transformer } from "../../src/crypto/kms-v2/kms-v2-transformer.ts";
import { toRevision } from "../../src/store/revision.ts";
import type { Program } from "../cli/program.ts";
import { noRealApiserver, startRealApiserver } from "../support/real-apiserver.ts";
import type { RealApiserver } from "../support/real-apiserver.ts";
import { startRealEtcd } from "../support/real-etcd.ts";
import type { RealEtcd } from "../support/real-etcd.ts";
import { PluginHome } from "./plugin-fixture.ts";

const canary = "kms-plugin-canary-20c7";
const secrets = "/api/v1/namespaces/default/secrets";
const prefix = "k8s:enc:kms:v2:strongroom:";

test("our own client stores records by the plugin, and another process reads them after both were started again", async () => {
  using home = new PluginHome();
  await home.init();
  const context = { key: "/registry/secrets/default/db", revision: undefined };
  await using first = await home.serve();
  using client = home.client();
  const record = (await KmsV2Transformer.create("strongroom", client)).toStorage(Buffer.from(canary), context);
  assert.equal(Buffer.from(record).subarray(0, prefix.length).toString(), prefix);
  first.kill("SIGKILL");
  await first.ended;
  await using _ = await home.serve();
  const opened = await (await KmsV2Transformer.create("strongroom", client)).fromStorage(record, context);
  assert.deepEqual(opened, { plaintext: Buffer.from(canary), stale: false });
});

const suite = noRealApiserver() === undefined ? describe : () => {};
void suite("a kube-apiserver that encrypts by the plugin", { timeout: 280_000 }, () => {
  let home: PluginHome;
  let plugin: Program;
  let etcd: RealEtcd;
  let cluster: RealApiserver;
  const start = () => startRealApiserver(["--encryption-provider-config", home.at("encryption.yaml")], etcd);
  const restart = async () => {
    await cluster[Symbol.asyncDispose]();
    cluster = await start();
  };
  before(async () => {
    home = new PluginHome();
    await home.init();
    plugin = await home.serve();
    const configuration = {
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "EncryptionConfiguration",
      resources: [
        {
          resources: ["secrets"],
          providers: [{ kms: { apiVersion: "v2", name: "strongroom", endpoint: home.endpoint } }, { identity: {} }],
        },
      ],
    };
    writeFileSync(home.at("encryption.yaml"), stringify(configuration));
    etcd = await startRealEtcd();
    cluster = await start();
  });
  after(async () => {
    await cluster?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
    await plugin?.[Symbol.asyncDispose]();
    home?.[Symbol.dispose]();
  });

  const stored = (name: string): Buffer => {
    const key = `/registry/secrets/default/${name}`;
    const args = ["--endpoints", cluster.etcdUrl, "get", key, "--print-value-only"];
    return execFileSync("etcdctl", args, { env: { ...process.env, ETCDCTL_API: "3" } }).subarray(0, -1); // a line end follows
  };
  const put = (key: string, value: Uint8Array) => {
    const env = { ...process.env, ETCDCTL_API: "3" };
    execFileSync("etcdctl", ["--endpoints", cluster.etcdUrl, "put", key], { env, input: value });
  };
  const keyIdOf = (name: string): string => {
    const value = stored(name);
    assert.equal(value.subarray(0, prefix.length).toString(), prefix);
    assert.equal(value.includes(canary), false);
    return decodeEnvelope(splitEncryptedObject(value.subarray(prefix.length)).envelope).keyId;
  };
  const create = (name: string) =>
    cluster.call("POST", secrets, { metadata: { name }, stringData: { password: canary } });
  const passwordOf = async (name: string) => {
    const { data } = (await cluster.call("GET", `${secrets}/${name}`)) as { data: { password: string } };
    return Buffer.from(data.password, "base64").toString();
  };

  it("stores Secrets as k8s:enc:kms:v2: records under the key of the plugin", async () => {
    await create("first");
    using client = home.client();
    assert.equal(keyIdOf("first"), (await client.status()).keyId);
    assert.equal(await passwordOf("first"), canary);
  });

  it("reads them after it and the plugin were killed and started again", async () => {
    plugin.kill("SIGKILL");
    await plugin.ended;
    plugin = await home.serve();
    await restart();
    assert.equal(await passwordOf("first"), canary);
  });

  it("goes on while the plugin is away: it has its seed for three minutes", async () => {
    plugin.kill("SIGKILL");
    await plugin.ended;
    await create("meanwhile");
    assert.equal(await passwordOf("meanwhile"), canary);
    plugin = await home.serve();
  });

  it("opens what this server's provider wrote, and this one what it wrote", async () => {
    using client = home.client();
    const reports = { seedMade: () => {}, statusTaken: () => {}, failed: assert.fail, well: () => {} };
    const clock = { now: () => 0, after: () => ({ cancel: () => {} }) };
    using provider = await KmsProvider.open({ name: "strongroom", plugin: client, clock, reports });
    const opened = await provider.fromStorage(stored("first"), {
      key: "/registry/secrets/default/first",
      revision: toRevision(1),
    });
    assert.ok(Buffer.from(opened.plaintext).includes(canary));
    const theirs = Buffer.from(opened.plaintext);
    const value = theirs.toString("latin1").replace("first", "mine2"); // the name of the object, of the same length
    const ours = provider.toStorage(Buffer.from(value, "latin1"), {
      key: "/registry/secrets/default/mine2",
      revision: toRevision(1),
    });
    put("/registry/secrets/default/mine2", ours);
    assert.equal(await passwordOf("mine2"), canary);
  });

  it("writes with a new key after a rotation, and reads what was written with the former one", async () => {
    const before = keyIdOf("first");
    const id = await home.rotate("escrow-2.age");
    plugin.kill("SIGHUP");
    await recorded(home, `"event":"encrypt","keyId":"${id}"`); // it asks for the status once a minute
    // What it stores follows its answer to itself, so the first write may still be under the former key.
    for (let count = 0; count === 0 || keyIdOf(`second-${count - 1}`) !== id; count++) await create(`second-${count}`);
    await restart();
    assert.equal(await passwordOf("first"), canary);
    assert.equal(keyIdOf("first"), before);
    assert.equal(await passwordOf("second-0"), canary);
    const first = (await cluster.call("GET", `${secrets}/first`)) as object;
    await cluster.call("PUT", `${secrets}/first`, first); // an update that changes nothing rewrites what is stale
    assert.equal(keyIdOf("first"), id);
  });
});

/** Resolves when the records of the plugin hold a text. */
async function recorded(home: PluginHome, text: string): Promise<void> {
  const path = `${home.folder}/records.jsonl`;
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = () => readFileSync(path, "utf8").includes(text) && resolve();
  const watcher = watch(path, look);
  look();
  await promise;
  watcher.close();
}
