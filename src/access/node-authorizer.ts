/**
 * What a node may do: read the secrets and config maps that the pods bound to it refer to, make tokens for their
 * accounts, report on itself and on them. What it may write in particular is for admission to say, which sees the object.
 *
 * Source: k/k plugin/pkg/auth/authorizer/node/node_authorizer.go.
 */
import { nodeOf } from "../identity/node-user.ts";
import type { Attributes, Authorizer, Decision } from "./authorizer.ts";
import { ruleAllows } from "./rbac/policy-rule.ts";
import type { PolicyRule } from "./rbac/policy-rule.ts";

/** Something that a node has a right to if a pod on it has to do with it. */
export interface NodeObject {
  readonly kind: "secret" | "configmap" | "serviceaccount" | "pod";
  readonly namespace: string;
  readonly name: string;
}

/** Which objects belong to which node: our store is one implementation, a remote cluster can be another. */
export interface NodeFacts {
  /** Whether a pod bound to the node is the object or refers to it. Raises `unavailable` while that is not known. */
  reaches(node: string, object: NodeObject): Promise<boolean>;
  /** All secrets that it is so with. Raises `unavailable` as {@link reaches}; absent where that is not known. */
  secrets?(node: string): Promise<readonly Omit<NodeObject, "kind">[]>;
  /** See Authorizer.generation. */
  generation(): number;
}

type Resource = NonNullable<Attributes["resource"]>;

interface NodeRequest {
  readonly facts: NodeFacts;
  readonly node: string;
  readonly verb: string;
  readonly resource: Resource;
}

/** Where access is divided by node, by group and resource; everything else is allowed by rule. */
const divided: ReadonlyMap<string, (request: NodeRequest) => Decision | Promise<Decision>> = new Map([
  ["/secrets", (request) => readOwn(request, "secret")],
  ["/configmaps", (request) => readOwn(request, "configmap")],
  ["/serviceaccounts", decideAccount],
  ["/persistentvolumeclaims", decideClaim],
  ["/persistentvolumes", getUnrelated],
  ["resource.k8s.io/resourceclaims", getUnrelated],
  ["storage.k8s.io/volumeattachments", getUnrelated],
  ["coordination.k8s.io/leases", decideLease],
  ["storage.k8s.io/csinodes", decideCsiNode],
  ["/nodes", decideNode],
  ["/pods", decidePod],
]);

/** Decides for nodes by what is bound to them, else by `rules`; has no opinion on anyone else. */
export function nodeAuthorizer(facts: NodeFacts, rules: readonly PolicyRule[]): Authorizer {
  return {
    async authorize(attributes) {
      const { user, verb, resource } = attributes;
      const node = nodeOf(user);
      if (node === undefined) return noOpinion("");
      if (node === "") return noOpinion(`unknown node for user ${JSON.stringify(user.name)}`);
      const decide = resource && divided.get(`${resource.apiGroup}/${resource.resource}`);
      if (resource !== undefined && decide !== undefined) return decide({ facts, node, verb, resource });
      return rules.some((rule) => ruleAllows(rule, attributes)) ? allowed : noOpinion("");
    },
    generation: () => facts.generation(),
    async reach({ user, verb, resource }) {
      const node = nodeOf(user);
      if (node === undefined || node === "") return [];
      const isSecret = resource.apiGroup === "" && resource.resource === "secrets";
      if (!isSecret || facts.secrets === undefined) return "unknown";
      if (!reading.has(verb) || resource.subresource !== "") return [];
      return (await facts.secrets(node)).map(({ namespace, name }) => ({ namespace, names: [name] }));
    },
  };
}

const allowed: Decision = { type: "allow", reason: "" };

function noOpinion(reason: string): Decision {
  return { type: "no-opinion", reason };
}

const reading: ReadonlySet<string> = new Set(["get", "list", "watch"]);

function readOwn(request: NodeRequest, kind: NodeObject["kind"]): Decision | Promise<Decision> {
  const { verb, resource } = request;
  if (!reading.has(verb)) return noOpinion("can only read resources of this type");
  if (resource.subresource !== "") return noOpinion("cannot read subresource");
  if (resource.namespace === "") return noOpinion("can only read namespaced object of this type");
  return related(request, kind);
}

