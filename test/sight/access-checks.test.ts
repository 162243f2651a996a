/** Each check of access beside the broad ones: a cluster in which it is found, and the same without the fault. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkIds } from "../../src/sight/findings/check-registry.ts";
import { scan } from "../../src/sight/findings/scan.ts";
import { makeCertificates } from "../support/certificates.ts";
import { graphOf } from "./fixture-cluster.ts";

const group = "rbac.authorization.k8s.io";
const role = (name: string, rule: object, namespace = "a") => ({
  apiVersion: `${group}/v1`,
  kind: namespace === "" ? "ClusterRole" : "Role",
  metadata: namespace === "" ? { name } : { name, namespace },
  rules: [{ apiGroups: [""], ...rule }],
});
const bind = (name: string, subjects: readonly object[], roleRef: object, namespace = "a") => ({
  apiVersion: `${group}/v1`,
  kind: namespace === "" ? "ClusterRoleBinding" : "RoleBinding",
  metadata: namespace === "" ? { name } : { name, namespace },
  roleRef: { apiGroup: group, ...roleRef },
  subjects,
});
const account = (name: string, namespace = "a", more: object = {}) => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name, namespace },
  ...more,
});
const ofAccount = (name: string, namespace = "a") => ({ kind: "ServiceAccount", name, namespace });
const ofGroup = (name: string) => ({ kind: "Group", name });
const ofUser = (name: string) => ({ kind: "User", name });
const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "db", namespace: "a" } };
const pod = (serviceAccountName: string, more: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", namespace: "a" },
  spec: { serviceAccountName, ...more },
});
const getDb = role("r", { verbs: ["get"], resources: ["secrets"], resourceNames: ["db"] });
const getAll = role("all", { verbs: ["get"], resources: ["secrets"] });
const listAll = role("lister", { verbs: ["list"], resources: ["secrets"] }, "");
const byRole = { kind: "Role", name: "r" };
const edit = { kind: "ClusterRole", name: "edit" };
const someBindings = [
  bind("cb", [ofUser("x")], { kind: "ClusterRole", name: "view" }, ""),
  bind("b", [ofUser("x")], byRole),
];
const users = (count: number) => Array.from({ length: count }, (_, n) => ofUser(`u${n}`));

const cases: readonly {
  readonly check: string;
  readonly found: readonly object[];
  readonly clean: readonly object[];
}[] = [
  {
    check: "SR-ACC-004",
    found: [getDb, bind("b", [ofGroup("system:authenticated")], byRole)],
    clean: [getDb, bind("b", [ofGroup("team")], byRole)],
  },
  {
    check: "SR-ACC-004",
    found: [getDb, bind("b", [ofAccount("default")], byRole)],
    clean: [getDb, bind("b", [ofAccount("web")], byRole)],
  },
  {
    check: "SR-ACC-005",
    found: [role("r", { verbs: ["get", "list"], resources: ["secrets"], resourceNames: ["db"] })],
    clean: [getDb],
  },
  {
    check: "SR-ACC-006",
    found: [bind("b", [ofUser("jane")], edit)],
    clean: [bind("b", [ofUser("jane")], { kind: "ClusterRole", name: "view" }), bind("c", [ofAccount("ci")], edit)],
  },
  {
    check: "SR-ACC-007",
    found: [getDb, bind("b", [ofAccount("web", "other")], byRole)],
    clean: [getDb, bind("b", [ofAccount("web"), ofAccount("controller", "kube-system")], byRole)],
  },
  {
    check: "SR-ACC-008",
    found: [secret, getAll, bind("b", users(11), { kind: "Role", name: "all" })],
    clean: [secret, getAll, bind("b", users(10), { kind: "Role", name: "all" })],
  },
  {
    check: "SR-ACC-009",
    found: [
      account("operator"),
      listAll,
      bind("o", [ofAccount("operator")], { kind: "ClusterRole", name: "lister" }, ""),
      bind("b", [ofUser("jane")], edit),
    ],
    clean: [
      account("operator", "other"),
      listAll,
      bind("o", [ofAccount("operator", "other")], { kind: "ClusterRole", name: "lister" }, ""),
      bind("b", [ofUser("jane")], edit),
    ],
  },
  {
    check: "SR-ACC-010",
    found: [account("web"), pod("web"), ...someBindings],
    clean: [account("web"), pod("web"), ...someBindings, bind("w", [ofAccount("web")], byRole)],
  },
  {
    check: "SR-ACC-010",
    found: [account("web"), pod("web"), ...someBindings],
    clean: [account("web", "a", { automountServiceAccountToken: false }), pod("web"), ...someBindings],
  },
  {
    check: "SR-ACC-010",
    found: [account("web"), pod("web"), ...someBindings],
    clean: [account("web"), pod("web", { automountServiceAccountToken: false }), ...someBindings],
  },
];

function findingsOf(objects: readonly object[]) {
  return scan(graphOf(objects.map((object) => JSON.stringify(object)).join("\n---\n"))).findings;
}

for (const [number, { check, found, clean }] of cases.entries()) {
  test(`${check} is found, and not where the fault is not (${number + 1})`, () => {
    const seen = findingsOf(found).find((finding) => finding.check === check);
    assert.ok(seen !== undefined && seen.evidence.length > 0 && seen.fix !== "");
    assert.deepEqual(
      findingsOf(clean).filter((finding) => finding.check === check),
      [],
    );
  });
}

test("SR-ACC-011: a certificate that was issued is found while it is good, and not for a node or another signer", () => {
  const request = (subject: string, signer = "kubernetes.io/kube-apiserver-client") => ({
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name: "r" },
    spec: { signerName: signer },
    status: { certificate: Buffer.from(makeCertificates(subject).client.certPem).toString("base64") },
  });
  const found = (object: object, at: number | undefined) => {
    const graph = graphOf(JSON.stringify(object));
    const { findings } = scan(graph, at === undefined ? {} : { now: at });
    return findings.filter(({ check }) => check === "SR-ACC-011").map(({ message, score }) => [message, score.value]);
  };
  const jane = request("/O=devs/CN=jane");
  const [[message, score] = []] = found(jane, Date.now());
  assert.match(String(message), /^A certificate makes who has its key User jane in devs, until 20\d\d-\d\d-\d\d$/);
  assert.equal(score, 4);
  assert.equal(found(request("/O=system:masters/CN=root"), Date.now())[0]?.[1], 8);
  const none = [
    found(jane, Date.now() + 100 * 24 * 3600 * 1000),
    found(jane, undefined),
    found(request("/O=system:nodes/CN=system:node:n"), Date.now()),
    found(request("/CN=jane", "example.com/own"), Date.now()),
    found({ ...jane, status: { certificate: "bm90aGluZw==" } }, Date.now()),
    found({ ...jane, status: {} }, Date.now()),
  ];
  assert.deepEqual(none.flat(), []);
});

test("A source without bindings does not say that an account has no rights", () => {
  assert.ok(!findingsOf([account("web"), pod("web")]).some(({ check }) => check === "SR-ACC-010"));
});

test("What a patch of these checks takes away is what the finding is about", () => {
  const cluster = [getDb, bind("b", [ofUser("x"), ofGroup("system:authenticated")], byRole)];
  const finding = findingsOf(cluster).find(({ check }) => check === "SR-ACC-004");
  assert.deepEqual(JSON.parse(finding?.patch?.text ?? ""), [
    { op: "test", path: "/subjects/1/name", value: "system:authenticated" },
    { op: "remove", path: "/subjects/1" },
  ]);
});

test("Each further check of access has a case here", () => {
  const tested = new Set([...cases.map(({ check }) => check), "SR-ACC-011"]);
  const further = checkIds.filter((id) => /^SR-ACC-0(?:0[4-9]|1)/.test(id));
  assert.deepEqual(
    further.filter((id) => !tested.has(id)),
    [],
  );
});
