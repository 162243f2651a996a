/** Every cluster said in another way: other names, other cuts of the same rights, with what has nothing to do with it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { fixtureClusters, graphOf, readersOf } from "./fixture-cluster.ts";
import type { FixtureCluster } from "./fixture-cluster.ts";

const clusters = fixtureClusters();

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly rules?: readonly Rule[];
  readonly aggregationRule?: object;
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly [field: string]: unknown;
}

interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly [field: string]: unknown;
}

function manifestsOf({ text }: FixtureCluster): Manifest[] {
  const documents = parseAllDocuments(text).map((document): unknown => document.toJS());
  return documents.filter((each): each is Manifest => typeof each === "object" && each !== null);
}

/** Who reads the secrets that are spoken of, with the first step of each. */
function readers(manifests: readonly object[], secrets: readonly { namespace: string; name: string }[]) {
  const graph = graphOf(JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests }));
  return secrets.map((secret) => [...readersOf(graph, secret)].sort());
}

function secretsOf({ claims }: FixtureCluster): { namespace: string; name: string }[] {
  return claims.map(({ secret }) => secret);
}

const bindingKinds: ReadonlySet<string> = new Set(["RoleBinding", "ClusterRoleBinding"]);
const roleKinds: ReadonlySet<string> = new Set(["Role", "ClusterRole"]);

test("Every rule for several things is as many rules for one thing each", () => {
  const each = (words: readonly string[] | undefined) => words?.map((word) => [word]) ?? [undefined];
  const single = (rule: Rule): Rule[] =>
    each(rule.verbs).flatMap((verbs) =>
      each(rule.apiGroups).flatMap((apiGroups) =>
        each(rule.resources).flatMap((resources) =>
          each(rule.resourceNames).map((resourceNames) => ({
            verbs: verbs ?? [],
            ...(apiGroups && { apiGroups }),
            ...(resources && { resources }),
            ...(resourceNames && { resourceNames }),
          })),
        ),
      ),
    );
  for (const cluster of clusters) {
    const manifests = manifestsOf(cluster);
    const cut = manifests.map((manifest) =>
      manifest.rules === undefined ? manifest : { ...manifest, rules: manifest.rules.flatMap(single) },
    );
    assert.deepEqual(readers(cut, secretsOf(cluster)), readers(manifests, secretsOf(cluster)), cluster.name);
  }
});

/** Roles and bindings that rules speak of by name, or that gather or are gathered, are what they are called. */
function isSpokenOf({ metadata, aggregationRule }: Manifest, manifests: readonly Manifest[]): boolean {
  const named = manifests.some(({ rules = [] }) =>
    rules.some(({ resourceNames = [] }) => resourceNames.includes(metadata.name)),
  );
  return named || aggregationRule !== undefined || metadata["labels"] !== undefined;
}

/** A role for each rule, and for each binding one for each of them. */
function splitRoles(manifests: readonly Manifest[]): Manifest[] {
  const parts = new Map<string, number>();
  const keyOf = (kind: string, namespace: string | undefined, name: string) => `${kind}/${namespace ?? ""}/${name}`;
  const suffixed = (manifest: Manifest, part: number) => ({
    ...manifest,
    metadata: { ...manifest.metadata, name: `${manifest.metadata.name}-${part}` },
  });
  const refKey = ({ roleRef, metadata }: Manifest) =>
    keyOf(roleRef?.kind ?? "", roleRef?.kind === "Role" ? metadata.namespace : undefined, roleRef?.name ?? "");
  const bound = manifests.filter(({ kind }) => bindingKinds.has(kind));
  for (const role of manifests.filter(({ kind }) => roleKinds.has(kind))) {
    const key = keyOf(role.kind, role.metadata.namespace, role.metadata.name);
    const bindings = bound.filter((binding) => refKey(binding) === key);
    if ([role, ...bindings].some((each) => isSpokenOf(each, manifests))) continue;
    parts.set(key, role.rules?.length ?? 0);
  }
  return manifests.flatMap((manifest): Manifest[] => {
    const { kind, metadata, roleRef, rules = [] } = manifest;
    if (roleKinds.has(kind) && parts.has(keyOf(kind, metadata.namespace, metadata.name))) {
      return rules.map((rule, part) => ({ ...suffixed(manifest, part), rules: [rule] }));
    }
    const count = bindingKinds.has(kind) ? parts.get(refKey(manifest)) : undefined;
    if (count === undefined || roleRef === undefined) return [manifest];
    return Array.from({ length: count }, (_, part) => ({
      ...suffixed(manifest, part),
      roleRef: { ...roleRef, name: `${roleRef.name}-${part}` },
    }));
  });
}

test("A role of several rules is several roles of one rule, bound to the same", () => {
  let split = 0;
  for (const cluster of clusters) {
    const manifests = manifestsOf(cluster);
    const cut = splitRoles(manifests);
    split += cut.length - manifests.length;
    assert.deepEqual(readers(cut, secretsOf(cluster)), readers(manifests, secretsOf(cluster)), cluster.name);
  }
  assert.ok(split > 20, "roles were split");
});

