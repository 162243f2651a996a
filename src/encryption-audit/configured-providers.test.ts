import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfiguredProviders } from "./configured-providers.ts";

const file = `
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets, deployments.apps]
    providers:
      - aescbc: {keys: [{name: key2, secret: c2VjcmV0IGlzIHNlY3VyZQ==}, {name: key1, secret: hunter2-of-the-file}]}
      - kms: {apiVersion: v2, name: plugin, endpoint: "unix:///s", timeout: 3s}
      - kms: {name: old, endpoint: "unix:///s"}
      - identity: {}
  - resources: ["*.apps"]
    providers: [{secretbox: {keys: [{name: box, secret: x}]}}, {aesgcm: {keys: [{name: gcm, secret: x}]}}]
  - resources: [secrets]
    providers: [{secretbox: {keys: [{name: box, secret: x}]}}]
  - resources: ["*."]
    providers: [{identity: {}}]
  - resources: ["*.*"]
    providers: [{aesgcm: {keys: [{name: all, secret: x}]}}]
`;

function texts(resource: string): string[] {
  const forms = readConfiguredProviders(file).of(resource);
  return forms.map(({ provider, version, key }) =>
    [provider, version, key].filter((part) => part !== undefined).join(" "),
  );
}

test("readConfiguredProviders gives the providers of a resource in the order of the file, as upstream chooses the rule", () => {
  const own = ["aescbc v1 key2", "aescbc v1 key1", "kms v2 plugin", "kms v1 old", "identity"];
  assert.deepEqual(texts("secrets"), [...own, "secretbox v1 box"]);
  assert.deepEqual(texts("deployments.apps"), own);
  assert.deepEqual(texts("replicasets.apps"), ["secretbox v1 box", "aesgcm v1 gcm"]);
  assert.deepEqual(texts("configmaps"), ["identity"]);
  assert.deepEqual(texts("certificates.cert-manager.io"), ["aesgcm v1 all"]);
  assert.deepEqual(texts("ranges"), ["identity"]);
});

test("readConfiguredProviders has what no rule is for in the clear", () => {
  const [start = ""] = file.split('  - resources: ["*."]');
  assert.deepEqual(readConfiguredProviders(start).of("configmaps"), [{ provider: "identity" }]);
});

const wrong: readonly (readonly [change: (text: string) => string, message: RegExp])[] = [
  [() => "", /the file is empty/],
  [(text) => text.replace("EncryptionConfiguration", "Secret"), /the file must have .*"kind: EncryptionConfiguration"/],
  [(text) => text.replace("resources:", "resource:"), /unknown field "resource"/],
  [(text) => text.replace(/resources:[^]*/, "resources: []"), /resources must be a list of one or more/],
  [(text) => text.replace("aescbc:", "rot13:"), /unknown field "resources\[0\]\.providers\[0\]\.\?"/],
  [(text) => text.replace("keys:", "key:"), /unknown field "resources\[0\]\.providers\[0\]\.aescbc\.key"/],
  [
    (text) => text.replace("name: key1, ", ""),
    /resources\[0\]\.providers\[0\]\.aescbc\.keys\[1\]\.name must be a name/,
  ],
  [
    (text) => text.replace("- identity", "- aesgcm: {}\n        identity"),
    /resources\[0\]\.providers\[3\] must have one provider/,
  ],
  [(text) => text.replace("- identity: {}", "- {}"), /resources\[0\]\.providers\[3\] must have one provider/],
  [(text) => text.replace("[secrets,", "[{},"), /resources\[0\]\.resources\[0\]: must be a string/],
  [(text) => text.replace("timeout: 3s}", "timeout: 3s"), /line \d+ must be valid YAML/],
];
for (const [change, message] of wrong) {
  test(`readConfiguredProviders says ${message.source} and nothing of what is in the file`, () => {
    assert.throws(
      () => readConfiguredProviders(change(file)),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, "invalid");
        assert.match(error.message, message);
        return !error.message.includes("hunter2");
      },
    );
  });
}
