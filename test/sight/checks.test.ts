/** Each check of what objects hold: something that it finds, and the same without the fault. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkIds } from "../../src/sight/findings/check-registry.ts";
import { scan } from "../../src/sight/findings/scan.ts";
import { buildGraph } from "../../src/sight/graph/build-graph.ts";
import { readText } from "../../src/sight/sources/file-source.ts";
import { makeFaultyCertificates } from "../support/faulty-certificates.ts";

const now = Date.parse("2026-06-01T00:00:00Z");
const day = 24 * 3600 * 1000;
const files = makeFaultyCertificates();

// Made up, of the forms that real ones have.
const githubToken = `ghp_${"aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6"}`;
const connection = "postgres://shop:Tr0ub4dor-3xKq@db.example:5432/shop";
const canaries = [githubToken, "Tr0ub4dor-3xKq"];

const object = (kind: string, fields: object, apiVersion = "v1", name = "x") => ({
  apiVersion,
  kind,
  ...fields,
  metadata: { name, namespace: "a", ...(fields as { metadata?: object }).metadata },
});
const base64 = (text: string) => Buffer.from(text).toString("base64");
const secret = (data: Record<string, string>, type = "Opaque", metadata: object = {}, name = "x", namespace = "a") =>
  object("Secret", {
    type,
    data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, base64(text)])),
    metadata: { name, namespace, ...metadata },
  });
const container = (fields: object) => ({ spec: { containers: [{ name: "c", image: "i", ...fields }] } });
const deployment = (fields: object) => object("Deployment", { spec: { template: container(fields) } }, "apps/v1");
const job = (fields: object) => object("Job", { spec: { template: container(fields) } }, "batch/v1");
const replicaSet = (fields: object) => object("ReplicaSet", { spec: { template: container(fields) } }, "apps/v1");
const pod = (fields: object, more: object = {}) => object("Pod", { ...container(fields), ...more });
const tls = ({ crt, key }: { crt: string; key: string }) =>
  secret({ "tls.crt": crt, "tls.key": key }, "kubernetes.io/tls");
const ingress = (host: string) =>
  object("Ingress", { spec: { tls: [{ hosts: [host], secretName: "x" }], rules: [{ host }] } }, "networking.k8s.io/v1");
const apiServer = (...flags: string[]) =>
  pod({ command: ["kube-apiserver", ...flags] }, { metadata: { name: "kube-apiserver-n1", namespace: "kube-system" } });
const goodFlags = [
  "--encryption-provider-config=/e.yaml",
  "--anonymous-auth=false",
  "--audit-policy-file=/p.yaml",
  "--audit-log-path=-",
];
const without = (flag: string) => goodFlags.filter((each) => !each.startsWith(flag));
const jwt = (claims: object, header: object = { alg: "RS256" }) =>
  [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".") + ".c2lnbmF0dXJl";
const kubeconfig = (user: object) =>
  JSON.stringify({ apiVersion: "v1", kind: "Config", clusters: [], contexts: [], users: [{ name: "u", user }] });
const encryption = (...providers: object[]) => ({
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "EncryptionConfiguration",
  metadata: { name: "e" },
  resources: [{ resources: ["secrets"], providers }],
});
const auditPolicy = (level: string) => ({
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  metadata: { name: "p" },
  rules: [{ level, resources: [{ group: "", resources: ["secrets"] }] }],
});
const webhook = (failurePolicy: string) => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name: "w" },
  webhooks: [{ name: "w.example", failurePolicy, rules: [{ resources: ["pods"] }] }],
});
const changed = (time: string) => ({ managedFields: [{ manager: "m", time, fieldsV1: { "f:data": {} } }] });
const docker = (registry: string, username: string) =>
  secret(
    { ".dockerconfigjson": JSON.stringify({ auths: { [registry]: { username, password: "p4ssw0rd-of-a-user" } } }) },
    "kubernetes.io/dockerconfigjson",
  );
const release = (manifest: string) =>
  secret({ release: base64(JSON.stringify({ name: "r", manifest, config: {} })) }, "helm.sh/release.v1");
const workloads = [object("Pod", container({}), "v1", "other"), deployment({})];

interface Case {
  readonly check: string;
  readonly found: readonly object[];
  readonly clean: readonly object[];
  readonly source?: "dump" | "manifests";
}

const cases: readonly Case[] = [
  {
    check: "SR-LEAK-001",
    found: [object("ConfigMap", { data: { url: connection } })],
    clean: [
      object("ConfigMap", {
        data: { url: "postgres://db.example:5432/shop", password_file: "/run/secret", "ca.crt": files.good.crt },
      }),
    ],
  },
  {
    check: "SR-LEAK-002",
    found: [deployment({ env: [{ name: "TOKEN", value: githubToken }] })],
    clean: [
      deployment({
        env: [
          { name: "TOKEN_FILE", value: "/run/token" },
          { name: "TOKEN", valueFrom: { secretKeyRef: { name: "x", key: "k" } } },
          { name: "PASSWORD", value: "${PASSWORD}" },
          { name: "ID", value: "6f1c1f2e-2f5c-4a3e-9a38-1c2d3e4f5a6b" },
        ],
      }),
    ],
  },
  {
    check: "SR-LEAK-003",
    found: [deployment({ args: ["--db", connection] })],
    clean: [deployment({ args: ["--db", "postgres://db/shop"] })],
  },
  {
    check: "SR-LEAK-004",
    found: [object("Service", { metadata: { annotations: { "example.com/token": githubToken } } })],
    clean: [object("Service", { metadata: { annotations: { "checksum/config": "a".repeat(64) } } })],
  },
  {
    check: "SR-LEAK-005",
    found: [
      secret({ k: "v" }, "Opaque", {
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": '{"data":{"k":"dg=="}}' },
      }),
    ],
    clean: [
      secret({ k: "v" }, "Opaque", {
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": '{"kind":"Secret"}' },
      }),
    ],
  },
  {
    check: "SR-LEAK-006",
    found: [object("Service", { metadata: { labels: { token: githubToken } } })],
    clean: [object("Service", { metadata: { labels: { app: "shop" } } })],
  },
  { check: "SR-LEAK-007", found: [release(`data: ${connection}`)], clean: [release("kind: Service")] },
  {
    check: "SR-LEAK-008",
    found: [object("Thing", { spec: { token: githubToken } }, "example.com/v1")],
    clean: [
      object("Thing", { spec: { tokenRef: "x" } }, "example.com/v1"),
      object("SealedSecret", { spec: { encryptedData: { k: `Ag${"B".repeat(300)}` } } }, "bitnami.com/v1alpha1"),
    ],
  },
  {
    check: "SR-LEAK-009",
    found: [job({ args: [`--token=${githubToken}`] })],
    clean: [job({ args: ["--token-file=/run/t"] })],
  },
  {
    check: "SR-LEAK-010",
    found: [replicaSet({ env: [{ name: "T", value: githubToken }] })],
    clean: [replicaSet({ env: [] })],
  },
  {
    check: "SR-LEAK-011",
    found: [secret({ k: "Xk29dkw02kdAq" })],
    clean: [secret({ k: "ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]" })],
    source: "manifests",
  },
  { check: "SR-CONT-003", found: [tls({ crt: files.good.crt, key: files.other.key })], clean: [tls(files.good)] },
  { check: "SR-CONT-004", found: [tls(files.alone)], clean: [tls(files.good)] },
  { check: "SR-CONT-005", found: [tls(files.weak)], clean: [tls(files.good)] },
  { check: "SR-CONT-006", found: [tls(files.sha1)], clean: [tls(files.good)] },
  {
    check: "SR-CONT-007",
    found: [tls(files.good), ingress("other.example")],
    clean: [tls(files.good), ingress("shop.example")],
  },
  { check: "SR-CONT-008", found: [tls(files.selfSigned)], clean: [tls(files.good)] },
  {
    check: "SR-CONT-009",
    found: [secret({ "ssh-privatekey": files.sshOpen }, "kubernetes.io/ssh-auth")],
    clean: [
      secret({ "ssh-privatekey": files.sshLocked }, "kubernetes.io/ssh-auth"),
      secret({ "ssh-privatekey": files.sshOpen, known_hosts: "h" }, "kubernetes.io/ssh-auth", {}, "y"),
    ],
  },
  {
    check: "SR-CONT-010",
    found: [docker("https://index.docker.io/v1/", "jane.doe")],
    clean: [docker("registry.example", "jane.doe"), docker("ghcr.io", "deploy-bot")],
  },
  {
    check: "SR-CONT-011",
    found: [
      secret({ token: "t" }, "kubernetes.io/service-account-token", {
        annotations: { "kubernetes.io/service-account.name": "x" },
      }),
    ],
    clean: [secret({ token: "t" })],
  },
  {
    check: "SR-CONT-012",
    found: [secret({ kubeconfig: kubeconfig({ token: "Xk29dkw02kdAqXk29dkw02kdAq" }) })],
    clean: [secret({ kubeconfig: kubeconfig({ exec: { command: "login" } }) })],
  },
  {
    check: "SR-CONT-013",
    found: [secret({ t: jwt({ sub: "x" }) })],
    clean: [secret({ t: jwt({ sub: "x", exp: now / 1000 + 3600 }) })],
  },
  {
    check: "SR-CONT-014",
    found: [secret({ password: "password123" })],
    clean: [secret({ password: "vK3-qPz9-Wm2x-Tr7h" })],
  },
  {
    check: "SR-CONT-015",
    found: [secret({ password: "" }), secret({ password: "<your password>" }, "Opaque", {}, "y")],
    clean: [secret({ password: "vK3-qPz9-Wm2x-Tr7h" })],
  },
  { check: "SR-CONT-016", found: [secret({ ".env": "A=b\nC=d\n" })], clean: [secret({ env: "production" })] },
  {
    check: "SR-CONT-017",
    found: [secret({ "tls.crt": "no certificate", "tls.key": "no key" }, "kubernetes.io/tls")],
    clean: [tls(files.good)],
  },
  {
    check: "SR-LIFE-001",
    found: [secret({ k: "v" }, "Opaque", { creationTimestamp: "2024-01-01T00:00:00Z" })],
    clean: [
      secret({ k: "v" }, "Opaque", { creationTimestamp: "2024-01-01T00:00:00Z", ...changed("2026-05-01T00:00:00Z") }),
    ],
  },
  {
    check: "SR-LIFE-002",
    found: [...workloads, secret({ k: "v" })],
    clean: [...workloads, secret({ k: "v" }), pod({ envFrom: [{ secretRef: { name: "x" } }] })],
  },
  {
    check: "SR-LIFE-003",
    found: [
      secret({}, "kubernetes.io/service-account-token", {
        annotations: { "kubernetes.io/service-account.name": "gone" },
      }),
      object("ServiceAccount", {}, "v1", "other"),
    ],
    clean: [
      secret({}, "kubernetes.io/service-account-token", {
        annotations: { "kubernetes.io/service-account.name": "other" },
      }),
      object("ServiceAccount", {}, "v1", "other"),
    ],
  },
  {
    check: "SR-LIFE-004",
    found: [secret({ k: "the same long value" }), secret({ k: "the same long value" }, "Opaque", {}, "x", "b")],
    clean: [secret({ k: "the same long value" }), secret({ k: "quite another value" }, "Opaque", {}, "x", "b")],
  },
  {
    check: "SR-LIFE-005",
    found: [
      secret({ k: "v" }, "Opaque", changed("2026-05-02T00:00:00Z")),
      pod({ envFrom: [{ secretRef: { name: "x" } }] }, { status: { startTime: "2026-05-01T00:00:00Z" } }),
    ],
    clean: [
      secret({ k: "v" }, "Opaque", changed("2026-05-02T00:00:00Z")),
      pod({ envFrom: [{ secretRef: { name: "x" } }] }, { status: { startTime: "2026-05-03T00:00:00Z" } }),
    ],
  },
  {
    check: "SR-LIFE-006",
    found: Array.from({ length: 1000 }, (_, n) => secret({ k: `v${n}` }, "Opaque", {}, `s${n}`)),
    clean: Array.from({ length: 1000 }, (_, n) => ({
      ...secret({ k: `v${n}` }, "Opaque", {}, `s${n}`),
      ...(n === 7 && { immutable: true }),
    })),
  },
  { check: "SR-PLAT-001", found: [apiServer(...without("--encryption"))], clean: [apiServer(...goodFlags)] },
  { check: "SR-PLAT-002", found: [apiServer(...without("--anonymous"))], clean: [apiServer(...goodFlags)] },
  {
    check: "SR-PLAT-003",
    found: [apiServer(...goodFlags, "--token-auth-file=/t.csv")],
    clean: [apiServer(...goodFlags)],
  },
  { check: "SR-PLAT-004", found: [apiServer(...without("--audit-policy"))], clean: [apiServer(...goodFlags)] },
  { check: "SR-PLAT-005", found: [webhook("Ignore")], clean: [webhook("Fail")] },
  {
    check: "SR-PLAT-006",
    found: [encryption({ identity: {} }, { aesgcm: {} })],
    clean: [encryption({ kms: { apiVersion: "v2", name: "k", endpoint: "unix:///k" } }, { identity: {} })],
    source: "manifests",
  },
  {
    check: "SR-PLAT-007",
    found: [encryption({ aescbc: { keys: [{ name: "k", secret: base64("0123456789abcdef0123456789abcdef") }] } })],
    clean: [encryption({ aescbc: { keys: [{ name: "k", secret: "<from the vault>" }] } })],
    source: "manifests",
  },
  {
    check: "SR-PLAT-008",
    found: [auditPolicy("RequestResponse")],
    clean: [auditPolicy("Metadata")],
    source: "manifests",
  },
  {
    check: "SR-PLAT-009",
    found: [encryption({ kms: { name: "k", endpoint: "unix:///k" } })],
    clean: [encryption({ kms: { apiVersion: "v2", name: "k", endpoint: "unix:///k" } })],
    source: "manifests",
  },
];

function checksOf(objects: readonly object[], source: "dump" | "manifests", at = now): Set<string> {
  const text = objects.map((each) => JSON.stringify(each)).join("\n---\n");
  const { findings } = scan(buildGraph(readText(source, "cluster.yaml", text)), { now: at });
  const printed = JSON.stringify(findings);
  for (const canary of canaries) assert.ok(!printed.includes(canary), "no value is in a finding");
  return new Set(findings.map(({ check }) => check));
}

for (const { check, found, clean, source = "dump" } of cases) {
  test(`${check} is found, and not where the fault is not`, () => {
    assert.ok(checksOf(found, source).has(check), [...checksOf(found, source)].join());
    assert.ok(!checksOf(clean, source).has(check), "found where it is not");
  });
}

test("Certificates that have expired, or are about to, are told by the clock", () => {
  const notAfter = Date.now() + 200 * day;
  const at = (days: number) => checksOf([tls(files.good)], "dump", notAfter + days * day);
  assert.ok(at(1).has("SR-CONT-001"));
  assert.ok(at(-10).has("SR-CONT-002") && !at(-10).has("SR-CONT-001"));
  assert.ok(!at(-60).has("SR-CONT-002"));
});

test("Old secrets and unused secrets are one finding for each namespace, whose id stays when there are more of them", () => {
  const old = (name: string, year: number, namespace = "a") =>
    secret({ k: "v" }, "Opaque", { creationTimestamp: `${year}-01-01T00:00:00Z` }, name, namespace);
  const found = (...objects: object[]) => {
    const { findings } = scan(
      buildGraph(
        readText(
          "dump",
          "c.json",
          JSON.stringify({ apiVersion: "v1", kind: "List", items: [...workloads, ...objects] }),
        ),
      ),
      { now },
    );
    return findings.filter(({ check }) => check === "SR-LIFE-001" || check === "SR-LIFE-002");
  };
  const one = found(old("b", 2024));
  const many = found(old("b", 2024), old("c", 2021), old("d", 2025), old("e", 2022, "b"));
  assert.deepEqual(
    many.map(({ id, message }) => `${id}: ${message}`),
    [
      "SR-LIFE-001/old secrets of a: 3 secrets of a are over a year old, the oldest: Secret a/c was made on 2021-01-01, 1977 days ago",
      "SR-LIFE-001/old secrets of b: Secret b/e was made on 2022-01-01, 1612 days ago",
      "SR-LIFE-002/unused secrets of a: Nothing that is known uses 3 secrets of a: b, c, d",
      "SR-LIFE-002/unused secrets of b: Nothing that is known uses Secret b/e",
    ],
  );
  assert.deepEqual(
    many[0]?.evidence.map(({ object }) => object),
    ["Secret a/c", "Secret a/b", "Secret a/d"],
  );
  assert.deepEqual(
    one.map(({ id }) => id),
    ["SR-LIFE-001/old secrets of a", "SR-LIFE-002/unused secrets of a"],
  );
});

test("Each check of what objects hold has a case here", () => {
  const tested = new Set([...cases.map(({ check }) => check), "SR-CONT-001", "SR-CONT-002"]);
  const ofContent = checkIds.filter((id) => /^SR-(?:LEAK|CONT|LIFE|PLAT)-/.test(id));
  assert.deepEqual(
    ofContent.filter((id) => !tested.has(id)),
    [],
  );
});
