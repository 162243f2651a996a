/**
 * A random policy as Kubernetes objects, and questions about it, for oracles that decide by themselves. The same each time:
 * an oracle that disagrees can be asked again.
 */
import { capabilitiesReaching } from "../../src/sight/graph/capability.ts";
import { edgeNumber } from "../../src/sight/graph/edge-rules.ts";
import type { EdgeId } from "../../src/sight/graph/edge-rule.ts";
import { groupsOf } from "../../src/sight/graph/graph-node.ts";
import type { GraphNode } from "../../src/sight/graph/graph-node.ts";
import type { SecurityGraph } from "../../src/sight/graph/security-graph.ts";

export interface PolicyObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly namespace?: string; readonly name: string };
  readonly [field: string]: unknown;
}

/** May this user, in these groups beside those everybody of its kind is in, do this to this secret? */
export interface Triple {
  readonly user: string;
  readonly groups: readonly string[];
  readonly verb: string;
  readonly namespace: string;
  readonly name: string;
}

const edgeOfVerb: ReadonlyMap<string, EdgeId> = new Map([
  ["get", "get-secret"],
  ["list", "list-secrets"],
  ["watch", "watch-secrets"],
  ["patch", "patch-secret"],
  ["delete", "delete-secret"],
  ["deletecollection", "delete-secrets"],
]);

const namespaces = ["oracle-a", "oracle-b", "oracle-c"];
const secrets = ["db", "tls", "other"];
const group = "rbac.authorization.k8s.io";
const apiVersion = `${group}/v1`;

const users = [
  { user: "jane", groups: [] },
  { user: "joe", groups: ["devs"] },
  { user: "joe", groups: [] },
  { user: "nobody", groups: ["ops", "devs"] },
  { user: "system:serviceaccount:oracle-a:app", groups: [] },
  { user: "system:serviceaccount:oracle-b:app", groups: [] },
  { user: "system:serviceaccount:oracle-b:other", groups: [] },
  { user: "system:anonymous", groups: [] },
  { user: "root", groups: ["system:masters"] },
];

/** Every triple of users, verbs and secrets. */
export function triples(): Triple[] {
  const verbs = [...edgeOfVerb.keys()];
  return users.flatMap((who) =>
    verbs.flatMap((verb) =>
      namespaces.flatMap((namespace) => secrets.map((name) => ({ ...who, verb, namespace, name }))),
    ),
  );
}

/** Everybody's groups, as authentication would say them. */
export function allGroups({ user, groups }: Triple): string[] {
  return [...groups, ...groupsOf(user)];
}

/** Whether the graph says so: an edge of the verb from one of the identities to what reaches the secret. */
export function graphAllows(graph: SecurityGraph, triple: Triple): boolean {
  const { user, verb, namespace, name } = triple;
  const edge = edgeOfVerb.get(verb);
  if (edge === undefined) throw new TypeError(`there must be an edge for ${verb}`);
  const identities: GraphNode[] = [
    { type: "user", name: user },
    ...allGroups(triple).map((each): GraphNode => ({ type: "group", name: each })),
  ];
  if (triple.groups.includes("system:masters")) return hasEdge(graph, identities, edgeNumber("super-user"), () => true);
  const keys = capabilitiesReaching("read-secret", namespace, name);
  const ends = new Set(keys.map((capability) => graph.find({ type: "capability", capability })));
  return hasEdge(graph, identities, edgeNumber(edge), (end) => ends.has(end));
}

function hasEdge(
  graph: SecurityGraph,
  identities: readonly GraphNode[],
  rule: number,
  isEnd: (node: number) => boolean,
): boolean {
  const { starts, edges } = graph.edges.outgoing;
  return identities.some((identity) => {
    const from = graph.find(identity);
    if (from === undefined) return false;
    return edges
      .subarray(starts[from], starts[from + 1])
      .some((edge) => graph.edges.rule[edge] === rule && isEnd(graph.edges.to[edge]!));
  });
}

