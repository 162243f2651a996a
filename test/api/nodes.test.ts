/** What a kubelet may do over HTTP: read what the pods bound to its node refer to, and write what is its own. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertFailure, base64, create, patchTypes, secret, secretsIn, secretsPath } from "../support/api-objects.ts";
import { userClient } from "../support/user-client.ts";
import type { UserClient } from "../support/user-client.ts";
import { startTestServer } from "../running-server.ts";
import { looseAuditEvents } from "../support/audit-events.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());
const podsPath = "/api/v1/namespaces/default/pods";
const nodesPath = "/api/v1/nodes";
const leasesPath = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
let kubelet: UserClient;
let other: UserClient;

const containers = [{ name: "c", image: "nginx" }];

/** A pod with references by each of the ways there are. */
function referringPod(name: string, nodeName?: string): object {
  const environment = {
    env: [{ name: "E", valueFrom: { secretKeyRef: { name: "by-env", key: "k" } } }],
    envFrom: [{ secretRef: { name: "by-env-from" } }, { configMapRef: { name: "map-by-env-from" } }],
  };
  const spec = {
    ...(nodeName !== undefined && { nodeName }),
    serviceAccountName: "default",
    imagePullSecrets: [{ name: "by-pull" }],
    initContainers: [
      { name: "i", image: "nginx", env: [{ name: "E", valueFrom: { secretKeyRef: { name: "by-init", key: "k" } } }] },
    ],
    containers: [{ name: "c", image: "nginx", ...environment }],
    volumes: [
      { name: "a", secret: { secretName: "by-volume" } },
      {
        name: "b",
        projected: {
          sources: [{ secret: { name: "by-projection" } }, { serviceAccountToken: { path: "t", audience: "vault" } }],
        },
      },
      { name: "d", csi: { driver: "d.example", nodePublishSecretRef: { name: "by-driver" } } },
      { name: "m", configMap: { name: "map-by-volume" } },
    ],
  };
  return { apiVersion: "v1", kind: "Pod", metadata: { name }, spec };
}

const ways = ["by-env", "by-env-from", "by-pull", "by-init", "by-volume", "by-projection", "by-driver"];

before(async () => {
  kubelet = await userClient(server, "system:node:n1", ["system:nodes"]);
  other = await userClient(server, "system:node:n2", ["system:nodes"]);
  for (const name of [...ways, "unreferenced"])
    await create(server, secretsPath, secret(name, { data: { k: base64("v") } }));
  await create(server, secretsIn("kube-system"), secret("by-env"));
});

async function status(client: UserClient, method: string, path: string, body?: object): Promise<number> {
  return (await client(method, path, body === undefined ? {} : { body })).status;
}

test("A node reads exactly the secrets that the pods bound to it refer to, from when they are bound until they go", async () => {
  const secretPath = (name: string) => `${secretsPath}/${name}`;
  await create(server, podsPath, referringPod("referring"));
  assert.equal(await status(kubelet, "GET", secretPath("by-volume")), 403, "the pod is on no node yet");
  const binding = {
    apiVersion: "v1",
    kind: "Binding",
    metadata: { name: "referring" },
    target: { kind: "Node", name: "n1" },
  };
  await server.call("POST", `${podsPath}/referring/binding`, { body: binding });
  for (const name of ways) {
    assert.equal(await status(kubelet, "GET", secretPath(name)), 200, name);
    assert.equal(await status(other, "GET", secretPath(name)), 403, `${name} by another node`);
    assert.equal(await status(kubelet, "GET", `${secretsPath}?fieldSelector=metadata.name%3D${name}`), 200, name);
    for (const verb of ["PUT", "DELETE"])
      assert.equal(await status(kubelet, verb, secretPath(name), secret(name)), 403);
  }
  const refused = await kubelet("GET", secretPath("unreferenced"));
  const why = "no relationship found between node 'n1' and this object";
  const what = 'User "system:node:n1" cannot get resource "secrets" in API group "" in the namespace "default"';
  assertFailure(refused, 403, "Forbidden", `secrets "unreferenced" is forbidden: ${what}: ${why}`, {
    name: "unreferenced",
    kind: "secrets",
  });
  const missing = await kubelet("GET", secretPath("never-was"));
  assert.equal(
    missing.text.replaceAll("never-was", "unreferenced"),
    refused.text,
    "what is not there is refused alike",
  );
  assert.equal(await status(kubelet, "GET", secretsPath), 403);
  assert.equal(await status(kubelet, "GET", `${secretsIn("kube-system")}/by-env`), 403, "of another namespace");

  await server.call("DELETE", `${podsPath}/referring?gracePeriodSeconds=0`);
  await server.call("GET", `${podsPath}/referring`);
  assert.equal(await status(kubelet, "GET", secretPath("by-volume")), 403, "the pod is gone");
});

