import assert from "node:assert/strict";
import { test } from "node:test";
import {
  array,
  assert as assertProperty,
  constant,
  constantFrom,
  nat,
  oneof,
  property,
  record,
  subarray,
  tuple,
} from "fast-check";
import type { Arbitrary } from "fast-check";
import type { Attributes } from "../authorizer.ts";
import { ruleAllows } from "./policy-rule.ts";
import { RbacIndex } from "./rbac-index.ts";
import { aggregateText, describeGrant, principalOf, unresolvedText } from "./role-binding.ts";
import type { Role, RoleBinding, Subject } from "./role-binding.ts";
import { anyAction, anyRule, rule } from "../../../test/support/rbac-rules.ts";

const quote = JSON.stringify;

interface Policy {
  readonly roles: readonly Role[];
  readonly bindings: readonly RoleBinding[];
}

function indexOf({ roles, bindings }: Policy): RbacIndex {
  const index = new RbacIndex(quote);
  for (const binding of bindings) index.setBinding(binding);
  for (const role of roles) index.setRole(role);
  return index;
}

function subject(text: string): Subject {
  const [kind = "", name = "", namespace = ""] = text.split(" ");
  return { kind, name, namespace };
}

/** `NAME`, or `NAMESPACE/NAME`. */
function role(place: string, ...rules: string[]): Role {
  return { ...placed(place), rules: rules.map(rule) };
}

function binding(place: string, roleRef: string, ...subjects: string[]): RoleBinding {
  const [kind = "", name = ""] = roleRef.split(" ");
  return { ...placed(place), roleRef: { kind, name }, subjects: subjects.map(subject) };
}

function placed(place: string) {
  const [first = "", second] = place.split("/");
  return second === undefined ? { namespace: "", name: first } : { namespace: first, name: second };
}

/** `USER GROUPS VERB RESOURCE[/SUBRESOURCE] NAMESPACE NAME`, or a path in the place of the resource; `-` is empty. */
function attributes(text: string): Attributes {
  const [name = "", groups = "", verb = "", target = "", namespace = "", object = ""] = text
    .split(" ")
    .map((word) => (word === "-" ? "" : word));
  const user = { name, groups: groups === "" ? [] : groups.split(","), uid: undefined, extra: new Map() };
  if (target.startsWith("/")) return { user, verb, resource: undefined, path: target };
  const [resource = "", subresource = ""] = target.split("/");
  const asked = { apiGroup: "", apiVersion: "v1", resource, subresource, namespace, name: object };
  return { user, verb, resource: asked, path: undefined };
}