async function related({ facts, node, resource }: NodeRequest, kind: NodeObject["kind"]): Promise<Decision> {
  const { namespace, name } = resource;
  if (name === "") return noOpinion("No Object name found");
  return (await facts.reaches(node, { kind, namespace, name })) ? allowed : unrelated(node);
}

function unrelated(node: string): Decision {
  return noOpinion(`no relationship found between node '${node}' and this object`);
}

async function decideAccount(request: NodeRequest): Promise<Decision> {
  const { facts, node, verb, resource } = request;
  const { namespace, name, subresource } = resource;
  if (verb === "get" && subresource === "") return readOwn(request, "serviceaccount");
  if (verb !== "create" || name === "") return noOpinion("can only create tokens for individual service accounts");
  if (subresource !== "token") return noOpinion("can only create token subresource of serviceaccount");
  return (await facts.reaches(node, { kind: "serviceaccount", namespace, name })) ? allowed : unrelated(node);
}

/** Of the kinds that are not kept here no object belongs to a node; the refusals are upstream's. */
function getUnrelated({ node, verb, resource }: NodeRequest): Decision {
  if (verb !== "get") return noOpinion("can only get individual resources of this type");
  if (resource.subresource !== "") return noOpinion("cannot get subresource");
  return resource.name === "" ? noOpinion("No Object name found") : unrelated(node);
}

function decideClaim(request: NodeRequest): Decision {
  const { node, verb, resource } = request;
  if (resource.subresource !== "status") return getUnrelated(request);
  if (verb !== "update" && verb !== "patch") return noOpinion("can only get/update/patch this type");
  return resource.name === "" ? noOpinion("No Object name found") : unrelated(node);
}

const ofOne: ReadonlySet<string> = new Set(["get", "create", "update", "patch", "delete"]);
/** Where the leases of nodes are. */
const leaseNamespace = "kube-node-lease";

function decideLease({ node, verb, resource }: NodeRequest): Decision {
  if (!ofOne.has(verb)) return noOpinion("can only get, create, update, patch, or delete a node lease");
  if (resource.namespace !== leaseNamespace) {
    return noOpinion(`can only access leases in the ${JSON.stringify(leaseNamespace)} system namespace`);
  }
  if (verb !== "create" && resource.name !== node) {
    return noOpinion("can only access node lease with the same name as the requesting node");
  }
  return allowed;
}

function decideCsiNode({ node, verb, resource }: NodeRequest): Decision {
  if (!ofOne.has(verb)) return noOpinion("can only get, create, update, patch, or delete a CSINode");
  if (resource.subresource !== "") return noOpinion("cannot authorize CSINode subresources");
  if (verb !== "create" && resource.name !== node) {
    return noOpinion("can only access CSINode with the same name as the requesting node");
  }
  return allowed;
}

function decideNode({ node, verb, resource }: NodeRequest): Decision {
  const { name, subresource } = resource;
  const isChange = verb === "update" || verb === "patch";
  if (subresource === "status") return isChange ? allowed : noOpinion("");
  if (subresource !== "") return noOpinion("");
  if (isChange || verb === "create") return allowed;
  if (!reading.has(verb)) return noOpinion("");
  // By name, so that a kubelet can look for its node before there is one.
  if (name === node) return allowed;
  const whom = name === "" ? "all nodes" : `'${name}'`;
  return noOpinion(`node '${node}' cannot read ${whom}, only its own Node object`);
}

function decidePod(request: NodeRequest): Decision | Promise<Decision> {
  const { verb, resource } = request;
  switch (resource.subresource) {
    case "":
      if (verb === "get") return related(request, "pod");
      if (verb === "list" || verb === "watch") return decidePods(request);
      return verb === "create" || verb === "delete" ? allowed : noOpinion("");
    case "status":
      return verb === "update" || verb === "patch" ? allowed : noOpinion("");
    case "eviction":
      return verb === "create" ? allowed : noOpinion("");
    default:
      return noOpinion("");
  }
}

function decidePods(request: NodeRequest): Decision | Promise<Decision> {
  const { node, resource } = request;
  const isOwn = (resource.fieldSelector ?? []).some(
    ({ field, operator, value }) => field === "spec.nodeName" && operator === "=" && value === node,
  );
  if (isOwn) return allowed;
  if (resource.name !== "") return related(request, "pod");
  return noOpinion("can only list/watch pods with spec.nodeName field selector");
}
