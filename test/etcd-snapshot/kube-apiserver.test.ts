/** strongroom encryption audit on what an unmodified kube-apiserver writes, through a rotation of its keys. */
import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import type { EncryptionAnswer } from "../../src/cli/encryption-audit.ts";
import { formText } from "../../src/encryption-audit/stored-form.ts";
import { bytes, Message, text } from "../../src/grpc/message.ts";
import { TestHome } from "../cli/program.ts";
import { shapeErrors } from "../sight/answer-schema.ts";
import { runIn } from "../sight/run-sight.ts";
import { startGrpcServer } from "../support/grpc-server.ts";
import { noRealApiserver, startRealApiserver } from "../support/real-apiserver.ts";
import { startRealEtcd } from "../support/real-etcd.ts";
import type { RealEtcd } from "../support/real-etcd.ts";

const canary = "hunter2-of-the-apiserver";
const secretsPath = "/api/v1/namespaces/default/secrets";

/** A KMS v2 plugin whose key goes by an id that may change. Source: kubernetes/kms apis/v2/api.proto. */
async function startPlugin(path: string) {
  const key = randomBytes(32);
  const current = { keyId: "first" };
  const asked = new Message({ data: bytes(1), uid: text(2) });
  const status = new Message({ version: text(1), healthz: text(2), keyId: text(3) });
  const answered = new Message({ data: bytes(1), keyId: text(2) });
  const iv = Buffer.alloc(16);
  const server = await startGrpcServer(
    {
      "/v2.KeyManagementService/Status": () => status.encode({ version: "v2", healthz: "ok", ...current }),
      "/v2.KeyManagementService/Encrypt": (message) => {
        return answered.encode({
          data: createCipheriv("aes-256-ctr", key, iv).update(asked.decode(message).data),
          ...current,
        });
      },
      "/v2.KeyManagementService/Decrypt": (message) => {
        return asked.encode({ data: createDecipheriv("aes-256-ctr", key, iv).update(asked.decode(message).data) });
      },
    },
    { path },
  );
  return { current, url: server.url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const keyOf = (name: string) => ({ name, secret: Buffer.alloc(32, name).toString("base64") });
const aescbc = (...names: string[]) => ({ aescbc: { keys: names.map(keyOf) } });
const secretbox = (name: string) => ({ secretbox: { keys: [keyOf(name)] } });
const aesgcm = (name: string) => ({ aesgcm: { keys: [keyOf(name)] } });
const identity = { identity: {} };

/** The part of a rule in an EncryptionConfiguration. */
type Rule = readonly [resources: readonly string[], ...providers: readonly object[]];

function writeConfiguration(path: string, rules: readonly Rule[]): string {
  const resources = rules.map(([names, ...providers]) => ({ resources: names, providers }));
  const document = { apiVersion: "apiserver.config.k8s.io/v1", kind: "EncryptionConfiguration", resources };
  writeFileSync(path, JSON.stringify(document), { mode: 0o600 });
  return path;
}

/** Starts an API server on the etcd, with a configuration if there is one, has it write secrets, and ends it. */
async function write(etcd: RealEtcd, configuration: string | undefined, ...names: string[]): Promise<void> {
  const flags = configuration === undefined ? [] : ["--encryption-provider-config", configuration];
  await using server = await startRealApiserver(flags, etcd);
  for (const name of names) {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name }, stringData: { key: canary } };
    const isThere = await server.call("GET", `${secretsPath}/${name}`).then(
      () => true,
      () => false,
    );
    if (isThere)
      await server.call("PUT", `${secretsPath}/${name}`, { ...secret, stringData: { key: `${canary} again` } });
    else await server.call("POST", secretsPath, secret);
  }
}

async function audit(home: TestHome, ...args: string[]): Promise<EncryptionAnswer> {
  const ran = await runIn(home.path, "encryption", "audit", ...args, "--names", "-o", "json");
  assert.deepEqual([ran.code, ran.stderr], [0, ""]);
  assert.ok(!ran.stdout.includes(canary));
  const answer = JSON.parse(ran.stdout) as EncryptionAnswer;
  assert.deepEqual(shapeErrors("encryption-audit", answer), []);
  return answer;
}