test("A node reads its own pods, by the field selector of kubelets", async () => {
  await create(server, podsPath, { ...referringPod("mine", "n1") });
  await create(server, podsPath, { ...referringPod("theirs", "n2") });
  const list = await kubelet("GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1");
  assert.deepEqual(
    list.json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
    ["mine"],
  );
  assert.equal(await status(kubelet, "GET", "/api/v1/pods"), 403);
  assert.equal(await status(kubelet, "GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn2"), 403);
  assert.equal(await status(kubelet, "GET", "/api/v1/pods?fieldSelector=spec.nodeName%21%3Dn2"), 403);
  assert.equal(await status(kubelet, "GET", `${podsPath}/mine`), 200);
  assert.equal(await status(kubelet, "GET", `${podsPath}/theirs`), 403);
});

test("A node registers itself and reports, and cannot steer pods to itself", async () => {
  const node = (labels: object = {}) => ({ apiVersion: "v1", kind: "Node", metadata: { name: "n1", labels } });
  const restricted = { "node-restriction.kubernetes.io/secure": "true", "node-role.kubernetes.io/control-plane": "" };
  const refused = await kubelet("POST", nodesPath, { body: node(restricted) });
  const labels = "node-restriction.kubernetes.io/secure, node-role.kubernetes.io/control-plane";
  const text = `nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: ${labels}`;
  assertFailure(refused, 403, "Forbidden", text, { name: "n1", kind: "nodes" });
  const own = { "kubernetes.io/hostname": "n1", "node.kubernetes.io/instance-type": "m", team: "a" };
  assert.equal(await status(kubelet, "POST", nodesPath, node(own)), 201);
  assert.equal(await status(other, "POST", nodesPath, { ...node(), metadata: { name: "n3" } }), 403);

  const patch = (client: UserClient, path: string, body: object) =>
    client("PATCH", path, { body, headers: { "Content-Type": patchTypes.merge } });
  const ready = { status: { conditions: [{ type: "Ready", status: "True" }] } };
  assert.equal((await patch(kubelet, `${nodesPath}/n1/status`, ready)).status, 200);
  assert.equal((await patch(other, `${nodesPath}/n1/status`, ready)).status, 403);
  const taint = await patch(kubelet, `${nodesPath}/n1`, { spec: { taints: [{ key: "k", effect: "NoSchedule" }] } });
  assert.match(taint.text, /node \\"n1\\" is not allowed to modify taints/);
  const relabel = await patch(kubelet, `${nodesPath}/n1`, {
    metadata: { labels: { "x.node-restriction.kubernetes.io/a": "b" } },
  });
  assert.match(relabel.text, /is not allowed to modify labels: x.node-restriction.kubernetes.io\/a/);
  const owners = [{ apiVersion: "v1", kind: "Node", name: "n2", uid: "u" }];
  const owner = await patch(kubelet, `${nodesPath}/n1`, { metadata: { ownerReferences: owners } });
  assert.match(owner.text, /node \\"n1\\" is not allowed to modify ownerReferences/);
  assert.equal((await patch(kubelet, `${nodesPath}/n1`, { metadata: { labels: { team: "b" } } })).status, 200);
  assert.equal(await status(kubelet, "GET", `${nodesPath}/n1`), 200);
  assert.equal(await status(other, "GET", `${nodesPath}/n1`), 403);
  assert.equal(await status(kubelet, "DELETE", `${nodesPath}/n1`), 403);
});

test("A node keeps its lease and no other", async () => {
  const lease = (name: string) => ({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name },
    spec: { holderIdentity: name },
  });
  assert.equal(await status(kubelet, "POST", leasesPath, lease("n1")), 201);
  assert.equal(await status(kubelet, "GET", `${leasesPath}/n1`), 200);
  assert.equal(await status(other, "GET", `${leasesPath}/n1`), 403);
  const theirs = await kubelet("POST", leasesPath, { body: lease("n2") });
  assert.match(theirs.text, /can only access node lease with the same name as the requesting node/);
});