/** The cases of upstream's rbac_test.go. */
const cases: readonly (Policy & { readonly name: string; readonly allowed: string[]; readonly refused: string[] })[] = [
  {
    name: "a ClusterRole in one namespace",
    roles: [role("admin", "* * *")],
    bindings: [binding("ns1/b", "ClusterRole admin", "User admin", "Group admins")],
    allowed: [
      "admin - get Pods ns1",
      "admin - watch Pods ns1",
      "admin group1 watch Foobar ns1",
      "joe admins watch Foobar ns1",
      "joe group1,admins watch Foobar ns1",
    ],
    refused: [
      "admin - GET Pods ns2",
      "admin - GET Nodes -",
      "admin admins GET Pods ns2",
      "admin admins GET Nodes -",
      "joe - get Pods ns1",
    ],
  },
  {
    name: "paths",
    roles: [role("getter", "get /apis"), role("all", "* /apis"), role("prefix", "get /apis/*")],
    bindings: [
      binding("getter", "ClusterRole getter", "User foo", "Group bar"),
      binding("all", "ClusterRole all", "User admin", "Group admin"),
      binding("prefix", "ClusterRole prefix", "User prefixed", "Group prefixed"),
    ],
    allowed: [
      ...["foo -", "- bar", "admin -", "- admin"].map((who) => `${who} get /apis`),
      ...["admin -", "- admin"].map((who) => `${who} watch /apis`),
      ...["prefixed -", "- prefixed"].flatMap((who) => [`${who} get /apis/v1`, `${who} get /apis/v1/foobar`]),
    ],
    refused: [
      ...["foo -", "- bar"].map((who) => `${who} watch /apis`),
      ...["foo -", "- bar", "admin -", "- admin", "prefixed -", "- prefixed"].map((who) => `${who} get /api/v1`),
      "prefixed - get /apis",
    ],
  },
  {
    name: "a resource without its subresources",
    roles: [role("admin", "* * pods")],
    bindings: [binding("ns1/b", "ClusterRole admin", "User admin", "Group admins")],
    allowed: ["admin - get pods ns1"],
    refused: ["admin - get pods/status ns1"],
  },
  {
    name: "subresources",
    roles: [role("admin", "* * pods/status", "* * */scale")],
    bindings: [binding("ns1/b", "ClusterRole admin", "User admin", "Group admins")],
    allowed: ["pods/status", "pods/scale", "deployments/scale", "anything/scale"].map(
      (what) => `admin - get ${what} ns1`,
    ),
    refused: ["admin - get pods ns1", "admin - get pods/exec ns1"],
  },
  {
    name: "names",
    roles: [role("ns1/r", "* - secrets a,b")],
    bindings: [binding("ns1/b", "Role r", "User u")],
    allowed: ["u - get secrets ns1 a", "u - list secrets ns1 b"],
    refused: ["u - get secrets ns1 c", "u - list secrets ns1", "u - create secrets ns1", "u - get secrets ns2 a"],
  },
  {
    name: "accounts, with and without their namespace",
    roles: [role("r", "get - secrets")],
    bindings: [
      binding("ns1/own", "ClusterRole r", "ServiceAccount build"),
      binding("all", "ClusterRole r", "ServiceAccount deploy ns2", "ServiceAccount nobody"),
    ],
    allowed: ["system:serviceaccount:ns1:build - get secrets ns1", "system:serviceaccount:ns2:deploy - get secrets -"],
    refused: [
      "system:serviceaccount:ns2:build - get secrets ns1",
      "system:serviceaccount::nobody - get secrets -",
      "build - get secrets ns1",
    ],
  },
  {
    name: "a Role of another namespace, and one bound where there are none",
    roles: [role("ns1/r", "get - secrets")],
    bindings: [binding("ns2/b", "Role r", "User u"), binding("b", "Role r", "User u")],
    allowed: [],
    refused: ["u - get secrets ns1", "u - get secrets ns2", "u - get secrets -"],
  },
  {
    name: "a kind of subject that there is not",
    roles: [role("r", "get - secrets")],
    bindings: [binding("b", "ClusterRole r", "Robot u")],
    allowed: [],
    refused: ["u - get secrets -"],
  },
];

for (const { name, allowed, refused, ...policy } of cases) {
  test(`RBAC decides on ${name}`, () => {
    const index = indexOf(policy);
    for (const text of allowed) assert.equal(index.decide(attributes(text)).type, "allow", text);
    for (const text of refused) assert.equal(index.decide(attributes(text)).type, "no-opinion", text);
  });
}

test("A rule allows what upstream's tables say", () => {
  const allows = (text: string, asked: string) => ruleAllows(rule(text), attributes(`- - ${asked}`));
  const words = { verb: ["verb1", "verb2"], resource: ["resource1", "resource2"] };
  for (const verb of words.verb) {
    for (const resource of words.resource) {
      assert.equal(allows("* - resource1", `${verb} ${resource} -`), resource === "resource1");
      assert.equal(allows("verb1 - *", `${verb} ${resource} -`), verb === "verb1");
      assert.equal(allows("verb1,verb2 - resource1,resource2", `${verb} ${resource} -`), true);
      assert.equal(allows("* * resource1/sub1", `${verb} ${resource}/sub1 -`), resource === "resource1");
      assert.equal(allows("* * resource1/sub1", `${verb} ${resource}/sub2 -`), false);
    }
    assert.equal(allows("verb1 *", `${verb} /foo/bar`), verb === "verb1");
  }
  for (const [path, below] of Object.entries({ "/foo": false, "/foo/bar": true, "/notfoo/bar": false })) {
    assert.equal(allows("get /foo/*", `get ${path}`), below);
  }
  assert.deepEqual(
    ["/foo", "/foo/bar", "/foo/bar/one"].map((path) => allows("* /foo,/foo/bar/one", `get ${path}`)),
    [true, false, true],
  );
});