/** What is said of secrets: form, objects, stale, unreadable, superseded. */
function secretsIn({ resources }: EncryptionAnswer) {
  const secrets = resources.find(({ resource }) => resource === "secrets");
  return secrets?.forms.map((form) => [
    formText(form),
    form.objects,
    form.stale,
    form.unreadable,
    form.superseded?.revisions,
  ]);
}

const missing = noRealApiserver();
if (missing !== undefined) {
  test("An API server of Kubernetes is not started where there is none", async () => {
    await assert.rejects(startRealApiserver(), new RegExp(missing));
  });
} else {
  test("encryption audit follows a kube-apiserver through a rotation, from nothing to a KMS plugin", async () => {
    using home = new TestHome();
    await using etcd = await startRealEtcd();
    await using plugin = await startPlugin(home.at("kms.sock"));
    const kms = { kms: { apiVersion: "v2", name: "plugin", endpoint: plugin.url, timeout: "3s" } };
    await write(etcd, undefined, "a", "b");
    await write(etcd, writeConfiguration(home.at("1.yaml"), [[["secrets"], aescbc("key1"), identity]]), "b", "c");
    await write(etcd, writeConfiguration(home.at("2.yaml"), [[["secrets"], aescbc("key2", "key1"), identity]]), "d");
    const old = [aescbc("key2", "key1"), identity];
    await write(etcd, writeConfiguration(home.at("3.yaml"), [[["secrets"], secretbox("box"), ...old]]), "e");
    const [gcm, box] = [aesgcm("gcm"), secretbox("box")];
    await write(etcd, writeConfiguration(home.at("4.yaml"), [[["secrets"], gcm, box, ...old]]), "f");
    const last = writeConfiguration(home.at("5.yaml"), [[["secrets"], kms, gcm, box, ...old]]);
    await write(etcd, last, "g");
    plugin.current.keyId = "second";
    await write(etcd, last, "h");
    await etcd.etcdctl("snapshot", "save", home.at("etcd.db"));

    const expected = [
      ["kms v2 plugin, key id second", 1, false, undefined, 0],
      ["kms v2 plugin, key id first", 1, true, undefined, 0],
      ["aesgcm gcm", 1, true, undefined, 0],
      ["secretbox box", 1, true, undefined, 0],
      ["aescbc key2", 1, true, undefined, 0],
      ["aescbc key1", 2, true, undefined, 0],
      ["in the clear (protobuf)", 1, true, undefined, 1],
    ];
    assert.deepEqual(secretsIn(await audit(home, "--etcd-snapshot", "etcd.db")), expected);
    const live = await audit(home, "--etcd", etcd.url);
    assert.deepEqual(
      secretsIn(live),
      expected.map((row) => [...row.slice(0, -1), undefined]),
    );

    // An API server without box, key1 and identity could not read what is under them.
    writeConfiguration(home.at("less.yaml"), [[["secrets"], kms, gcm, aescbc("key2")]]);
    const configured = await audit(home, "--etcd-snapshot", "etcd.db", "--encryption-provider-config", "less.yaml");
    const unreadable = [false, false, false, true, false, true, true];
    assert.deepEqual(
      secretsIn(configured),
      expected.map(([form, objects, stale, , superseded], index) => [
        form,
        objects,
        stale,
        unreadable[index],
        superseded,
      ]),
    );
    assert.deepEqual(configured.judged, ["secrets"]);
  });

  test("encryption audit knows all resources that a kube-apiserver keeps by the names of its configuration", async () => {
    using home = new TestHome();
    await using etcd = await startRealEtcd();
    const rules: readonly Rule[] = [
      [["events"], identity],
      [["*.rbac.authorization.k8s.io"], secretbox("rbac")],
      [["*."], aescbc("core")],
      [["*.*"], aesgcm("rest")],
    ];
    const configuration = writeConfiguration(home.at("all.yaml"), rules);
    await write(etcd, configuration, "a");
    await etcd.etcdctl("snapshot", "save", home.at("etcd.db"));
    const { resources } = await audit(home, "--etcd-snapshot", "etcd.db", "--encryption-provider-config", "all.yaml");
    const known = resources.map(({ resource, stale, unreadable }) => [resource, stale, unreadable]);
    assert.deepEqual(
      known,
      resources.map(({ resource }) => [resource, 0, 0]),
    );
    assert.ok(resources.length > 12, resources.map(({ resource }) => resource).join(" "));
  });
}
