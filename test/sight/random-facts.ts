/** Facts of a small cluster in which everything meets everything, for properties. */
import { array, constantFrom, constant, oneof, record, subarray } from "fast-check";
import type { Arbitrary } from "fast-check";
import { FactSet } from "../../src/sight/facts/fact-set.ts";
import type { FactPlace } from "../../src/sight/facts/fact-set.ts";
import { factKinds } from "../../src/sight/facts/facts.ts";
import type { Fact, FactKind, RuleFact } from "../../src/sight/facts/facts.ts";

const at = { file: "random", document: 1, item: undefined, line: 1 };
const rbac = "rbac.authorization.k8s.io";
const rule = (verbs: string[], group: string, resources: string[], ...resourceNames: string[]): RuleFact => ({
  rule: { verbs, apiGroups: [group], resources, resourceNames, nonResourceURLs: [] },
  number: 1,
  at,
});

/** Rules that lead somewhere, alone or together. */
const rules = [
  rule(["get"], "", ["secrets"], "db"),
  rule(["list"], "", ["secrets"]),
  rule(["create"], "", ["secrets"]),
  rule(["create"], "", ["pods"]),
  rule(["create"], "", ["pods/exec"]),
  rule(["create"], "", ["pods/exec"], "web"),
  rule(["get"], "", ["nodes/proxy"]),
  rule(["create"], "", ["serviceaccounts/token"], "app"),
  rule(["impersonate"], "", ["users", "groups", "serviceaccounts"]),
  rule(["create", "update"], rbac, ["rolebindings"]),
  rule(["create", "patch"], rbac, ["rolebindings", "clusterrolebindings"]),
  rule(["bind"], rbac, ["roles"]),
  rule(["bind"], rbac, ["clusterroles"], "one"),
  rule(["bind"], rbac, ["clusterroles"]),
  rule(["escalate", "update"], rbac, ["roles", "clusterroles"]),
  rule(["*"], "*", ["*"]),
  rule(["create", "update", "approve"], "certificates.k8s.io", [
    "certificatesigningrequests",
    "certificatesigningrequests/approval",
    "signers",
  ]),
];

const namespaces = ["a", "b"];
const words = ["one", "two"];
const labels = [new Map<string, string>(), new Map([["part", "x"]]), new Map([["part", "y"]])];
const places = record({ namespace: constantFrom(...namespaces), name: constantFrom(...words) });

const role: Arbitrary<Fact> = record({ place: places, rules: subarray(rules, { maxLength: 3 }) }).map((each) => ({
  kind: "Role",
  ...each.place,
  at,
  rules: each.rules.map((one, index) => ({ ...one, number: index + 1 })),
  labels: new Map(),
  aggregates: [],
}));

const clusterRole: Arbitrary<Fact> = record({
  name: constantFrom("one", "two", "edit"),
  rules: subarray(rules, { maxLength: 3 }),
  labels: constantFrom(...labels),
  selects: constantFrom(undefined, undefined, "x", "y"),
}).map(({ selects, ...each }) => ({
  kind: "ClusterRole",
  namespace: "",
  name: each.name,
  at,
  rules: each.rules.map((one, index) => ({ ...one, number: index + 1 })),
  labels: each.labels,
  aggregates: selects === undefined ? [] : [{ labels: new Map([["part", selects]]), expressions: [] }],
}));

const subject = constantFrom(
  { kind: "User", name: "jane", namespace: "" },
  { kind: "User", name: "joe", namespace: "" },
  { kind: "User", name: "system:serviceaccount:b:app", namespace: "" },
  { kind: "Group", name: "system:serviceaccounts:a", namespace: "" },
  { kind: "Group", name: "system:authenticated", namespace: "" },
  { kind: "Group", name: "team", namespace: "" },
  { kind: "ServiceAccount", name: "app", namespace: "" },
  { kind: "ServiceAccount", name: "default", namespace: "a" },
);
const roleRef = record({
  kind: constantFrom("Role", "ClusterRole"),
  name: constantFrom("one", "two", "edit", "admin", "absent"),
});
const binding: Arbitrary<Fact> = record({
  namespace: constantFrom("", ...namespaces),
  name: constantFrom("x", "y", "z"),
  roleRef,
  subjects: array(subject, { maxLength: 3 }),
}).map((each) => ({ kind: each.namespace === "" ? "ClusterRoleBinding" : "RoleBinding", ...each, at }));

const account: Arbitrary<Fact> = record({
  namespace: constantFrom(...namespaces),
  name: constantFrom("app", "default"),
  automount: constantFrom(undefined, false),
}).map((each) => ({ kind: "ServiceAccount", ...each, at }));

const secret: Arbitrary<Fact> = record({
  namespace: constantFrom(...namespaces),
  name: constantFrom("db", "token"),
  tokenOf: constantFrom("", "app", "default"),
}).map((each) => ({ kind: "Secret", ...each, type: "Opaque", keys: [], at }));

const workload: Arbitrary<Fact> = record({
  kind: constantFrom("Pod", "Deployment"),
  namespace: constantFrom(...namespaces),
  name: constantFrom("web", "job"),
  account: constantFrom("app", "default", "gone"),
  secrets: subarray(["db", "token"]),
  way: constantFrom("volume", "image-pull"),
  mountsToken: constantFrom(undefined, true, false),
  node: constantFrom("", "n1"),
}).map(({ secrets, way, ...each }) => ({
  ...each,
  at,
  mirror: false,
  references: secrets.map((name) => ({
    kind: "secret" as const,
    name,
    way: way as "volume",
    optional: false,
  })),
}));

/** Any fact; those of one place come up again and again. */
export const anyFact: Arbitrary<Fact> = oneof(role, clusterRole, binding, account, secret, workload);

/** A fact that is put, or removed. */
export interface RandomChange extends FactPlace {
  readonly facts: readonly Fact[];
}

export const anyChange: Arbitrary<RandomChange> = record({
  fact: anyFact,
  isThere: oneof({ weight: 2, arbitrary: constant(true) }, { weight: 1, arbitrary: constant(false) }),
}).map(({ fact, isThere }) => {
  const { kind, namespace, name } = fact;
  return { kind, namespace, name, facts: isThere ? [fact] : [] };
});

/** A set in which every kind is known. */
export function knownFacts(facts: Iterable<Fact>, kinds: readonly FactKind[] = factKinds): FactSet {
  const set = new FactSet("dump");
  for (const kind of kinds) set.markListed(kind);
  for (const fact of facts) set.replace(fact, [fact]);
  return set;
}
