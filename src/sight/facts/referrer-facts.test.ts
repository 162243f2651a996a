import assert from "node:assert/strict";
import { test } from "node:test";
import { secretsReferredBy } from "./referrer-facts.ts";
import type { ReferrerKind } from "./referrer-facts.ts";

function named(kind: ReferrerKind, spec: object, namespace = "a"): string[] {
  return secretsReferredBy(kind, { spec }, namespace).map((each) => `${each.namespace}/${each.name}`);
}

test("Objects of operators name Secrets in forms of their own", () => {
  const vault = {
    vault: { auth: { tokenSecretRef: { name: "t", key: "k" } }, caProvider: { type: "Secret", name: "ca", key: "c" } },
  };
  assert.deepEqual(named("SecretStore", { provider: vault }), ["a/t", "a/ca"]);
  const aws = {
    aws: {
      auth: {
        secretRef: {
          accessKeyIDSecretRef: { name: "id", key: "i" },
          secretAccessKeySecretRef: { name: "id", key: "s" },
        },
      },
    },
  };
  assert.deepEqual(named("SecretStore", { provider: aws }), ["a/id"]);
  assert.deepEqual(named("PushSecret", { selector: { secret: { name: "p" } } }), ["a/p"]);
  assert.deepEqual(named("Certificate", { secretName: "tls", issuerRef: { name: "i", kind: "Issuer" } }), ["a/tls"]);
  const acme = {
    acme: {
      privateKeySecretRef: { name: "acct" },
      solvers: [{ dns01: { cloudflare: { apiTokenSecretRef: { name: "cf", key: "t" } } } }],
    },
  };
  assert.deepEqual(named("Issuer", acme), ["a/acct", "a/cf"]);
  assert.deepEqual(named("Issuer", { ca: { secretName: "root" } }), ["a/root"]);
  assert.deepEqual(named("VaultConnection", { caCertSecretRef: "ca" }), ["a/ca"]);
  assert.deepEqual(named("VaultAuth", { appRole: { secretRef: "approle" }, kubernetes: { serviceAccount: "s" } }), [
    "a/approle",
  ]);
  const tls = {
    certificateRefs: [{ name: "one" }, { kind: "Secret", namespace: "b", name: "two" }, { kind: "Other", name: "no" }],
  };
  assert.deepEqual(named("Gateway", { listeners: [{ name: "l", tls }] }), ["a/one", "b/two"]);
});

test("What is for the whole cluster names a namespace, has one by its controller, or is left out", () => {
  const token = (more: object) => ({
    provider: { vault: { auth: { tokenSecretRef: { name: "t", key: "k", ...more } } } },
  });
  assert.deepEqual(named("ClusterSecretStore", token({ namespace: "n" }), ""), ["n/t"]);
  assert.deepEqual(named("ClusterSecretStore", token({}), ""), []);
  assert.deepEqual(named("ClusterIssuer", { ca: { secretName: "root" } }, ""), ["cert-manager/root"]);
});

test("ConfigMaps are no Secrets, and what is nested without end or has names without number ends", () => {
  assert.deepEqual(named("SecretStore", { caProvider: { type: "ConfigMap", name: "c", key: "k" } }), []);
  let deep: object = { secretRef: { name: "deep" } };
  for (let depth = 0; depth < 1000; depth++) deep = { deep };
  assert.deepEqual(named("SecretStore", deep), []);
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`s${n}`, { secretName: `n${n}` }]));
  assert.equal(named("SecretStore", many).length, 1000);
});
