/**
 * The tables by which Kubernetes tests its RBAC authorizer and its finder of subjects, asked about secrets: what is a
 * resource of any name there is `secrets` here, what is a verb of any name is one that reads.
 *
 * Source: k/k plugin/pkg/auth/authorizer/rbac/{rbac_test,subject_locator_test}.go.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { objectText } from "../../src/sight/questions/principal.ts";
import { whoCan } from "../../src/sight/questions/who-can.ts";
import { graphOfObjects } from "./oracle-agreement.ts";
import { graphAllows } from "./oracle-policy.ts";

const apiVersion = "rbac.authorization.k8s.io/v1";

/** `VERBS GROUPS RESOURCES`, each separated by commas; the core group is "". */
function rule(text: string): object {
  const [verbs = "", apiGroups = "", resources = ""] = text
    .split(" ")
    .map((words) => words.replaceAll('""', "").split(","));
  return { verbs, apiGroups, resources };
}

function role(place: string, ...rules: string[]): object {
  const [namespace, name] = place.split("/");
  const metadata = namespace === "" ? { name } : { namespace, name };
  return { apiVersion, kind: namespace === "" ? "ClusterRole" : "Role", metadata, rules: rules.map(rule) };
}

let bindings = 0;

/** In a namespace, or "" for everywhere. */
function bind(namespace: string, roleText: string, ...subjects: string[]): object {
  const split = (text: string) => ({ kind: text.split(" ")[0], name: text.split(" ")[1] });
  const metadata = { name: `b${bindings++}`, ...(namespace !== "" && { namespace }) };
  const kind = namespace === "" ? "ClusterRoleBinding" : "RoleBinding";
  return { apiVersion, kind, metadata, roleRef: split(roleText), subjects: subjects.map(split) };
}

const everything = "* * *";

test("Who is bound to everything in a namespace reads there by name and by group, and nowhere else", () => {
  const graph = graphOfObjects([
    role("/admin", everything),
    bind("ns1", "ClusterRole admin", "User admin", "Group admins"),
  ]);
  const allows = (user: string, groups: string[], verb: string, namespace: string) =>
    graphAllows(graph, { user, groups, verb, namespace, name: "s" });
  for (const [user, groups, verb] of [
    ["admin", [], "get"],
    ["admin", [], "watch"],
    ["admin", ["group1"], "watch"],
    ["joe", ["admins"], "watch"],
    ["joe", ["group1", "admins"], "list"],
  ] as const) {
    assert.equal(allows(user, [...groups], verb, "ns1"), true, user);
    assert.equal(allows(user, [...groups], verb, "ns2"), false, user);
  }
  assert.equal(allows("joe", ["group1"], "get", "ns1"), false);
});

const matches: readonly { readonly name: string; readonly rule: string; readonly allowed: readonly string[] }[] = [
  {
    name: "every verb",
    rule: '* "" secrets',
    allowed: ["get", "list", "watch", "patch", "delete", "deletecollection"],
  },
  { name: "every group", rule: "get * secrets", allowed: ["get"] },
  { name: "every resource", rule: 'list "" *', allowed: ["list"] },
  { name: "each of several", rule: 'get,watch "",apps pods,secrets', allowed: ["get", "watch"] },
  { name: "another group", rule: "get apps secrets", allowed: [] },
  { name: "another resource", rule: '* "" pods', allowed: [] },
  { name: "a subresource", rule: "* * secrets/status", allowed: [] },
  { name: "a subresource of everything", rule: "* * */status", allowed: [] },
  { name: "what looks like all subresources", rule: "* * secrets/*", allowed: [] },
  { name: "other letters", rule: 'GET "" Secrets', allowed: [] },
];

for (const each of matches) {
  test(`A rule for ${each.name} allows exactly what it says`, () => {
    const graph = graphOfObjects([role("ns1/r", each.rule), bind("ns1", "Role r", "User jane")]);
    for (const verb of ["get", "list", "watch", "patch", "delete", "deletecollection"]) {
      const allowed = graphAllows(graph, { user: "jane", groups: [], verb, namespace: "ns1", name: "s" });
      assert.equal(allowed, each.allowed.includes(verb), verb);
    }
  });
}

test("Subjects are found by bindings for everywhere and for the namespace, and by the verb", () => {
  const direct = (objects: object[], namespace: string) => {
    const { readers } = whoCan(graphOfObjects(objects), { namespace, name: "s" }, { onlyDirect: true, hopsMax: 1 });
    return readers.map(({ principal }) => objectText(principal)).toSorted();
  };
  const wide = [role("/admin", everything), bind("", "ClusterRole admin", "User super-admin", "Group super-admins")];
  const always = ["Group super-admins", "Group system:masters", "User super-admin"];
  const local = ["Group admins", "User admin"];
  const inNamespace = [...wide, bind("ns1", "ClusterRole admin", "User admin", "Group admins")];
  assert.deepEqual(direct(inNamespace, "ns1"), [...local, ...always].toSorted());
  assert.deepEqual(direct(inNamespace, "ns2"), always);
  const bound = bind("ns1", "Role admin", "User admin", "Group admins");
  assert.deepEqual(
    direct([...wide, role("ns1/admin", "get * secrets"), bound], "ns1"),
    [...local, ...always].toSorted(),
  );
  assert.deepEqual(direct([...wide, role("ns1/admin", "get * secrets"), bound], "ns2"), always);
  assert.deepEqual(direct([...wide, role("ns1/admin", "create * secrets"), bound], "ns1"), always, "another verb");
});
