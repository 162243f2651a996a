/**
 * Twelve faults that were found in tools of the same kind, each as a cluster in which such a tool answers wrongly: rights
 * that are missed, and rights that are seen where there are none.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FactSet } from "../../src/sight/facts/fact-set.ts";
import { graphOf, readersOf } from "./fixture-cluster.ts";

const rbac = "rbac.authorization.k8s.io";

interface Rule {
  readonly verbs: readonly string[];
  readonly group?: string;
  readonly resources: readonly string[];
  readonly names?: readonly string[];
}

const asRule = ({ verbs, group = "", resources, names = [] }: Rule) => ({
  verbs,
  apiGroups: [group],
  resources,
  resourceNames: names,
});

/** A role, bound in a namespace or everywhere (""). */
function grant(subject: object, namespace: string, ...rules: readonly Rule[]): object[] {
  const name = `${namespace}-${JSON.stringify(subject)}`;
  const metadata = namespace === "" ? { name } : { name, namespace };
  const prefix = namespace === "" ? "Cluster" : "";
  return [
    { apiVersion: `${rbac}/v1`, kind: `${prefix}Role`, metadata, rules: rules.map(asRule) },
    {
      apiVersion: `${rbac}/v1`,
      kind: `${prefix}RoleBinding`,
      metadata,
      roleRef: { kind: `${prefix}Role`, name },
      subjects: [subject],
    },
  ];
}

const jane = { kind: "User", name: "jane" };
const secret = (name: string, namespace = "a") => ({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace } });
const pod = (name: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "a" },
  spec: { nodeName: "n1", volumes: [{ secret: { secretName: "db" } }], containers: [{ name: "c" }] },
});

function readers(items: readonly object[], name = "db", namespace = "a"): Map<string, string> {
  return readersOf(graphOf(JSON.stringify({ apiVersion: "v1", kind: "List", items })), { namespace, name });
}

const ofJane = (items: readonly object[], name = "db", namespace = "a") =>
  readers(items, name, namespace).get("User jane");

test("1. Workloads are in the API groups apps and batch, and nowhere else", () => {
  const change = (group: string, resource: string) =>
    ofJane([secret("db"), ...grant(jane, "a", { verbs: ["create"], group, resources: [resource] })]);
  for (const resource of ["deployments", "statefulsets", "daemonsets", "replicasets"]) {
    assert.deepEqual([change("apps", resource), change("", resource)], ["change-workload", undefined], resource);
  }
  for (const resource of ["jobs", "cronjobs"]) {
    assert.deepEqual([change("batch", resource), change("", resource)], ["change-workload", undefined], resource);
  }
  assert.deepEqual(
    [change("", "replicationcontrollers"), change("apps", "replicationcontrollers")],
    ["change-workload", undefined],
  );
});

test("2. pods/* is a resource of that name; */exec is exec of everything", () => {
  const enter = (resource: string) =>
    ofJane([secret("db"), pod("web"), ...grant(jane, "a", { verbs: ["create"], resources: [resource] })]);
  assert.deepEqual(["pods/exec", "*/exec", "pods/*", "*/attach"].map(enter), [
    "exec-pod",
    "exec-pod",
    undefined,
    "exec-pod",
  ]);
});

test("3. A right to named secrets is a right to those, and to no others", () => {
  const named = grant(jane, "a", { verbs: ["get", "list", "watch"], resources: ["secrets"], names: ["db"] });
  const items = [secret("db"), secret("other"), ...named];
  assert.deepEqual([ofJane(items), ofJane(items, "other")], ["get-secret", undefined]);
});

test("4. A watch alone reads", () => {
  assert.equal(
    ofJane([secret("db"), ...grant(jane, "a", { verbs: ["watch"], resources: ["secrets"] })]),
    "watch-secrets",
  );
});