/** Names that mean something by themselves. */
const knownName =
  /^(?:system:.*|kube-.*|aws-auth|bootstrap-token-.*|sh\.helm\..*|default|cluster-admin|admin|edit|view|cluster\.local|kubernetes.*)$/;
/** Fields whose texts are no names of objects. */
const otherFields: ReadonlySet<string> = new Set(
  "kind,apiVersion,apiGroup,apiGroups,verbs,resources,labels,selector,matchLabels,matchExpressions,type,key,data,stringData,image".split(
    ",",
  ),
);

function renamer(manifests: readonly Manifest[]): (text: string) => string {
  const names = new Set<string>();
  for (const { metadata, subjects } of manifests) {
    for (const { name, namespace } of [metadata, ...((subjects ?? []) as { name: string; namespace?: string }[])]) {
      names.add(name);
      if (namespace !== undefined) names.add(namespace);
    }
  }
  const renamed = (word: string) => (names.has(word) && !knownName.test(word) ? `${word}-other` : word);
  return (text) => {
    const [, account = "", namespace = "", name = ""] =
      /^(system:serviceaccounts?):([^:]+)(?::(.+))?$/.exec(text) ?? [];
    if (account === "") return renamed(text);
    return [account, renamed(namespace), ...(name === "" ? [] : [renamed(name)])].join(":");
  };
}

function rename(value: unknown, to: (text: string) => string): unknown {
  if (typeof value === "string") return to(value);
  if (Array.isArray(value)) return value.map((item) => rename(item, to));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, inner]): [string, unknown] => [
      field,
      otherFields.has(field) && !isNameLabel(inner) ? inner : rename(inner, to),
    ]),
  );
}

/** The label that is the name of a namespace. */
function isNameLabel(labels: unknown): boolean {
  return typeof labels === "object" && labels !== null && "kubernetes.io/metadata.name" in labels;
}

/** Clusters in which names stand in what is packed or signed, where they stay as they are. */
const packed: ReadonlySet<string> = new Set(["helm-release", "holds-credential"]);

test("Other names for everything are other names in the answers, and nothing else", () => {
  for (const cluster of clusters.filter(({ name }) => !packed.has(name))) {
    const manifests = manifestsOf(cluster);
    const to = renamer(manifests);
    const secrets = secretsOf(cluster);
    const expected = readers(manifests, secrets).map((each) =>
      each
        .map(([principal, edge]): [string, string] => {
          const [kind = "", name = ""] = principal.split(" ");
          return [`${kind} ${kind === "ServiceAccount" ? name.split("/").map(to).join("/") : to(name)}`, edge];
        })
        .sort(),
    );
    const renamedSecrets = secrets.map(({ namespace, name }) => ({ namespace: to(namespace), name: to(name) }));
    const found = readers(
      manifests.map((manifest) => rename(manifest, to) as object),
      renamedSecrets,
    );
    assert.deepEqual(found, expected, cluster.name);
  }
});

test("What is bound, run and kept elsewhere changes nothing", () => {
  const metadata = { namespace: "elsewhere", name: "elsewhere" };
  const rbac = "rbac.authorization.k8s.io/v1";
  const subjects = [
    { kind: "User", name: "elsewhere" },
    { kind: "Group", name: "elsewhere" },
  ];
  const elsewhere = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "elsewhere" } },
    { apiVersion: "v1", kind: "Secret", metadata },
    { apiVersion: "v1", kind: "ConfigMap", metadata },
    { apiVersion: rbac, kind: "Role", metadata, rules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }] },
    { apiVersion: rbac, kind: "RoleBinding", metadata, roleRef: { kind: "Role", name: "elsewhere" }, subjects },
    {
      apiVersion: rbac,
      kind: "ClusterRole",
      metadata: { name: "elsewhere" },
      rules: [{ verbs: ["get"], apiGroups: [""], resources: ["configmaps", "services"] }],
    },
    {
      apiVersion: rbac,
      kind: "ClusterRoleBinding",
      metadata: { name: "elsewhere" },
      roleRef: { kind: "ClusterRole", name: "elsewhere" },
      subjects,
    },
  ];
  for (const cluster of clusters) {
    const manifests = manifestsOf(cluster);
    const secrets = secretsOf(cluster);
    const isElsewhere = ([principal = ""]: readonly string[]) => principal.endsWith(" elsewhere");
    const found = readers([...elsewhere, ...manifests], secrets).map((each) => each.filter((one) => !isElsewhere(one)));
    assert.deepEqual(found, readers(manifests, secrets), cluster.name);
  }
});

test("Every binding of a subject by itself is one binding of all of them", () => {
  for (const cluster of clusters) {
    const manifests = manifestsOf(cluster);
    const cut = manifests.flatMap((manifest): object[] => {
      const subjects = (manifest["subjects"] ?? []) as object[];
      if (!bindingKinds.has(manifest.kind) || subjects.length < 2 || isSpokenOf(manifest, manifests)) return [manifest];
      return subjects.map((subject, part) => ({
        ...manifest,
        metadata: { ...manifest.metadata, name: `${manifest.metadata.name}-${part}` },
        subjects: [subject],
      }));
    });
    assert.deepEqual(readers(cut, secretsOf(cluster)), readers(manifests, secretsOf(cluster)), cluster.name);
  }
});
