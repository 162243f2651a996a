/** What makes a way harder shows in its ease and its words; what depends on the server shows with the server. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildGraph } from "../../src/sight/graph/build-graph.ts";
import { edgeIds } from "../../src/sight/graph/edge-rule.ts";
import { edgeNumber, edgeRules } from "../../src/sight/graph/edge-rules.ts";
import { whoCan } from "../../src/sight/questions/who-can.ts";
import { readText } from "../../src/sight/sources/file-source.ts";

const everything = { onlyDirect: false, hopsMax: Infinity };
const rbac = "rbac.authorization.k8s.io";

/** A role in a namespace and its binding to jane. */
function grant(namespace: string, ...rules: readonly string[]): string[] {
  const metadata = `metadata: {name: r, namespace: ${namespace}}`;
  return [
    `{apiVersion: ${rbac}/v1, kind: Role, ${metadata}, rules: [${rules.join(", ")}]}`,
    `{apiVersion: ${rbac}/v1, kind: RoleBinding, ${metadata}, roleRef: {kind: Role, name: r}, subjects: [{kind: User, name: jane}]}`,
  ];
}

const rule = (verb: string, resource: string, group = '""') =>
  `{verbs: [${verb}], apiGroups: [${group}], resources: [${resource}]}`;
const secret = (namespace: string) => `{apiVersion: v1, kind: Secret, metadata: {name: db, namespace: ${namespace}}}`;
const pod =
  "{apiVersion: v1, kind: Pod, metadata: {name: app, namespace: b}, spec: {nodeName: n1, volumes: [{secret: {secretName: db}}], containers: [{name: c}]}}";

function jane(
  namespace: string,
  documents: readonly string[],
  server?: { kind: "kubernetes" | "strongroom"; version: string },
) {
  const facts = readText("dump", "f", documents.join("\n---\n"));
  assert.deepEqual(facts.coverage.problems, []);
  if (server !== undefined) {
    facts.origin = {
      id: "c",
      version: server.version,
      server: server.kind,
      level: "full",
      readAt: "2026-01-01T00:00:00Z",
    };
  }
  const { readers } = whoCan(buildGraph(facts), { namespace, name: "db" }, everything);
  const found = readers.find(({ principal }) => principal.name === "jane");
  return { ease: found?.factors.ease, because: found?.path.map(({ because }) => because).join("\n") ?? "" };
}

const creates = grant("a", rule("create", "pods"));
const level = (name: string) =>
  `{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {pod-security.kubernetes.io/enforce: ${name}}}}`;

for (const [name, ease] of [
  ["privileged", 0.595],
  ["baseline", 0.1785],
  ["restricted", 0.1785],
] as const) {
  test(`With the Pod Security level ${name}, the way onto a node has an ease of ${ease}`, () => {
    const { ease: found, because } = jane("b", [secret("b"), pod, ...creates, level(name)]);
    assert.equal(found, ease);
    assert.equal(because.includes("Pod Security level of the namespace keeps pods from it"), ease < 0.5);
  });
}

const kyverno = (action: string, namespace = "") =>
  `{apiVersion: kyverno.io/v1, kind: ${namespace === "" ? "ClusterPolicy" : "Policy"}, metadata: {name: p, namespace: "${namespace}"}, spec: {validationFailureAction: ${action}, rules: [{match: {any: [{resources: {kinds: [Pod]}}]}, validate: {message: m}}]}}`;
const admission = (action: string) => [
  "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: p}, spec: {matchConstraints: {resourceRules: [{resources: [pods]}]}}}",
  `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {name: p}, spec: {policyName: p, validationActions: [${action}]}}`,
];
const gatekeeper = (more: string) =>
  `{apiVersion: constraints.gatekeeper.sh/v1beta1, kind: K8sNoSecrets, metadata: {name: p}, spec: {${more}}}`;

for (const [title, policies, may] of [
  ["a Kyverno policy that enforces", [kyverno("Enforce")], true],
  ["a Kyverno policy that audits", [kyverno("Audit")], false],
  ["a Kyverno policy of the namespace", [kyverno("Enforce", "a")], true],
  ["a Kyverno policy of another namespace", [kyverno("Enforce", "b")], false],
  ["an admission policy bound to deny", admission("Deny"), true],
  ["an admission policy bound to warn", admission("Warn"), false],
  ["an admission policy that is not bound", admission("Deny").slice(0, 1), false],
  ["a constraint", [gatekeeper("match: {kinds: [{kinds: [Pod]}]}")], true],
  ["a constraint for others", [gatekeeper("match: {excludedNamespaces: [a]}")], false],
] as const) {
  test(`With ${title}, a new pod ${may ? "may be" : "is not"} refused`, () => {
    const { ease, because } = jane("a", [secret("a"), ...creates, ...policies]);
    assert.equal(ease, may ? 0.51 : 0.85);
    assert.equal(because.includes("an admission policy of the cluster may keep it"), may);
  });
}

