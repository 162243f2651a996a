/** strongroom encryption audit on what an unmodified kube-apiserver writes, through a rotation of its keys. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EncryptionAnswer } from "../../src/cli/encryption-audit.ts";
import { formText } from "../../src/encryption-audit/stored-form.ts";
import { TestHome } from "../cli/program.ts";
import { shapeErrors } from "../sight/answer-schema.ts";
import { runIn } from "../sight/run-sight.ts";
import { noRealApiserver, startRealApiserver } from "../support/real-apiserver.ts";
import { startRealEtcd } from "../support/real-etcd.ts";
import {
  aescbc,
  aesgcm,
  canary,
  identity,
  secretbox,
  startPlugin,
  write,
  writeConfiguration,
} from "./rotated-cluster.ts";
import type { Rule } from "./rotated-cluster.ts";

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
