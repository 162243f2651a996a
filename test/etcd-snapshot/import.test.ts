/** strongroom import --etcd-snapshot, of what a kube-apiserver stores, in the snapshot of an unmodified etcd. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { aesCbcTransformer } from "../../src/crypto/providers/aes-cbc.ts";
import { aesGcmTransformer } from "../../src/crypto/providers/aes-gcm.ts";
import { secretboxTransformer } from "../../src/crypto/providers/secretbox.ts";
import { KmsPluginClient } from "../../src/crypto/kms/kms-plugin-client.ts";
import { KmsV2Transformer } from "../../src/crypto/kms-v2/kms-v2-transformer.ts";
import type { Transformer } from "../../src/crypto/transformer.ts";
import { jsonObject } from "../../src/doors/kubernetes/codec/json.ts";
import { encodeMessage } from "../../src/doors/kubernetes/codec/protobuf.ts";
import { encodeEnvelope } from "../../src/doors/kubernetes/codec/protobuf-envelope.ts";
import { Secret } from "../../src/doors/kubernetes/schema/core-v1.ts";
import { run, TestHome } from "../cli/program.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { noRealApiserver } from "../support/real-apiserver.ts";
import { startRealEtcd } from "../support/real-etcd.ts";
import {
  aescbc,
  aesgcm,
  canary as writtenByApiserver,
  identity,
  keyOf,
  secretbox,
  startPlugin,
  write,
  writeConfiguration,
} from "./rotated-cluster.ts";

const canary = "canary-5b1e77d0c2";
const base64 = (text: string) => Buffer.from(text).toString("base64");
const key = (name: string) => Buffer.from(keyOf(name).secret, "base64");

interface Written {
  readonly data: Record<string, string>;
  readonly more?: object;
}

function treeOf(place: string, { data, more }: Written) {
  const [namespace = "", name = ""] = place.split("/");
  const metadata = { name, namespace, uid: "4711", creationTimestamp: "2026-01-02T03:04:05Z", labels: { app: name } };
  const encoded = Object.fromEntries(Object.entries(data).map(([field, text]) => [field, base64(text)]));
  return { metadata, data: encoded, type: "Opaque", ...more };
}

const json = (place: string, written: Written) =>
  Buffer.from(JSON.stringify({ kind: "Secret", apiVersion: "v1", ...treeOf(place, written) }));

function protobuf(place: string, written: Written): Uint8Array {
  const entries = Object.entries(treeOf(place, written));
  return encodeEnvelope({ kind: "Secret", apiVersion: "v1" }, encodeMessage(Secret, jsonObject(entries as never)));
}

const atPlace = (place: string) => `/registry/secrets/${place}`;

describe("import --etcd-snapshot", () => {
  const home = new TestHome();
  const configured = ["--encryption-provider-config", "encryption.yaml"];
  let target: TestServer;
  let plugin: Awaited<ReturnType<typeof startPlugin>>;
  const into = (...args: readonly string[]) =>
    run(home, "import", "--etcd-snapshot", "etcd.db", "--to", target.kubeconfig, ...args);

  before(async () => {
    plugin = await startPlugin(home.at("kms.sock"));
    target = await startTestServer();
    using client = new KmsPluginClient(plugin.url);
    const kms = await KmsV2Transformer.create("strongroom", client);
    await using etcd = await startRealEtcd();
    const by = { cbc: aesCbcTransformer("key1", key("key1")), gcm: aesGcmTransformer("gcm", key("gcm")) };
    const box = await secretboxTransformer("box", key("box"));
    const put = async (place: string, form: typeof json | typeof protobuf, transformer: Transformer, at = place) => {
      const plaintext = form(at, { data: { password: `${canary} of ${place}`, user: "ann" } });
      await etcd.put(atPlace(place), transformer.toStorage(plaintext, { key: atPlace(at), revision: undefined }));
    };
    await etcd.put(atPlace("default/plain"), protobuf("default/plain", { data: { password: "old" } }));
    await etcd.put(atPlace("default/plain"), protobuf("default/plain", { data: { password: canary } }));
    await etcd.put(
      atPlace("default/json"),
      json("default/json", { data: { password: canary }, more: { immutable: true } }),
    );
    await etcd.put(atPlace("gone/gone"), protobuf("gone/gone", { data: { password: canary } }));
    await etcd.etcdctl("del", atPlace("gone/gone"));
    await put("prod/cbc", protobuf, by.cbc);
    await put("prod/gcm", json, by.gcm);
    await put("prod/box", protobuf, box);
    await put("prod/kms", protobuf, kms);
    const token = { type: "kubernetes.io/service-account-token" };
    await etcd.put(atPlace("prod/token"), protobuf("prod/token", { data: { token: canary }, more: token }));
    await etcd.put("/registry/pods/prod/p", "k8s\0no secret");

    // What nobody can read, or should.
    await put("bad/former-key", protobuf, aesCbcTransformer("key0", key("key0")));
    await put("bad/other-key", protobuf, aesGcmTransformer("gcm", key("another")));
    await put("bad/moved", protobuf, by.cbc, "prod/cbc");
    await put("bad/swapped", protobuf, by.gcm, "prod/gcm");
    const cut = box.toStorage(protobuf("bad/cut", { data: {} }), { key: "", revision: undefined });
    await etcd.put(atPlace("bad/cut"), cut.subarray(0, -1));
    await etcd.put(atPlace("bad/nothing"), `k8s\0${canary}`);
    await etcd.put(atPlace("bad/name\u001b[31m"), "{}");
    await etcd.put(atPlace("bad/kms1"), `k8s:enc:kms:v1:old:${canary}`);
    await etcd.etcdctl("snapshot", "save", home.at("etcd.db"));

    const kmsV2 = { kms: { apiVersion: "v2", name: "strongroom", endpoint: plugin.url } };
    const kmsV1 = { kms: { apiVersion: "v1", name: "old", endpoint: "unix:///nowhere.sock" } };
    const others = { kms: { apiVersion: "v2", name: "others", endpoint: "unix:///nowhere.sock" } };
    writeConfiguration(home.at("encryption.yaml"), [
      [["configmaps"], others],
      [["secrets"], kmsV2, aescbc("key1"), aesgcm("gcm"), secretbox("box"), kmsV1, identity],
    ]);
  });

  after(async () => {
    await target[Symbol.asyncDispose]();
    await plugin[Symbol.asyncDispose]();
    home[Symbol.dispose]();
  });

  const lines = (text: string) => text.trim().split("\n").toSorted();
  const unreadable = [
    "unreadable: bad/cut it is under secretbox box: it must be authentic for its place and the key of that name in the configuration",
    "unreadable: bad/former-key it is under aescbc key0, which the configuration has no provider for",
    "unreadable: bad/kms1 it is under kms v1 old: KMS v1 must be given up for KMS v2 first: its protocol is not spoken here",
    "unreadable: bad/moved it must be the secret that its key names",
    "unreadable: bad/name\\u{1b}[31m it is in the clear (json), and must be a Secret in protobuf or JSON",
    "unreadable: bad/nothing it is in the clear (protobuf), and must be a Secret in protobuf or JSON",
    "unreadable: bad/other-key it is under aesgcm gcm: it must be authentic for its place and the key of that name in the configuration",
    "unreadable: bad/swapped it is under aesgcm gcm: it must be authentic for its place and the key of that name in the configuration",
  ];
  const created = [
    "created: default/json +password",
    "created: default/plain +password",
    "created: prod/box +password +user",
    "created: prod/cbc +password +user",
    "created: prod/gcm +password +user",
    "created: prod/kms +password +user",
  ];

  test("says in a dry run what would change, without values, names what cannot be read, and changes nothing", async () => {
    const { code, stdout, stderr } = await into(...configured, "--dry-run");
    assert.deepEqual(lines(stdout), [...unreadable, ...created.map((line) => `would be ${line}`)], stderr);
    assert.equal(
      stderr.trim(),
      "6 created, 8 unreadable, 1 left out (tokens, which the server makes); nothing was done",
    );
    assert.equal(code, 1);
    assert.equal((await target.call("GET", "/api/v1/namespaces/prod")).status, 404);
    assert.ok(!`${stdout}${stderr}`.includes(canary));
  });

  test("brings one namespace, and then the rest, as it was written last", async () => {
    const some = await into(...configured, "-n", "default");
    assert.deepEqual([some.code, lines(some.stdout)], [0, created.slice(0, 2)], some.stderr);
    const { code, stdout, stderr } = await into(...configured);
    assert.deepEqual([code, lines(stdout)], [1, [...created.slice(2), ...unreadable].toSorted()], stderr);
    assert.match(stderr, /^4 created, 2 unchanged, 8 unreadable, 1 left out/m);
    for (const name of ["cbc", "gcm", "box", "kms"]) {
      const secret = (await target.call("GET", `/api/v1/namespaces/prod/secrets/${name}`)).json;
      assert.deepEqual(secret.data, { password: base64(`${canary} of prod/${name}`), user: base64("ann") });
      assert.deepEqual(secret.metadata.labels, { app: name });
    }
    const plain = (await target.call("GET", "/api/v1/namespaces/default/secrets/plain")).json;
    assert.deepEqual(plain.data, { password: base64(canary) });
    assert.equal((await target.call("GET", "/api/v1/namespaces/default/secrets/json")).json.immutable, true);
    for (const gone of ["gone", "bad"]) {
      assert.equal((await target.call("GET", `/api/v1/namespaces/${gone}`)).status, 404);
    }
    assert.ok(!`${stdout}${stderr}`.includes(canary));
  });

  test("keeps what differs, unless it is to be overwritten", async () => {
    const path = "/api/v1/namespaces/default/secrets/plain";
    const body = { metadata: { name: "plain", labels: { app: "plain" } }, stringData: { password: "changed here" } };
    assert.equal((await target.call("PUT", path, { body })).status, 200);
    const kept = await into("-n", "default");
    assert.deepEqual([kept.code, kept.stdout], [0, "kept: default/plain ~password\n"], kept.stderr);
    const replaced = await into("-n", "default", "--overwrite");
    assert.deepEqual([replaced.code, replaced.stdout], [0, "replaced: default/plain ~password\n"], replaced.stderr);
    assert.deepEqual((await target.call("GET", path)).json.data, { password: base64(canary) });
  });

  test("takes only what is in the clear without a configuration, and not that where the configuration lacks identity", async () => {
    const clear = await into("--dry-run", "-n", "prod");
    assert.equal(clear.code, 1);
    assert.match(
      clear.stdout,
      /^unreadable: prod\/cbc it is under aescbc key1, which the configuration has no provider for$/m,
    );
    assert.equal(lines(clear.stdout).length, 4);
    writeConfiguration(home.at("strict.yaml"), [[["*."], aescbc("key1")]]);
    const strict = await into("--dry-run", "--encryption-provider-config", "strict.yaml", "-n", "default");
    assert.match(
      strict.stdout,
      /^unreadable: default\/plain it is in the clear \(protobuf\), which the configuration/m,
    );
  });

  test("takes nothing of a file that is damaged, with another prefix, or while a plugin of its keys is away", async () => {
    const whole = readFileSync(home.at("etcd.db"));
    const changed = Buffer.from(whole);
    changed[changed.length - 5000]! ^= 1; // there are more
    writeFileSync(home.at("changed.db"), changed);
    writeFileSync(home.at("cut.db"), whole.subarray(0, whole.length / 2));
    writeConfiguration(home.at("away.yaml"), [
      [["secrets"], { kms: { apiVersion: "v2", name: "x", endpoint: `unix://${home.at("no.sock")}` } }, identity],
    ]);
    writeFileSync(home.at("other.yaml"), `kind: Secret\npassword: ${canary}\n`);
    const rows: readonly [string, number, RegExp, ...string[]][] = [
      ["changed.db", 2, /changed\.db: the last 32 bytes must be /],
      ["cut.db", 2, /cut\.db: .* must /],
      ["etcd.db", 2, /must begin with \/other\//, "--etcd-prefix", "/other"],
      ["etcd.db", 4, /the KMS plugin at .*no\.sock must answer Status/, "--encryption-provider-config", "away.yaml"],
      [
        "etcd.db",
        2,
        /other\.yaml: the encryption configuration must be valid/,
        "--encryption-provider-config",
        "other.yaml",
      ],
      ["etcd.db", 2, /one of -f PATH, --kubeconfig FILE and --etcd-snapshot FILE must be given/, "-f", "x.yaml"],
    ];
    for (const [file, code, message, ...args] of rows) {
      const ended = await run(home, "import", "--etcd-snapshot", file, "--to", target.kubeconfig, ...args);
      assert.equal(ended.code, code, `${file} ${ended.stderr}`);
      assert.match(ended.stderr, message);
      assert.equal(ended.stdout, "");
      assert.ok(!ended.stderr.includes(canary));
    }
  });
});

if (noRealApiserver() === undefined) {
  test("import --etcd-snapshot reads what a kube-apiserver wrote through a rotation, from nothing to a KMS plugin", async () => {
    using home = new TestHome();
    await using target = await startTestServer();
    await using etcd = await startRealEtcd();
    await using plugin = await startPlugin(home.at("kms.sock"));
    const kms = { kms: { apiVersion: "v2", name: "plugin", endpoint: plugin.url, timeout: "30s" } };
    await write(etcd, undefined, "plain");
    const providers: object[] = [identity];
    for (const [name, provider] of Object.entries({ cbc: aescbc("a"), gcm: aesgcm("b"), box: secretbox("c"), kms })) {
      providers.unshift(provider);
      await write(etcd, writeConfiguration(home.at("encryption.yaml"), [[["secrets"], ...providers]]), name);
    }
    await etcd.etcdctl("snapshot", "save", home.at("etcd.db"));
    const args = ["--etcd-snapshot", "etcd.db", "--encryption-provider-config", "encryption.yaml"];
    const { code, stdout, stderr } = await run(home, "import", ...args, "--to", target.kubeconfig);
    const names = ["box", "cbc", "gcm", "kms", "plain"];
    const expected = names.map((name) => `created: default/${name} +key`);
    assert.deepEqual([code, stdout.trim().split("\n").toSorted()], [0, expected], stderr);
    for (const name of names) {
      const { json: secret } = await target.call("GET", `/api/v1/namespaces/default/secrets/${name}`);
      assert.deepEqual(secret.data, { key: base64(writtenByApiserver) });
    }
  });
}