const closed = (more: string) =>
  `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: closed, namespace: a}, spec: {${more}}}`;
const nothingOut = closed("podSelector: {}, policyTypes: [Egress]");

for (const [title, documents, ease] of [
  ["nothing gets out and nothing is read back", [...creates, nothingOut], 0.51],
  ["the log is read back", [...grant("a", rule("create", "pods"), rule("get", "pods/log")), nothingOut], 0.85],
  [
    "only some pods are closed",
    [...creates, closed("podSelector: {matchLabels: {app: x}}, policyTypes: [Egress]")],
    0.85,
  ],
  [
    "another policy lets something out",
    [
      ...creates,
      nothingOut,
      closed("podSelector: {matchLabels: {app: x}}, policyTypes: [Egress], egress: [{}]").replace(
        "name: closed",
        "name: open",
      ),
    ],
    0.85,
  ],
] as const) {
  test(`Where ${title}, a new pod has an ease of ${ease}`, () => {
    assert.equal(jane("a", [secret("a"), ...documents]).ease, ease);
  });
}

const mounting = pod.replace("namespace: b", "namespace: a").replace("nodeName: n1, ", "");

for (const [version, reads, says] of [
  ["v1.34.6", true, false],
  ["v1.35.0", false, false],
  ["", true, true],
] as const) {
  test(`With version ${version || "unknown"}, get on exec ${reads ? "enters" : "does not enter"} a pod`, () => {
    const documents = [secret("a"), mounting, ...grant("a", rule("get", "pods/exec"))];
    const { ease, because } = jane("a", documents, { kind: "kubernetes", version });
    assert.equal(ease, reads ? 0.95 : undefined);
    assert.equal(because.includes("depends on the version of the server, which is not known"), says);
  });
}

test("The version is also that of an API server among the pods", () => {
  const server =
    "{apiVersion: v1, kind: Pod, metadata: {name: s, namespace: kube-system}, spec: {containers: [{name: c, image: 'registry.k8s.io/kube-apiserver:v1.35.1'}]}}";
  const documents = [secret("a"), mounting, ...grant("a", rule("get", "pods/exec"))];
  assert.deepEqual([jane("a", documents).ease, jane("a", [...documents, server]).ease], [0.95, undefined]);
});

for (const verb of ["patch", "delete", "deletecollection"]) {
  test(`${verb} alone reads on Kubernetes, and not on this server`, () => {
    const documents = [secret("a"), ...grant("a", rule(verb, "secrets"))];
    const eases = (["kubernetes", "strongroom"] as const).map(
      (kind) => jane("a", documents, { kind, version: "v1.34.0" }).ease,
    );
    assert.deepEqual(eases, [1, undefined]);
  });
}

test("A token that ends is worth a little less than one that does not", () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = (more: object) =>
    `${part({ alg: "RS256", kid: "k" })}.${part({ iss: "i", sub: "system:serviceaccount:a:default", ...more })}.c2lnbmF0dXJl`;
  const reads = `{apiVersion: ${rbac}/v1, kind: RoleBinding, metadata: {name: d, namespace: a}, roleRef: {kind: ClusterRole, name: edit}, subjects: [{kind: ServiceAccount, name: default, namespace: a}]}`;
  const eases = [token({}), token({ exp: 1 })].map((text) => {
    const config = `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: a}, data: {token: ${text}}}`;
    return jane("a", [secret("a"), config, reads, ...grant("a", rule("get", "configmaps"))]).ease;
  });
  assert.deepEqual(eases, [1, 0.85]);
});

test("The table fits a byte, names each rule once, and says everything of each", () => {
  assert.ok(edgeRules.length <= 256);
  assert.equal(new Set(edgeIds).size, edgeIds.length);
  for (const { id, name, ease, explanation, fix, free, source, attack } of edgeRules) {
    assert.ok(ease > 0 && ease <= 1, id);
    for (const text of [name, explanation, source, ...(free ? [] : [fix])]) assert.notEqual(text, "", id);
    assert.match(attack, /^(?:T\d{4}(?:\.\d{3})?)?$/, id);
  }
  for (const [number, { id, attenuators }] of edgeRules.entries()) {
    if (number >= edgeIds.length) assert.equal(edgeNumber({ id, by: attenuators }), number);
    else assert.equal(edgeNumber(id), number);
  }
});
