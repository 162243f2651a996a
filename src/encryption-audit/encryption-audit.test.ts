import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConfiguredForm } from "./configured-providers.ts";
import { EncryptionAudit } from "./encryption-audit.ts";
import type { EncryptionAuditOptions } from "./encryption-audit.ts";
import { parseRegistryKey } from "./registry-resource.ts";
import { formText } from "./stored-form.ts";

const keys = {
  "secrets/default/db": "secrets default/db",
  "configmaps/kube-system/a.b": "configmaps kube-system/a.b",
  "services/specs/default/web": "services default/web",
  "services/endpoints/default/web": "endpoints default/web",
  "minions/node-1": "nodes node-1",
  "controllers/default/rc": "replicationcontrollers default/rc",
  "ingress/default/web": "ingresses.networking.k8s.io default/web",
  "deployments/default/web": "deployments.apps default/web",
  "leases/kube-system/x": "leases.coordination.k8s.io kube-system/x",
  "clusterroles/admin": "clusterroles.rbac.authorization.k8s.io admin",
  "events/default/e": "events default/e",
  "apiextensions.k8s.io/customresourcedefinitions/a.b.c": "customresourcedefinitions.apiextensions.k8s.io a.b.c",
  "apiregistration.k8s.io/apiservices/v1.": "apiservices.apiregistration.k8s.io v1.",
  "cert-manager.io/certificates/prod/web": "certificates.cert-manager.io prod/web",
  "masterleases/10.0.0.1": "masterleases 10.0.0.1",
  "ranges/serviceips": "ranges serviceips",
  "": " ",
  services: "services ",
  "a.b": ".a.b ",
};
test("parseRegistryKey knows the resource of each folder, by the name that an EncryptionConfiguration has for it", () => {
  const parsed = Object.keys(keys).map((key) => {
    const { resource, name } = parseRegistryKey(key);
    return [key, `${resource} ${name}`];
  });
  assert.deepEqual(Object.fromEntries(parsed), keys);
});

/** Newest first, as they are read: `KEY=VALUE`, `KEY` for a deletion. */
function audit(
  lines: readonly string[],
  options: EncryptionAuditOptions = { prefix: "/registry", namesMax: 10, hasHistory: true },
) {
  const made = new EncryptionAudit(options);
  const seen = new Set<string>();
  for (const [index, line] of lines.entries()) {
    const [key = "", value] = line.split("=");
    const modRevision = lines.length - index;
    const isCurrent = !seen.has(key);
    seen.add(key);
    made.add({
      modRevision,
      isDeletion: value === undefined,
      isCurrent,
      key: Buffer.from(key),
      value: Buffer.from(value ?? ""),
    });
  }
  return made.report();
}

test("EncryptionAudit counts objects by form, and takes for stale what is not under the key of the newest write", () => {
  const report = audit([
    "/registry/secrets/a/gone",
    "/registry/secrets/a/new=k8s:enc:aescbc:v1:key2:x",
    "/registry/secrets/a/old=k8s:enc:aescbc:v1:key1:x",
    "/registry/secrets/a/gone=k8s:enc:aescbc:v1:key1:xx",
    "/registry/secrets/a/new={",
    "/registry/secrets/a/plain={}",
    "/registry/pods/a/p=k8s\0",
    "/registry/pods/a/q={",
    "compact_rev_key=7",
  ]);
  const [pods, secrets] = report.resources;
  assert.ok(pods !== undefined && secrets !== undefined);
  assert.deepEqual([report.newestRevision, report.objects, pods.stale, pods.inTheClear], [9, 5, 0, 2]);
  assert.deepEqual([secrets.objects, secrets.inTheClear, secrets.stale], [3, 1, 2]);
  assert.deepEqual(secrets.superseded, { revisions: 2, inTheClear: 1 });
  assert.deepEqual(secrets.writtenAs, { provider: "aescbc", version: "v1", key: "key2" });
  assert.deepEqual(
    secrets.forms.map(({ key, objects, bytes, stale, names }) => [key, objects, bytes, stale, names]),
    [
      ["key2", 1, 24, false, undefined],
      ["key1", 1, 24, true, ["a/old"]],
      [undefined, 1, 2, true, ["a/plain"]],
    ],
  );
  assert.deepEqual(report.otherKeys, [{ prefix: "compact_rev_key", keys: 1 }]);
});