test("The reason of an allowed request names binding, role and the first subject that applies", () => {
  const index = indexOf({
    roles: [role("c", "get - secrets"), role("ns1/r", "list - secrets")],
    bindings: [
      binding("everywhere", "ClusterRole c", "Group g", "User u"),
      binding("ns1/here", "Role r", "ServiceAccount s", "User u"),
    ],
  });
  const reason = (text: string) => index.decide(attributes(text)).reason;
  const everywhere = 'RBAC: allowed by ClusterRoleBinding "everywhere" of ClusterRole "c" to';
  assert.equal(reason("u - get secrets ns1"), `${everywhere} User "u"`);
  assert.equal(reason("u g get secrets ns1"), `${everywhere} Group "g"`);
  const here = 'RBAC: allowed by RoleBinding "here/ns1" of Role "r" to';
  assert.equal(reason("u - list secrets ns1"), `${here} User "u"`);
  assert.equal(reason("system:serviceaccount:ns1:s - list secrets ns1"), `${here} ServiceAccount "s/ns1"`);
});

test("The reason of a refused request names the roles that are not there, each once, and only those bound to the user", () => {
  const index = indexOf({
    roles: [role("other", "get - pods")],
    bindings: [
      binding("a", "ClusterRole gone", "User u"),
      binding("b", "ClusterRole gone", "Group g"),
      binding("ns1/c", "Role lost", "User u"),
      binding("ns1/d", "ClusterRole other", "User u"),
    ],
  });
  const reason = (text: string) => index.decide(attributes(text)).reason;
  const gone = 'clusterrole.rbac.authorization.k8s.io "gone" not found';
  assert.equal(reason("u g get secrets ns2"), `RBAC: ${gone}`);
  assert.equal(reason("u g get secrets ns1"), `RBAC: [${gone}, role.rbac.authorization.k8s.io "lost" not found]`);
  assert.equal(reason("other - get secrets ns1"), "");
  assert.equal(index.decide(attributes("u - get pods ns1")).type, "allow");
  index.setRole(role("gone"));
  index.setRole(role("ns1/lost"));
  assert.equal(reason("u g get secrets ns1"), "");
  index.removeRole("", "gone");
  assert.equal(reason("u g get secrets ns2"), `RBAC: ${gone}`);
});

test("The rules of a user are those of all their roles, and the errors those of the roles that are not there", () => {
  const index = indexOf({
    roles: [role("c", "get - secrets"), role("ns1/r", "list - secrets")],
    bindings: [
      binding("z", "ClusterRole c", "User u"),
      binding("a", "ClusterRole gone", "User u"),
      binding("ns1/b", "Role r", "Group g"),
    ],
  });
  const user = { name: "u", groups: ["g"] };
  const unresolved = [{ kind: "ClusterRole", name: "gone" }];
  assert.deepEqual(index.rulesFor(user, ""), { rules: [rule("get - secrets")], unresolved });
  assert.deepEqual(index.rulesFor(user, "ns1"), { rules: [rule("get - secrets"), rule("list - secrets")], unresolved });
  assert.deepEqual(index.rulesOf({ kind: "Role", name: "r" }, "ns1"), [rule("list - secrets")]);
  assert.equal(index.rulesOf({ kind: "Role", name: "r" }, "ns2"), undefined);
});

/** As upstream decides: binding by binding, rule by rule. */
function decideByWalk({ roles, bindings }: Policy, asked: Attributes): { allowed: boolean; reasons: string[] } {
  const reasons: string[] = [];
  const errors: string[] = [];
  for (const scope of ["", asked.resource?.namespace ?? ""].filter((scope, index) => index === 0 || scope !== "")) {
    const inScope = bindings.filter(({ namespace }) => namespace === scope).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const each of inScope) {
      const first = each.subjects.find((candidate) => {
        const principal = principalOf(candidate, each.namespace);
        if (principal === undefined) return false;
        const names = principal.type === "user" ? [asked.user.name] : asked.user.groups;
        return names.includes(principal.name);
      });
      if (first === undefined) continue;
      const roleNamespace = each.roleRef.kind === "Role" ? scope : "";
      const isBound = ({ namespace, name }: Role) => name === each.roleRef.name && namespace === roleNamespace;
      // A Role is of a namespace: where there is none, a reference to one leads nowhere.
      const leads = each.roleRef.kind === "ClusterRole" || (each.roleRef.kind === "Role" && scope !== "");
      const found = leads ? roles.find(isBound) : undefined;
      if (found === undefined) errors.push(unresolvedText(each.roleRef, quote, "singular"));
      else if (found.rules.some((candidate) => ruleAllows(candidate, asked))) {
        reasons.push(`RBAC: allowed by ${describeGrant(each, first, quote)}`);
      }
    }
    if (reasons.length > 0) return { allowed: true, reasons };
  }
  return { allowed: false, reasons: [errors.length === 0 ? "" : `RBAC: ${aggregateText(errors)}`] };
}