test("5. Rights over what is cluster-wide, bound in a namespace, are none; over accounts they are", () => {
  const boss = grant({ kind: "User", name: "boss" }, "a", { verbs: ["get"], resources: ["secrets"] });
  const account = grant({ kind: "ServiceAccount", name: "app", namespace: "a" }, "a", {
    verbs: ["get"],
    resources: ["secrets"],
  });
  const app = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "app", namespace: "a" } };
  const impersonates = (...resources: string[]) => grant(jane, "a", { verbs: ["impersonate"], resources });
  assert.equal(ofJane([secret("db"), ...boss, ...impersonates("users", "groups")]), undefined);
  assert.equal(ofJane([secret("db"), app, ...account, ...impersonates("serviceaccounts")]), "impersonate-account");
});

test("6. bind over ClusterRoles in a namespace reaches everything of the namespace, and nothing of others", () => {
  const binds = grant(
    jane,
    "a",
    { verbs: ["create"], group: rbac, resources: ["rolebindings"] },
    { verbs: ["bind"], group: rbac, resources: ["clusterroles"] },
  );
  const items = [secret("db"), secret("db", "b"), ...binds];
  assert.deepEqual([ofJane(items), ofJane(items, "db", "b")], ["bind-role", undefined]);
});

test("7. get on nodes/proxy is enough to run commands", () => {
  const uses = (verb: string) =>
    ofJane([secret("db"), pod("web"), ...grant(jane, "", { verbs: [verb], resources: ["nodes/proxy"] })]);
  assert.deepEqual([uses("get"), uses("create"), uses("watch")], ["use-kubelet", "use-kubelet", undefined]);
});

test("8. A group is impersonated together with a user or an account only", () => {
  const readersGroup = grant({ kind: "Group", name: "readers" }, "a", { verbs: ["get"], resources: ["secrets"] });
  const as = (...resources: string[]) =>
    ofJane([secret("db"), ...readersGroup, ...grant(jane, "", { verbs: ["impersonate"], resources })]);
  assert.deepEqual(
    [as("groups"), as("groups", "users"), as("groups", "serviceaccounts")],
    [undefined, "impersonate-group", "impersonate-group"],
  );
});

test("9. sign on signers signs nothing without the key of the authority", () => {
  const csr = "certificates.k8s.io";
  const signs = grant(
    jane,
    "",
    { verbs: ["create"], group: csr, resources: ["certificatesigningrequests"] },
    { verbs: ["update"], group: csr, resources: ["certificatesigningrequests/status"] },
    { verbs: ["sign"], group: csr, resources: ["signers"] },
  );
  assert.equal(ofJane([secret("db"), ...signs]), undefined);
});

test("10. However a subject is spelt, it is who it is", () => {
  const get: Rule = { verbs: ["get"], resources: ["secrets"] };
  const spelt = (subject: object, principal: string) =>
    readers([secret("db"), ...grant(subject, "a", get)]).get(principal);
  const app = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "app", namespace: "a" } };
  assert.equal(spelt({ kind: "User", name: "system:serviceaccount:a:app" }, "ServiceAccount a/app"), "get-secret");
  assert.equal(spelt({ kind: "ServiceAccount", name: "app" }, "ServiceAccount a/app"), "get-secret");
  for (const name of ["system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated"]) {
    assert.equal(
      readers([secret("db"), app, ...grant({ kind: "Group", name }, "a", get)]).get("ServiceAccount a/app"),
      "member-of",
      name,
    );
  }
  assert.equal(readers([secret("db")]).get("Group system:masters"), "super-user");
});

test("11. An account that is bound to cluster-admin reads everything, and says by which binding", () => {
  const account = { kind: "ServiceAccount", name: "app", namespace: "b" };
  const metadata = { name: "strong" };
  const roleRef = { kind: "ClusterRole", name: "cluster-admin" };
  const items = [
    secret("db"),
    { apiVersion: `${rbac}/v1`, kind: "ClusterRoleBinding", metadata, roleRef, subjects: [account] },
  ];
  assert.equal(readers(items).get("ServiceAccount b/app"), "get-secret");
});

test("12. What was refused is unknown, and takes nothing away", () => {
  const facts = new FactSet("cluster");
  facts.markListed("Secret");
  facts.addGap({ kind: "Secret", namespace: "a", reason: "forbidden", message: "the cluster refused it" });
  assert.deepEqual([facts.knows("Secret", "a"), facts.knows("Secret", "b")], [false, true]);
});
