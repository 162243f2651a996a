/** Clusters that nobody would set up, and somebody may hand in: they end, and mean what they say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildGraph } from "../../src/sight/graph/build-graph.ts";
import { LiveGraph } from "../../src/sight/graph/live-graph.ts";
import type { SecurityGraph } from "../../src/sight/graph/security-graph.ts";
import { objectText } from "../../src/sight/questions/principal.ts";
import { pathsBetween } from "../../src/sight/questions/path-between.ts";
import { whatCan } from "../../src/sight/questions/what-can.ts";
import { whoCan } from "../../src/sight/questions/who-can.ts";
import { readText } from "../../src/sight/sources/file-source.ts";

const rbac = "rbac.authorization.k8s.io/v1";
const group = "rbac.authorization.k8s.io";
const db = { namespace: "a", name: "db" };

interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
}

function rule(verbs: string, resources: string, ...resourceNames: string[]): Rule {
  const [name = "", apiGroup = ""] = resources.split(".");
  const named = resourceNames.length > 0 && { resourceNames };
  return { verbs: verbs.split(","), apiGroups: [apiGroup === "rbac" ? group : apiGroup], resources: [name], ...named };
}

const role = (name: string, ...rules: Rule[]) => ({
  apiVersion: rbac,
  kind: "Role",
  metadata: { namespace: "a", name },
  rules,
});
const bind = (name: string, roleName: string, ...subjects: object[]) => ({
  apiVersion: rbac,
  kind: "RoleBinding",
  metadata: { namespace: "a", name },
  roleRef: { kind: "Role", name: roleName },
  subjects,
});
const user = (name: string) => ({ kind: "User", name });

function graphOf(...items: object[]): SecurityGraph {
  return buildGraph(readText("dump", "d.json", JSON.stringify({ apiVersion: "v1", kind: "List", items })));
}

function readersOf(graph: SecurityGraph, secret = db): string[] {
  const { readers } = whoCan(graph, secret, { onlyDirect: false, hopsMax: Infinity });
  return readers.map(({ principal }) => objectText(principal)).filter((text) => text !== "Group system:masters");
}

test("Roles that gather each other, and themselves, have the rules of all of them", () => {
  const gathering = (name: string, rules: Rule[]) => ({
    apiVersion: rbac,
    kind: "ClusterRole",
    metadata: { name, labels: { ring: "yes" } },
    rules,
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { ring: "yes" } }] },
  });
  const binding = { ...bind("b", "one", user("jane")), roleRef: { kind: "ClusterRole", name: "one" } };
  const graph = graphOf(
    gathering("one", []),
    gathering("two", []),
    gathering("three", [rule("get", "secrets")]),
    binding,
  );
  assert.deepEqual(readersOf(graph), ["User jane"]);
});

test("Roles that lead to each other in a circle lead on, and fall with what leads to them", () => {
  const next = (name: string) => [rule("create", "rolebindings.rbac"), rule("bind", "roles.rbac", name)];
  const roles = [role("one", ...next("two")), role("two", ...next("three")), role("three", ...next("one"))];
  const reads = role("two", ...next("three"), rule("get", "secrets"));
  assert.deepEqual(readersOf(graphOf(...roles, bind("b", "one", user("jane")))), []);
  const items = [roles[0]!, reads, roles[2]!, bind("b", "one", user("jane"))];
  const live = new LiveGraph(readText("dump", "d.json", JSON.stringify({ apiVersion: "v1", kind: "List", items })));
  assert.deepEqual(readersOf(live.graph()), ["User jane"]);
  const ways = pathsBetween(live.graph(), "user/jane", "secret/a/db", 20);
  assert.equal(ways.complete, true, "no way goes round");
  const roleNodes = () => live.graph().nodes.filter(({ type }) => type === "role").length;
  assert.equal(roleNodes(), 3);
  live.apply([{ kind: "RoleBinding", namespace: "a", name: "b", facts: [] }]);
  assert.equal(roleNodes(), 0);
});

test("Accounts that become each other in a circle all read what one of them reads", () => {
  const names = ["one", "two", "three"];
  const account = (name: string) => ({ kind: "ServiceAccount", namespace: "a", name });
  const items = names.flatMap((name, index) => [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace: "a", name } },
    role(name, rule("impersonate", "serviceaccounts", names[(index + 1) % 3]!)),
    bind(name, name, account(name)),
  ]);
  const graph = graphOf(...items, role("reads", rule("get", "secrets")), bind("reads", "reads", account("two")));
  assert.deepEqual(readersOf(graph).toSorted(), names.map((name) => `ServiceAccount a/${name}`).toSorted());
});

test("50,000 bindings to one group are one group that reads", () => {
  const everybody = { kind: "Group", name: "system:authenticated" };
  const bindings = Array.from({ length: 50_000 }, (_, n) => bind(`b-${n}`, n % 2 === 0 ? "reads" : "other", everybody));
  const graph = graphOf(role("reads", rule("get", "secrets")), role("other", rule("get", "pods")), ...bindings);
  assert.deepEqual(readersOf(graph), ["Group system:authenticated"]);
  assert.ok(graph.edges.from.length < 50);
  const { readers } = whoCan(graph, db, { onlyDirect: true, hopsMax: 1 });
  assert.match(readers[0]?.path[0]?.because ?? "", /RoleBinding a\/b-0 /, "the first by name is the reason");
});

test("A role of 10,000 rules and one of 10,000 names say what each of them says", () => {
  const names = Array.from({ length: 10_000 }, (_, n) => `s-${n}`);
  const graph = graphOf(
    role("rules", ...names.map((name) => rule("get", "secrets", name))),
    role("names", rule("list", "secrets", ...names)),
    bind("rules", "rules", user("jane")),
    bind("names", "names", user("joe")),
  );
  assert.deepEqual(readersOf(graph, { namespace: "a", name: "s-9999" }).toSorted(), ["User jane", "User joe"]);
  assert.deepEqual(readersOf(graph), []);
  const { readers } = whoCan(graph, { namespace: "a", name: "s-9999" }, { onlyDirect: true, hopsMax: 1 });
  const proofs = readers.flatMap(
    ({ path }) => path[0]?.proof.map(({ object, rule: number }) => [object, number]) ?? [],
  );
  assert.ok(proofs.some(([object, number]) => object === "Role a/rules" && number === 10_000));
  assert.equal(whatCan(graph, "user/jane").secrets.length, 10_000);
});

test("Names of any characters are names, and none is taken for another", () => {
  const names = [
    "jane\u0000",
    "jane\n",
    "jane\nb",
    "jane\u001b[2J",
    "\u202ejane",
    "jané",
    "jane\u0301",
    "JANE",
    "🔑",
    " ",
    "__proto__",
  ];
  const graph = graphOf(
    role("reads", rule("get", "secrets")),
    ...names.map((name, index) => bind(`b-${index}`, "reads", user(name))),
  );
  const found = whoCan(graph, db, { onlyDirect: true, hopsMax: 1 }).readers.map(({ principal }) => principal.name);
  assert.deepEqual(found.filter((name) => name !== "system:masters").toSorted(), names.toSorted());
  for (const name of names) assert.equal(graph.find({ type: "user", name }) !== undefined, true, JSON.stringify(name));
  assert.equal(graph.find({ type: "user", name: "jane" }), undefined);
});

test("A rule that names a secret over several lines names no other; a namespace of several lines is refused", () => {
  const graph = graphOf(role("reads", rule("get", "secrets", "x\ndb")), bind("b", "reads", user("jane")), {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "a\nx", name: "db" },
  });
  assert.deepEqual(readersOf(graph, { namespace: "a", name: "x\ndb" }), ["User jane"]);
  assert.deepEqual(readersOf(graph, { namespace: "x", name: "db" }), []);
  assert.deepEqual(
    graph.coverage.problems.map(({ message }) => message),
    ["Secret must have a namespace of one line"],
  );
});

test("Objects that are there several times, alike or not, are all taken into account", () => {
  const reads = role("r", rule("get", "secrets"));
  const copies = graphOf(reads, reads, reads, bind("b", "r", user("jane")), bind("b", "r", user("jane")));
  assert.deepEqual(readersOf(copies), ["User jane"]);
  assert.equal(copies.coverage.problems.length, 3);
  const contradicting = [
    reads,
    role("r", rule("get", "pods")),
    bind("b", "r", user("jane")),
    bind("b", "r", user("joe")),
  ];
  assert.deepEqual(readersOf(graphOf(...contradicting)).toSorted(), ["User jane", "User joe"]);
  assert.deepEqual(readersOf(graphOf(...contradicting.toReversed())).toSorted(), ["User jane", "User joe"]);
});

test("A role that contradicts itself leads to what either of it gives", () => {
  const leads = role("leads", rule("create", "rolebindings.rbac"), rule("bind", "roles.rbac", "r"));
  const either = [role("r", rule("get", "secrets")), role("r", rule("get", "pods"))];
  for (const items of [either, either.toReversed()]) {
    assert.deepEqual(readersOf(graphOf(leads, ...items, bind("b", "leads", user("jane")))), ["User jane"]);
  }
});

test("Bindings without roles, subjects, or anything give nothing, and say what is unknown", () => {
  const bare = { apiVersion: rbac, kind: "RoleBinding", metadata: { namespace: "a", name: "bare" } };
  const odd = { ...bare, metadata: { namespace: "a", name: "odd" }, roleRef: "r", subjects: [1, null, "x", {}] };
  const graph = graphOf(bare, odd, bind("lost", "absent", user("jane")), {
    ...role("r"),
    rules: [null, 1, { verbs: 1 }],
  });
  assert.deepEqual(readersOf(graph), []);
  assert.deepEqual(graph.unresolved.map(({ name }) => name).toSorted(), ["bare", "lost", "odd"]);
});