test("EncryptionAudit measures by a configuration where it is given one, and says what that cannot read", () => {
  const configured = (...forms: ConfiguredForm[]) => {
    const options = { prefix: "/registry", namesMax: 0, hasHistory: true, configuration: { of: () => forms } };
    const lines = ["/registry/secrets/a/c=k8s:enc:aescbc:v1:key1:x", "/registry/secrets/a/b=k8s:enc:aescbc:v1:key2:x"];
    const [secrets] = audit([...lines, "/registry/secrets/a/a={"], options).resources;
    assert.ok(secrets !== undefined);
    return [secrets.writtenAs.key ?? secrets.writtenAs.provider, secrets.stale, secrets.unreadable];
  };
  const key = (name: string) => ({ provider: "aescbc", version: "v1", key: name }) as const;
  const clear = { provider: "identity" } as const;
  assert.deepEqual(configured(key("key2"), key("key1"), clear), ["key2", 2, 0]);
  assert.deepEqual(configured(key("key3"), key("key2")), ["key3", 3, 2]);
  assert.deepEqual(configured(clear), ["identity", 2, 2]);
  assert.deepEqual(configured({ ...key("key1"), provider: "aesgcm" }), ["key1", 3, 3]);
});

test("EncryptionAudit counts copies in free bytes by the keys before them, and nothing that has none", () => {
  const made = new EncryptionAudit({ prefix: "/registry", namesMax: 0, hasHistory: true });
  const junk = "\u0000/registry/\u0001k8s:enc:aescbc:v1:";
  const pieces = [
    `k8s\0\nnobody's/registry/secrets/a/b\u0010\u0005\u002a\u0007k8s\0\nvalue`,
    "/registry/secrets/a/b*xk8s:enc:aescbc:v1:key1:xx/registry/secrets/a/b*xk8s:enc:aescbc:v1:ke\0y1:",
    `${" ".repeat(2000)}/registry/deployments/a/b*xk8s:enc:secretbox:v1:key2:${junk}`,
    `/registry/secrets/a/b${" ".repeat(2000)}k8s\0\ntoo far`,
  ];
  for (const piece of pieces) made.addFreeBytes(Buffer.from(piece));
  const { objects, resources } = made.report();
  const counted = resources.flatMap(({ resource, forms }) =>
    forms.map((form) => [resource, formText(form), form.leftBehind, form.objects, form.oldestRevision]),
  );
  assert.equal(objects, 0);
  assert.deepEqual(counted, [
    ["deployments.apps", "secretbox key2", 1, 0, 0],
    ["secrets", "in the clear (protobuf)", 1, 0, 0],
    ["secrets", "aescbc key1", 1, 0, 0],
    ["secrets", "an unknown format", 1, 0, 0],
    ["unknown", "an unknown format", 1, 0, 0],
  ]);
});

test("EncryptionAudit says nothing of superseded revisions where it was not given any on purpose", () => {
  const { resources } = audit(["/registry/pods/a/p={"], { prefix: "/registry", namesMax: 0, hasHistory: false });
  assert.deepEqual([resources[0]?.superseded, resources[0]?.forms[0]?.superseded], [undefined, undefined]);
});

test("EncryptionAudit counts nothing below another prefix, and refuses more resources than a cluster can have", () => {
  const elsewhere = audit(["/registry/secrets/a/b=x"], { prefix: "/kubernetes.io/", namesMax: 0, hasHistory: true });
  assert.deepEqual([elsewhere.objects, elsewhere.otherKeys], [0, [{ prefix: "/registry", keys: 1 }]]);
  const many = Array.from({ length: 10_001 }, (_, index) => `/registry/r${index}/a=x`);
  assert.throws(() => audit(many), { code: "too-large", message: /at most 10000 resources/ });
  const names = Array.from({ length: 10_001 }, (_, index) => `/registry/secrets/a=k8s:enc:aescbc:v1:${index}:`);
  assert.throws(() => audit(names), { code: "too-large" });
});
