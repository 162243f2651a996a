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
  rule(["patch"], "", ["pods/ephemeralcontainers"]),
  rule(["get"], "", ["configmaps", "pods", "pods/log"]),
  rule(["create"], "", ["pods/portforward", "secrets"]),
  rule(["create"], "argoproj.io", ["applications"]),
  rule(["patch"], "", ["namespaces"], "a"),
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

/** What lies in several places, as some of them know that it is a credential. */
const value = record({
  fingerprint: constantFrom("", "one", "two"),
  credential: constantFrom(undefined, "jwt"),
  identity: constantFrom(undefined, { user: "joe", groups: ["team"], ends: true }),
});

const secret: Arbitrary<Fact> = record({
  namespace: constantFrom(...namespaces),
  name: constantFrom("db", "token"),
  tokenOf: constantFrom("", "app", "default"),
  type: constantFrom("Opaque", "Opaque", "kubernetes.io/dockercfg", "bootstrap.kubernetes.io/token"),
  values: array(value, { maxLength: 2 }),
  opensSealed: constantFrom(false, false, true),
  copies: constantFrom(undefined, undefined, { controller: "kubernetes-reflector" as const, namespaces: ["b"] }),
  released: constantFrom(undefined, undefined, [{ namespace: "a", name: "db", marks: [] }]),
}).map(({ values, opensSealed, copies, released, ...each }) => ({
  kind: "Secret",
  ...each,
  at,
  keys: values.map((_, index) => `k${index}`),
  values: values.map(({ fingerprint, credential, identity }) => ({
    sizeBytes: 9,
    fingerprint,
    ...(credential && { credential }),
    ...(identity && { identity }),
  })),
  ...(opensSealed && { opensSealed }),
  ...(copies && { copies }),
  ...(released && { released }),
}));

const literals = array(value, { maxLength: 2 }).map((values) => {
  return values.map((each, index) => ({ ...each, credential: "jwt", name: `f${index}` }));
});

/** Objects that say something of secrets beside rights and pods. */
const further: Arbitrary<Fact> = oneof(
  record({ namespace: constantFrom(...namespaces), literals }).map((each): Fact => ({
    kind: "ConfigMap",
    name: "settings",
    at,
    released: undefined,
    ...each,
  })),
  record({ name: constantFrom(...namespaces), podSecurity: constantFrom("privileged", "restricted") }).map((each) => {
    return { kind: "Namespace", namespace: "", at, ...each } as Fact; // a level is one of these words
  }),
  constantFrom(false, true).map((controlPlane): Fact => {
    return { kind: "Node", namespace: "", name: "n1", at, ...(controlPlane && { controlPlane }) };
  }),
  record({ namespace: constantFrom(...namespaces), origins: subarray(["item"]) }).map((each): Fact => {
    return { kind: "ExternalSecret", name: "sync", at, targets: ["db"], ...each };
  }),
  constant<Fact>({ kind: "SealedSecret", namespace: "a", name: "db", at, targets: ["db"], origins: [] }),
  constantFrom("/", "/data").map((path): Fact => {
    return { kind: "PersistentVolume", namespace: "", name: "disk", at, hostFolder: { path, readOnly: false } };
  }),
  constantFrom("disk", "").map((volumeName): Fact => {
    return { kind: "PersistentVolumeClaim", namespace: "a", name: "claim", at, volumeName };
  }),
);

const workload: Arbitrary<Fact> = record({
  kind: constantFrom("Pod", "Deployment"),
  namespace: constantFrom(...namespaces),
  name: constantFrom("web", "job"),
  account: constantFrom("app", "default", "gone"),
  secrets: subarray(["db", "token"]),
  way: constantFrom("volume", "image-pull", "environment"),
  mountsToken: constantFrom(undefined, true, false),
  node: constantFrom("", "n1"),
  traits: record({
    escapes: subarray([{ way: "privileged" as const, field: "f" }]),
    hostPid: constantFrom(false, true),
    claims: subarray(["claim"]),
    images: subarray(["kubernetes-reflector", "argocd"]),
    handsOut: constantFrom("", "f"),
    prints: constantFrom("", "f"),
    literals,
  }),
}).map(({ secrets, way, traits, ...each }) => ({
  ...each,
  at,
  mirror: false,
  traits: { ...traits, labels: new Map(), hostNetwork: false, hostPorts: [], apiServerVersion: "" },
  references: secrets.map((name) => ({
    kind: "secret" as const,
    name,
    way: way as "volume",
    optional: false,
  })),
}));

/** Any fact; those of one place come up again and again. */
export const anyFact: Arbitrary<Fact> = oneof(role, clusterRole, binding, account, secret, workload, further);

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
