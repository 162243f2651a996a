/** An unmodified kube-apiserver reads what our providers wrote, and ours what it wrote, through one etcd. Skipped where there is none. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  configuredEncryption,
  transformerSet,
} from "../../src/crypto/encryption-configuration/configured-transformers.ts";
import { parseEncryptionConfiguration } from "../../src/crypto/encryption-configuration/parse-encryption-configuration.ts";
import { aesGcmTransformer } from "../../src/crypto/providers/aes-gcm.ts";
import { noRealApiserver, startRealApiserver } from "../support/real-apiserver.ts";
import { startRealEtcd } from "../support/real-etcd.ts";
import { keyOf } from "./refused-files.ts";

const forms = [
  ["aesgcm-32", `aesgcm: {keys: [{name: "a:b", secret: ${keyOf(32, 1)}}]}`],
  ["aesgcm-16", `aesgcm: {keys: [{name: short, secret: ${keyOf(16, 2)}}]}`],
  ["aescbc-24", `aescbc: {keys: [{name: key, secret: ${keyOf(24, 3)}}]}`],
  ["aescbc-32", `aescbc: {keys: [{name: other, secret: ${keyOf(32, 4)}}]}`],
  ["secretbox", `secretbox: {keys: [{name: box, secret: ${keyOf(32, 5)}}]}`],
  ["identity", "identity: {}"],
] as const;

function configurationOf(providers: readonly string[]): string {
  return `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
${providers.map((provider) => `      - ${provider}\n`).join("")}`;
}

/** Our transformer for secrets by the file. */
async function oursBy(file: string) {
  const stored = [{ group: "", resource: "secrets", places: ["/registry/secrets/"] }];
  const by = { openKms: () => assert.fail("there is no plugin"), fingerprint: () => "" };
  const configured = await configuredEncryption(parseEncryptionConfiguration(file), stored, by);
  return transformerSet(configured, aesGcmTransformer("own", Buffer.alloc(32)));
}

/** Without one, the bytes that one stored stand in for it: src/crypto/providers/kube-apiserver-1.34.json. */
const testUpstream = noRealApiserver() === undefined ? test : () => {};

testUpstream("A kube-apiserver and we open what the other stored, by every provider", async () => {
  const folder = mkdtempSync(join(tmpdir(), "strongroom-upstream-"));
  const file = join(folder, "encryption.yaml");
  const keyed = (name: string) => `/registry/secrets/default/${name}`;
  try {
    await using etcd = await startRealEtcd();
    for (const [name, provider] of forms) {
      const key = keyed(name);
      const object = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name, namespace: "default" },
        data: { a: "aGk=" },
      };
      const transformer = (await oursBy(configurationOf([provider]))).transformerFor(key);
      await etcd.put(key, transformer.toStorage(Buffer.from(JSON.stringify(object)), { key, revision: undefined }));
    }
    const all = configurationOf(forms.map(([, provider]) => provider));
    writeFileSync(file, all);
    await using apiserver = await startRealApiserver(["--encryption-provider-config", file], etcd);
    for (const [name] of forms) {
      const got = (await apiserver.call("GET", `/api/v1/namespaces/default/secrets/${name}`)) as { data: unknown };
      assert.deepEqual(got.data, { a: "aGk=" }, name);
    }
    const theirs = { metadata: { name: "theirs" }, stringData: { a: "canary-of-upstream" } };
    await apiserver.call("POST", "/api/v1/namespaces/default/secrets", theirs);
    const { kvs } = JSON.parse(await etcd.etcdctl("get", keyed("theirs"), "-w", "json")) as {
      kvs: { value: string }[];
    };
    const stored = Buffer.from(kvs[0]?.value ?? "", "base64");
    assert.ok(stored.toString("latin1").startsWith("k8s:enc:aesgcm:v1:a:b:"));
    const transformer = (await oursBy(all)).transformerFor(keyed("theirs"));
    const opened = await transformer.fromStorage(stored, { key: keyed("theirs"), revision: undefined });
    assert.ok(Buffer.from(opened.plaintext).includes("canary-of-upstream"));
    assert.equal(opened.stale, false);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