/** Namespaces, roles and bindings; in the order in which they can be created. */
export function randomPolicy(seed: number): PolicyObject[] {
  const random = new Random(seed);
  const roles: PolicyObject[] = [];
  const bindings: PolicyObject[] = [];
  for (let n = 0; n < 40; n++) {
    const namespace = n % 4 === 0 ? undefined : random.oneOf(namespaces);
    const kind = namespace === undefined ? "ClusterRole" : "Role";
    const rules = Array.from({ length: 1 + random.below(3) }, () => randomRule(random));
    roles.push({ apiVersion, kind, metadata: named(`oracle-${n}`, namespace), rules });
  }
  for (let n = 0; n < 40; n++) bindings.push(randomBinding(random, n));
  const places = namespaces.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
  return [...places, ...roles, ...bindings];
}

function randomRule(random: Random): object {
  const names = random.below(2) === 0 ? random.some(secrets) : [];
  return {
    verbs: random.below(12) === 0 ? ["*"] : random.some([...edgeOfVerb.keys(), "create", "update"]),
    apiGroups: [random.oneOf(["", "", "", "*", "apps"])],
    resources: random.some(["secrets", "secrets", "secrets/status", "*/status", "pods", "configmaps", "secrets/*"]),
    ...(random.below(15) === 0 && { resources: ["*"] }),
    ...(names.length > 0 && { resourceNames: names }),
  };
}

function randomBinding(random: Random, n: number): PolicyObject {
  const isWide = n % 10 === 0;
  const kind = isWide || random.below(2) === 0 ? "ClusterRole" : "Role";
  const namespace = isWide ? undefined : random.oneOf(namespaces);
  const name = `oracle-${kind === "ClusterRole" ? 4 * random.below(11) : random.below(44)}`; // some are not there
  const subjects = Array.from({ length: 1 + random.below(2) }, () => random.oneOf(subjectsOf(namespace)));
  return {
    apiVersion,
    kind: isWide ? "ClusterRoleBinding" : "RoleBinding",
    metadata: named(`oracle-${n}`, namespace),
    roleRef: { apiGroup: group, kind, name },
    subjects,
  };
}

/** An account without a namespace is one of the namespace of the binding; there a server wants it written. */
function subjectsOf(namespace: string | undefined): object[] {
  return [
    { kind: "User", apiGroup: group, name: "jane" },
    { kind: "User", apiGroup: group, name: "joe" },
    { kind: "User", apiGroup: group, name: "system:serviceaccount:oracle-b:other" },
    { kind: "Group", apiGroup: group, name: "devs" },
    { kind: "Group", apiGroup: group, name: "system:serviceaccounts:oracle-b" },
    { kind: "ServiceAccount", namespace: "oracle-a", name: "app" },
    { kind: "ServiceAccount", namespace: namespace ?? "oracle-b", name: "app" },
    ...(namespace === "oracle-c" ? [{ kind: "Group", apiGroup: group, name: "system:authenticated" }] : []),
    ...(namespace === "oracle-c" ? [{ kind: "Group", apiGroup: group, name: "system:unauthenticated" }] : []),
  ];
}

function named(name: string, namespace: string | undefined): PolicyObject["metadata"] {
  return namespace === undefined ? { name } : { name, namespace };
}

/** Where an object of the policy is created. */
export function pathOf({ apiVersion: version, kind, metadata }: PolicyObject): string {
  const root = version.includes("/") ? `/apis/${version}` : `/api/${version}`;
  const place = metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`;
  return `${root}${place}/${kind.toLowerCase()}s`;
}

/** A SubjectAccessReview that asks a triple. */
export function reviewOf(triple: Triple): object {
  const { user, verb, namespace, name } = triple;
  const resourceAttributes = { group: "", version: "v1", resource: "secrets", verb, namespace, name };
  return {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: { user, groups: allGroups(triple), resourceAttributes },
  };
}

/** Numbers by a linear congruence. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(end: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * end);
  }

  oneOf<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!; // below the end
  }

  /** At least one, each once. */
  some<Item>(items: readonly Item[]): Item[] {
    const chosen = items.filter(() => this.below(3) === 0);
    return chosen.length === 0 ? [this.oneOf(items)] : [...new Set(chosen)];
  }
}
