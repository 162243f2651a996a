/** The cases of k/k plugin/pkg/auth/authorizer/node/node_authorizer_test.go, for the kinds that are divided by node. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Attributes } from "./authorizer.ts";
import { nodeAuthorizer } from "./node-authorizer.ts";
import type { NodeObject } from "./node-authorizer.ts";
import type { PolicyRule } from "./rbac/policy-rule.ts";

const reached: readonly NodeObject[] = [
  { kind: "secret", namespace: "ns", name: "own" },
  { kind: "configmap", namespace: "ns", name: "own" },
  { kind: "serviceaccount", namespace: "ns", name: "own" },
  { kind: "pod", namespace: "ns", name: "own" },
];
const services: PolicyRule = {
  verbs: ["get", "list", "watch"],
  apiGroups: [""],
  resources: ["services"],
  resourceNames: [],
  nonResourceURLs: [],
};
const facts = {
  reaches: async (node: string, object: NodeObject) =>
    node === "n1" &&
    reached.some(
      ({ kind, namespace, name }) =>
        [kind, namespace, name].join() === [object.kind, object.namespace, object.name].join(),
    ),
  generation: () => 0,
};
const authorizer = nodeAuthorizer(facts, [services]);

interface Case {
  /** `VERB GROUP/RESOURCE[/SUBRESOURCE] NAMESPACE/NAME[?FIELD=VALUE]` */
  readonly asked: string;
  readonly user?: string;
  readonly groups?: readonly string[];
  /** "allow", or the reason of having no opinion. */
  readonly expected: string;
}

async function decide({ asked, user = "system:node:n1", groups = ["system:nodes"] }: Case): Promise<string> {
  const [verb = "", what = "", place = ""] = asked.split(" ");
  const [apiGroup = "", resource = "", subresource = ""] = what.split("/");
  const [path = "", selector] = place.split("?");
  const [namespace = "", name = ""] = path.split("/");
  const [field = "", value = ""] = selector?.split("=") ?? [];
  const attributes: Attributes = {
    user: { name: user, groups, uid: undefined, extra: new Map() },
    verb,
    resource: {
      apiGroup,
      apiVersion: "v1",
      resource,
      subresource,
      namespace,
      name,
      ...(selector !== undefined && { fieldSelector: [{ field, operator: "=", value }] }),
    },
    path: undefined,
  };
  const decision = await authorizer.authorize(attributes);
  return decision.type === "no-opinion" ? decision.reason : decision.type;
}

const unrelated = "no relationship found between node 'n1' and this object";
const individual = "can only get individual resources of this type";

