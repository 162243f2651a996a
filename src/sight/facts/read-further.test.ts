import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { factKindOf } from "./fact-kind.ts";
import { identityIn } from "./credential-identity.ts";
import { releasedSecrets } from "./helm-release.ts";
import { readFact } from "./read-fact.ts";
import { SecretMaterial } from "./secret-material.ts";

const at = { file: "f", document: 1, item: undefined, line: undefined };
const material = SecretMaterial.ofThisProcess();

function factOf(apiVersion: string, kind: string, more: object): unknown {
  const known = factKindOf(apiVersion, kind);
  assert.ok(known !== undefined);
  const value = { apiVersion, kind, metadata: { name: "x", namespace: "a" }, ...more };
  const { at: _at, ...fact } = readFact(known, { value, at, placeOf: () => at }, material) as { at: unknown };
  return fact;
}

test("A service, an ingress and a route say where they lead", () => {
  const spec = { type: "LoadBalancer", selector: { app: "web" }, externalIPs: ["1.2.3.4"] };
  assert.deepEqual(factOf("v1", "Service", { spec }), {
    kind: "Service",
    namespace: "a",
    name: "x",
    type: "LoadBalancer",
    isInternal: false,
    selector: new Map([["app", "web"]]),
    externalIPs: ["1.2.3.4"],
  });
  const http = { paths: [{ backend: { service: { name: "web" } } }, { backend: { service: { name: "web" } } }] };
  const ingress = { spec: { rules: [{ http }], defaultBackend: { service: { name: "other" } } } };
  assert.deepEqual(factOf("networking.k8s.io/v1", "Ingress", ingress), {
    kind: "Ingress",
    namespace: "a",
    name: "x",
    backends: ["other", "web"],
    authenticates: false,
  });
  const route = { spec: { parentRefs: [{ name: "g" }], rules: [{ backendRefs: [{ name: "web", namespace: "b" }] }] } };
  assert.deepEqual(factOf("gateway.networking.k8s.io/v1", "HTTPRoute", route), {
    kind: "HTTPRoute",
    namespace: "a",
    name: "x",
    backends: [{ namespace: "b", name: "web" }],
    gateways: ["g"],
  });
});

for (const [title, spec, ingress, egress] of [
  ["no types and no rules", { podSelector: {} }, true, false],
  ["both types and no rules", { podSelector: {}, policyTypes: ["Ingress", "Egress"] }, true, true],
  [
    "a rule for each",
    { podSelector: {}, policyTypes: ["Ingress", "Egress"], ingress: [{}], egress: [{}] },
    false,
    false,
  ],
] as const) {
  test(`A network policy with ${title} denies what it says`, () => {
    const fact = factOf("networking.k8s.io/v1", "NetworkPolicy", { spec }) as Record<string, unknown>;
    assert.deepEqual([fact["deniesIngress"], fact["deniesEgress"]], [ingress, egress]);
  });
}

test("Policies say whether they refuse pods", () => {
  const seen = (apiVersion: string, kind: string, spec: object) => {
    const { enforces, concernsPods } = factOf(apiVersion, kind, { spec }) as Record<string, unknown>;
    return [enforces, concernsPods];
  };
  const rules = (failureAction: string, kinds: string[]) => ({
    rules: [{ match: { any: [{ resources: { kinds } }] }, validate: { failureAction, pattern: {} } }],
  });
  assert.deepEqual(seen("kyverno.io/v1", "ClusterPolicy", rules("Enforce", ["Pod"])), [true, true]);
  assert.deepEqual(seen("kyverno.io/v1", "ClusterPolicy", rules("Audit", ["v1/Pod"])), [false, true]);
  assert.deepEqual(seen("kyverno.io/v1", "ClusterPolicy", rules("Enforce", ["Ingress"])), [true, false]);
  const kinds = [{ apiGroups: [""], kinds: ["Pod"] }];
  assert.deepEqual(seen("constraints.gatekeeper.sh/v1beta1", "K8sNoPrivileged", { match: { kinds } }), [true, true]);
  assert.deepEqual(seen("constraints.gatekeeper.sh/v1beta1", "K8sX", { enforcementAction: "dryrun" }), [false, true]);
  const admission = "admissionregistration.k8s.io/v1";
  const matchConstraints = { resourceRules: [{ resources: ["pods"] }] };
  assert.deepEqual(seen(admission, "ValidatingAdmissionPolicy", { matchConstraints }), [true, true]);
  assert.deepEqual(seen(admission, "ValidatingAdmissionPolicyBinding", { validationActions: ["Warn"] }), [
    false,
    false,
  ]);
});

test("What makes a Secret of what lies elsewhere says which, and of what", () => {
  const spec = {
    secretStoreRef: { name: "s" },
    target: { name: "db" },
    data: [{ remoteRef: { key: "k", property: "p" } }],
    dataFrom: [{ extract: { key: "whole" } }],
  };
  assert.deepEqual(factOf("external-secrets.io/v1", "ExternalSecret", { spec }), {
    kind: "ExternalSecret",
    namespace: "a",
    name: "x",
    targets: ["db"],
    origins: ["SecretStore a/s k p", "SecretStore a/s whole"],
  });
  const vault = { mount: "kv", path: "db", destination: { name: "db" } };
  assert.deepEqual(factOf("secrets.hashicorp.com/v1beta1", "VaultStaticSecret", { spec: vault }), {
    kind: "VaultStaticSecret",
    namespace: "a",
    name: "x",
    targets: ["db"],
    origins: ["vault kv db"],
  });
});

test("Of a Helm release the Secrets that it rendered are known, without values", () => {
  const manifest =
    "kind: Secret\nmetadata: {name: db}\ndata: {password: aHVudGVyMmh1bnRlcjI=}\n---\nkind: ConfigMap\nmetadata: {name: c}\n";
  const release = gzipSync(JSON.stringify({ manifest })).toString("base64");
  const released = releasedSecrets(release, material);
  assert.deepEqual(
    released?.map(({ namespace, name }) => [namespace, name]),
    [["", "db"]],
  );
  assert.equal(released?.[0]?.marks[0]?.fingerprint, material.fingerprint(Buffer.from("hunter2hunter2\n")));
  assert.equal(releasedSecrets("bm8=", material), undefined);
});

test("A token says whose it is; what only looks like one says nothing", () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = (sub: string) => `${part({ alg: "RS256", kid: "x" })}.${part({ iss: "kubernetes", sub })}.c2ln`;
  const user = "system:serviceaccount:a:app";
  assert.deepEqual(identityIn(token(user)), { user, groups: [], ends: false });
  assert.equal(identityIn(token("jane")), undefined);
  assert.equal(identityIn("eyJhbGciOiJ.eyJhbGciOiJ.eyJh"), undefined);
});