const anySubject: Arbitrary<Subject> = record({
  kind: constantFrom("User", "Group", "ServiceAccount"),
  name: constantFrom("u", "g", "h"),
  namespace: constantFrom("", "one"),
});
const anyUser = record({
  name: constantFrom("u", "v", "system:serviceaccount:one:u"),
  groups: subarray(["g", "h"]),
  uid: constant(undefined),
  extra: constant(new Map()),
});
type Step =
  | { readonly type: "role" | "no-role"; readonly role: Role }
  | { readonly type: "binding" | "no-binding"; readonly binding: RoleBinding };
/** A change of one of so many roles or bindings in each of three scopes. */
function anyStep(count: number): Arbitrary<Step> {
  const name = nat(count - 1).map((number) => `name-${number}`);
  const place = record({ namespace: constantFrom("", "one", "two"), name });
  const role: Arbitrary<Role> = tuple(place, array(anyRule, { maxLength: 3 })).map(([at, rules]) => ({ ...at, rules }));
  const roleRef = record({ kind: constantFrom("Role", "ClusterRole", "ClusterRole", "Other"), name });
  const binding: Arbitrary<RoleBinding> = tuple(place, roleRef, array(anySubject, { maxLength: 3 })).map(
    ([at, reference, subjects]) => ({ ...at, roleRef: reference, subjects }),
  );
  return oneof(
    record({ type: constantFrom("role" as const, "role" as const, "no-role" as const), role }),
    record({ type: constantFrom("binding" as const, "binding" as const, "no-binding" as const), binding }),
  );
}

for (const { many, names, changes, numRuns } of [
  { many: "any", names: 3, changes: 30, numRuns: 300 },
  { many: "many", names: 40, changes: 600, numRuns: 20 },
]) {
  test(`After ${many} changes the index decides as a walk over what is there would`, () => {
    const anySteps = array(anyStep(names), { minLength: changes / 10, maxLength: changes, size: "max" });
    const asked = array(tuple(anyUser, anyAction), { minLength: 10, maxLength: 10 });
    assertProperty(
      property(anySteps, asked, (steps, requests) => {
        const { index, policy } = afterChanges(steps);
        for (const [user, action] of requests) {
          const decision = index.decide({ ...action, user });
          const expected = decideByWalk(policy, { ...action, user });
          assert.equal(decision.type === "allow", expected.allowed);
          assert.ok(expected.reasons.includes(decision.reason), `${decision.reason} of ${expected.reasons.join("; ")}`);
        }
      }),
      { numRuns },
    );
  });
}

function afterChanges(steps: readonly Step[]): { readonly index: RbacIndex; readonly policy: Policy } {
  const index = new RbacIndex(quote);
  const roles = new Map<string, Role>();
  const bindings = new Map<string, RoleBinding>();
  const key = ({ namespace, name }: { namespace: string; name: string }) => `${namespace}/${name}`;
  for (const step of steps) {
    if (step.type === "role") roles.set(key(step.role), step.role);
    if (step.type === "role") index.setRole(step.role);
    if (step.type === "no-role") roles.delete(key(step.role));
    if (step.type === "no-role") index.removeRole(step.role.namespace, step.role.name);
    if (step.type === "binding") bindings.set(key(step.binding), step.binding);
    if (step.type === "binding") index.setBinding(step.binding);
    if (step.type === "no-binding") bindings.delete(key(step.binding));
    if (step.type === "no-binding") index.removeBinding(step.binding.namespace, step.binding.name);
  }
  return { index, policy: { roles: [...roles.values()], bindings: [...bindings.values()] } };
}