const cases: readonly Case[] = [
  { asked: "get /secrets ns/own", expected: "allow" },
  { asked: "list /secrets ns/own", expected: "allow" },
  { asked: "watch /secrets ns/own", expected: "allow" },
  { asked: "get /secrets ns/other", expected: unrelated },
  { asked: "get /secrets other/own", expected: unrelated },
  { asked: "list /secrets ns/", expected: "No Object name found" },
  { asked: "list /secrets /", expected: "can only read namespaced object of this type" },
  { asked: "list /secrets /own", expected: "can only read namespaced object of this type" },
  { asked: "update /secrets ns/own", expected: "can only read resources of this type" },
  { asked: "delete /secrets ns/own", expected: "can only read resources of this type" },
  { asked: "get /secrets/metadata ns/own", expected: "cannot read subresource" },
  { asked: "get /configmaps ns/own", expected: "allow" },
  { asked: "get /configmaps ns/other", expected: unrelated },
  {
    asked: "get /secrets ns/own",
    user: "system:node:n2",
    expected: "no relationship found between node 'n2' and this object",
  },
  { asked: "get /secrets ns/own", user: "system:node:", expected: 'unknown node for user "system:node:"' },
  { asked: "get /secrets ns/own", user: "n1", expected: "" },
  { asked: "get /secrets ns/own", groups: [], expected: "" },
  { asked: "create /serviceaccounts/token ns/own", expected: "allow" },
  { asked: "create /serviceaccounts/token ns/other", expected: unrelated },
  { asked: "create /serviceaccounts/token ns/", expected: "can only create tokens for individual service accounts" },
  { asked: "update /serviceaccounts/token ns/own", expected: "can only create tokens for individual service accounts" },
  { asked: "create /serviceaccounts/status ns/own", expected: "can only create token subresource of serviceaccount" },
  { asked: "get /serviceaccounts ns/own", expected: "allow" },
  { asked: "get /serviceaccounts ns/other", expected: unrelated },
  { asked: "list /serviceaccounts ns/own", expected: "can only create tokens for individual service accounts" },
  { asked: "get /persistentvolumeclaims ns/x", expected: unrelated },
  { asked: "list /persistentvolumeclaims ns/", expected: individual },
  { asked: "update /persistentvolumeclaims/status ns/x", expected: unrelated },
  { asked: "get /persistentvolumeclaims/status ns/x", expected: "can only get/update/patch this type" },
  { asked: "get /persistentvolumes /x", expected: unrelated },
  { asked: "list storage.k8s.io/volumeattachments /", expected: individual },
  { asked: "get storage.k8s.io/volumeattachments/status /x", expected: "cannot get subresource" },
  { asked: "get resource.k8s.io/resourceclaims ns/x", expected: unrelated },
  { asked: "create coordination.k8s.io/leases kube-node-lease/", expected: "allow" },
  { asked: "update coordination.k8s.io/leases kube-node-lease/n1", expected: "allow" },
  {
    asked: "get coordination.k8s.io/leases kube-node-lease/n2",
    expected: "can only access node lease with the same name as the requesting node",
  },
  {
    asked: "get coordination.k8s.io/leases ns/n1",
    expected: 'can only access leases in the "kube-node-lease" system namespace',
  },
  {
    asked: "list coordination.k8s.io/leases kube-node-lease/n1",
    expected: "can only get, create, update, patch, or delete a node lease",
  },
  { asked: "patch storage.k8s.io/csinodes /n1", expected: "allow" },
  {
    asked: "patch storage.k8s.io/csinodes /n2",
    expected: "can only access CSINode with the same name as the requesting node",
  },
  { asked: "watch storage.k8s.io/csinodes /n1", expected: "can only get, create, update, patch, or delete a CSINode" },
  { asked: "update storage.k8s.io/csinodes/status /n1", expected: "cannot authorize CSINode subresources" },
  { asked: "get /nodes /n1", expected: "allow" },
  { asked: "watch /nodes /n1", expected: "allow" },
  { asked: "get /nodes /n2", expected: "node 'n1' cannot read 'n2', only its own Node object" },
  { asked: "list /nodes /", expected: "node 'n1' cannot read all nodes, only its own Node object" },
  { asked: "create /nodes /", expected: "allow" },
  { asked: "patch /nodes /n2", expected: "allow" },
  { asked: "delete /nodes /n1", expected: "" },
  { asked: "patch /nodes/status /n1", expected: "allow" },
  { asked: "get /nodes/status /n1", expected: "" },
  { asked: "get /nodes/proxy /n1", expected: "" },
  { asked: "get /pods ns/own", expected: "allow" },
  { asked: "get /pods ns/other", expected: unrelated },
  { asked: "list /pods ns/", expected: "can only list/watch pods with spec.nodeName field selector" },
  { asked: "list /pods /?spec.nodeName=n1", expected: "allow" },
  { asked: "watch /pods ns/?spec.nodeName=n1", expected: "allow" },
  { asked: "list /pods /?spec.nodeName=n2", expected: "can only list/watch pods with spec.nodeName field selector" },
  { asked: "list /pods /?status.phase=n1", expected: "can only list/watch pods with spec.nodeName field selector" },
  { asked: "list /pods ns/own", expected: "allow" },
  { asked: "list /pods ns/other", expected: unrelated },
  { asked: "create /pods ns/", expected: "allow" },
  { asked: "delete /pods ns/other", expected: "allow" },
  { asked: "update /pods ns/own", expected: "" },
  { asked: "deletecollection /pods ns/", expected: "" },
  { asked: "patch /pods/status ns/own", expected: "allow" },
  { asked: "get /pods/status ns/own", expected: "" },
  { asked: "create /pods/eviction ns/own", expected: "allow" },
  { asked: "create /pods/binding ns/own", expected: "" },
  { asked: "create /pods/exec ns/own", expected: "" },
  { asked: "list /services ns/", expected: "allow" },
  { asked: "update /services ns/x", expected: "" },
  { asked: "create /secrets ns/own", expected: "can only read resources of this type" },
];

for (const example of cases) {
  const { asked, user = "system:node:n1", groups, expected } = example;
  const who = groups?.length === 0 ? `${user}, in no group,` : user;
  test(`${who} asking to ${asked}: ${expected === "" ? "nothing is said" : expected}`, async () => {
    assert.equal(await decide(example), expected);
  });
}

test("What cannot be known is not allowed", async () => {
  const unknown = nodeAuthorizer({ reaches: () => Promise.reject(new Error("not read yet")), generation: () => 0 }, []);
  const user = { name: "system:node:n1", groups: ["system:nodes"], uid: undefined, extra: new Map() };
  const resource = {
    apiGroup: "",
    apiVersion: "v1",
    resource: "secrets",
    subresource: "",
    namespace: "ns",
    name: "own",
  };
  await assert.rejects(unknown.authorize({ user, verb: "get", resource, path: undefined }), /not read yet/);
});
