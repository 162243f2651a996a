/** Who reads directly is who the server's own authorizer lets read, in any policy. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as assertProperty, constantFrom, property, record, subarray } from "fast-check";
import { RbacIndex } from "../../src/access/rbac/rbac-index.ts";
import { buildGraph } from "../../src/sight/graph/build-graph.ts";
import { groupsOf } from "../../src/sight/graph/graph-node.ts";
import { objectText } from "../../src/sight/questions/principal.ts";
import { whoCan } from "../../src/sight/questions/who-can.ts";
import { FactSet } from "../../src/sight/facts/fact-set.ts";
import { builtIn } from "../../src/sight/facts/provenance.ts";

const readingVerbs = ["get", "list", "watch", "patch", "delete", "deletecollection"];
const users = new Map([
  ["User jane", "jane"],
  ["User joe", "joe"],
  ["ServiceAccount a/app", "system:serviceaccount:a:app"],
  ["ServiceAccount b/app", "system:serviceaccount:b:app"],
]);
const some = (...words: string[]) => subarray(words, { minLength: 1 });

const anyRule = record({
  verbs: subarray(["*", ...readingVerbs, "create", "update"], { minLength: 1, maxLength: 2 }),
  apiGroups: some("*", "", "apps"),
  resources: some("*", "secrets", "secrets/*", "*/status", "pods"),
  resourceNames: subarray(["db", "tls", ""]),
});
const anyPlace = record({ namespace: constantFrom("", "a", "b"), name: constantFrom("one", "two") });
const anyRole = record({ place: anyPlace, rules: array(anyRule, { minLength: 1, maxLength: 3 }) });
const anySubject = constantFrom(
  { kind: "User", name: "jane", namespace: "" },
  { kind: "User", name: "system:serviceaccount:b:app", namespace: "" },
  { kind: "Group", name: "system:serviceaccounts:a", namespace: "" },
  { kind: "Group", name: "system:authenticated", namespace: "" },
  { kind: "ServiceAccount", name: "app", namespace: "a" },
  { kind: "ServiceAccount", name: "app", namespace: "" },
);
const anyBinding = record({
  place: anyPlace,
  roleRef: record({
    kind: constantFrom("Role", "ClusterRole"),
    name: constantFrom("one", "one", "two", "two", "absent"),
  }),
  subjects: array(anySubject, { minLength: 1, maxLength: 2 }),
});

test("Direct readers of a secret are those whom the RBAC authorizer allows a verb that reads", () => {
  let readers = 0;
  assertProperty(
    property(
      array(anyRole, { minLength: 4, maxLength: 9 }),
      array(anyBinding, { minLength: 2, maxLength: 6 }),
      (roles, bindings) => {
        const index = new RbacIndex(JSON.stringify);
        const facts = new FactSet("dump");
        const namesOnce = <Item extends { place: { namespace: string; name: string } }>(items: readonly Item[]) =>
          new Map(items.map((item) => [`${item.place.namespace}/${item.place.name}`, item])).values();
        for (const { place, rules } of namesOnce(roles)) {
          const complete = rules.map((rule) => ({ ...rule, nonResourceURLs: [] }));
          index.setRole({ ...place, rules: complete });
          facts.add({
            kind: place.namespace === "" ? "ClusterRole" : "Role",
            ...place,
            at: builtIn,
            labels: new Map(),
            aggregates: [],
            rules: complete.map((rule, number) => ({ rule, number: number + 1, at: builtIn })),
          });
        }
        for (const { place, ...binding } of namesOnce(bindings)) {
          index.setBinding({ ...place, ...binding });
          facts.add({
            kind: place.namespace === "" ? "ClusterRoleBinding" : "RoleBinding",
            ...place,
            ...binding,
            at: builtIn,
          });
        }
        for (const [namespace, name] of [
          ["a", "app"],
          ["b", "app"],
        ] as const) {
          facts.add({ kind: "ServiceAccount", namespace, name, at: builtIn, automount: undefined });
        }
        const graph = buildGraph(facts);
        for (const [namespace, name] of [
          ["a", "db"],
          ["a", "tls"],
          ["b", "other"],
        ] as const) {
          const answer = whoCan(graph, { namespace, name }, { onlyDirect: true, hopsMax: Infinity });
          const found = new Set(answer.readers.map(({ principal }) => objectText(principal)));
          for (const [shown, user] of users) {
            const allowed = readingVerbs.some((verb) => {
              const resource = {
                apiGroup: "",
                apiVersion: "v1",
                resource: "secrets",
                subresource: "",
                namespace,
                name,
              };
              const attributes = {
                user: { name: user, uid: "", groups: groupsOf(user), extra: new Map() },
                verb,
                resource,
              };
              return index.decide({ ...attributes, path: undefined }).type === "allow";
            });
            if (allowed) readers++;
            // Somebody without any binding is in the answer only as a member of a group that is.
            const inGroup = found.has("Group system:authenticated");
            assert.equal(found.has(shown) || inGroup, allowed || inGroup, `${shown} reads ${namespace}/${name}`);
          }
        }
      },
    ),
    { numRuns: 500 },
  );
  assert.ok(readers > 100, "the policies let somebody read");
});