test("A node shows its own pods as mirror pods that refer to nothing, and reports on pods that are on it", async () => {
  const { uid } = (await server.call("GET", `${nodesPath}/n1`)).json.metadata;
  const owner = { apiVersion: "v1", kind: "Node", name: "n1", uid, controller: true };
  const mirror = (fields: { metadata?: object; spec?: object } = {}) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "mirror",
      annotations: { "kubernetes.io/config.mirror": "x" },
      ownerReferences: [owner],
      ...fields.metadata,
    },
    spec: { nodeName: "n1", containers, ...fields.spec },
  });
  const refusals: readonly [RegExp, object][] = [
    [
      /does not have \\"kubernetes.io\/config.mirror\\" annotation, node \\"n1\\" can only create mirror pods/,
      mirror({ metadata: { annotations: {} } }),
    ],
    [/can only create pods with spec.nodeName set to itself/, mirror({ spec: { nodeName: "n2" } })],
    [/can only create pods with an owner reference set to itself/, mirror({ metadata: { ownerReferences: [] } })],
    [
      /can only create pods with an owner reference set to itself/,
      mirror({ metadata: { ownerReferences: [{ ...owner, name: "n2" }] } }),
    ],
    [
      /with a controller owner reference set to itself/,
      mirror({ metadata: { ownerReferences: [{ ...owner, controller: false }] } }),
    ],
    [
      /must not set blockOwnerDeletion on an owner reference/,
      mirror({ metadata: { ownerReferences: [{ ...owner, blockOwnerDeletion: true }] } }),
    ],
    [
      /node n1 UID mismatch: expected other got/,
      mirror({ metadata: { ownerReferences: [{ ...owner, uid: "other" }] } }),
    ],
    [
      /a mirror pod may not reference secrets/,
      mirror({ spec: { volumes: [{ name: "v", secret: { secretName: "s" } }] } }),
    ],
    [
      /can not create pods that reference configmaps/,
      mirror({ spec: { volumes: [{ name: "v", configMap: { name: "m" } }] } }),
    ],
  ];
  for (const [expected, body] of refusals) {
    const answer = await kubelet("POST", podsPath, { body });
    assert.equal(answer.status, 403, answer.text);
    assert.match(answer.text, expected);
  }
  assert.equal(await status(kubelet, "POST", podsPath, mirror()), 201);
  const report = (client: UserClient, pod: string, body: object = { status: { phase: "Running" } }) =>
    client("PATCH", `${podsPath}/${pod}/status`, { body, headers: { "Content-Type": patchTypes.strategic } });
  assert.equal((await report(kubelet, "mine")).status, 200);
  assert.match(
    (await report(kubelet, "theirs")).text,
    /can only update pod status for pods with spec.nodeName set to itself/,
  );
  const labels = await report(kubelet, "mine", { metadata: { labels: { a: "b" } } });
  assert.match(labels.text, /node \\"n1\\" cannot update labels through pod status/);
  assert.equal(await status(kubelet, "DELETE", `${podsPath}/theirs`), 403);
  assert.equal(await status(kubelet, "DELETE", `${podsPath}/mirror?gracePeriodSeconds=0`), 200);
});

test("A user who is no node by name and group has nothing of it", async () => {
  for (const client of [await userClient(server, "system:node:n1"), await userClient(server, "n1", ["system:nodes"])]) {
    assert.equal(await status(client, "GET", `${secretsPath}/by-volume`), 403);
    assert.equal(await status(client, "GET", `${nodesPath}/n1`), 403);
  }
});

test("A node is told that its rules cannot be listed", async () => {
  const body = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectRulesReview",
    spec: { namespace: "default" },
  };
  const { status: answer } = (await kubelet("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", { body }))
    .json;
  assert.equal(answer.incomplete, true);
  assert.equal(answer.evaluationError, "node authorizer does not support user rule resolution");
});

test("What a kubelet reads is on record with the pods for which it does, and their accounts", async () => {
  await create(server, podsPath, referringPod("behind", "n1"));
  const pod = (await server.call("GET", `${podsPath}/behind`)).json;
  const read = await kubelet("GET", `${secretsPath}/by-volume`, { headers: { "Audit-Id": "read-by-kubelet" } });
  assert.equal(read.status, 200);
  const list = `${secretsPath}?fieldSelector=metadata.name%3Dby-env`;
  assert.equal((await kubelet("GET", list, { headers: { "Audit-Id": "listed-by-kubelet" } })).status, 200);
  assert.equal(
    (await server.call("GET", `${secretsPath}/by-env`, { headers: { "Audit-Id": "by-admin" } })).status,
    200,
  );
  const events = await looseAuditEvents(server);
  const behind = (id: string) =>
    events.find(({ auditID, disclosed }) => auditID === id && disclosed !== undefined).onBehalfOf;
  const expected = {
    namespace: "default",
    name: "behind",
    uid: pod.metadata.uid,
    node: "n1",
    serviceAccount: "default",
  };
  for (const id of ["read-by-kubelet", "listed-by-kubelet"]) {
    const { name, ...rest } = behind(id).pods.find((each: { name: string }) => each.name === "behind");
    assert.deepEqual({ name, ...rest }, expected);
  }
  assert.equal(behind("by-admin"), undefined);
});
