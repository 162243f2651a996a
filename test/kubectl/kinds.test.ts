/** What people do with kubectl to the kinds beside Secrets and Namespaces; every kubectl this machine has. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";
import { Kubectl, findKubectls } from "./kubectl.ts";
import type { KubectlBinary } from "./kubectl.ts";

for (const binary of findKubectls()) describe(`kubectl ${binary.version}`, () => commands(binary));

const podManifest = `apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  serviceAccountName: builder
  imagePullSecrets: [{name: registry}]
  containers:
  - name: web
    image: nginx:1.29
    env:
    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}
    - {name: MODE, valueFrom: {configMapKeyRef: {name: settings, key: mode}}}
    envFrom: [{secretRef: {name: more}}]
    resources: {limits: {cpu: 500m, memory: 64Mi}}
    volumeMounts: [{name: tls, mountPath: /tls}]
  volumes:
  - {name: tls, secret: {secretName: web-tls}}
`;

function commands(binary: KubectlBinary): void {
  let server: TestServer;
  let kubectl: Kubectl;
  before(async () => {
    server = await startTestServer();
    kubectl = await Kubectl.for(binary, server);
  });
  after(async () => {
    await kubectl[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test("api-resources knows short names, groups and scopes", async () => {
    const resources = await kubectl.ok(["api-resources"]);
    for (const line of [
      /configmaps +cm +v1 +true +ConfigMap/,
      /events +ev +v1 +true +Event/,
      /events +ev +events\.k8s\.io\/v1 +true +Event/,
      /nodes +no +v1 +false +Node/,
      /pods +po +v1 +true +Pod/,
      /resourcequotas +quota +v1 +true +ResourceQuota/,
      /serviceaccounts +sa +v1 +true +ServiceAccount/,
      /clusterroles +rbac\.authorization\.k8s\.io\/v1 +false +ClusterRole/,
      /leases +coordination\.k8s\.io\/v1 +true +Lease/,
    ])
      assert.match(resources, line);
  });

  test("configmaps are created from literals, read, edited and described", async () => {
    await kubectl.ok(["create", "configmap", "settings", "--from-literal=mode=dark", "--from-literal=n=1"]);
    assert.match(await kubectl.ok(["get", "cm", "settings"]), /^NAME +DATA +AGE\nsettings +2 +\d+s\n$/);
    await kubectl.ok(["patch", "cm", "settings", "-p", '{"data":{"mode":"light"}}']);
    assert.equal(await kubectl.ok(["get", "cm", "settings", "-o", "jsonpath={.data.mode}"]), "light");
    assert.match(await kubectl.ok(["describe", "cm", "settings"]), /mode:\n----\nlight/);
  });

  test("service accounts, roles and bindings are created and printed", async () => {
    await kubectl.ok(["create", "serviceaccount", "builder"]);
    assert.match(await kubectl.ok(["get", "sa", "builder"]), /^NAME +SECRETS +AGE\nbuilder +0 +/);
    await kubectl.ok(["create", "role", "reader", "--verb=get,list", "--resource=secrets"]);
    assert.match(await kubectl.ok(["get", "role"]), /^NAME +CREATED AT\nreader +\d{4}-/);
    await kubectl.ok([
      "create",
      "rolebinding",
      "read",
      "--role=reader",
      "--user=ann",
      "--serviceaccount=default:builder",
    ]);
    const wide = await kubectl.ok(["get", "rolebinding", "-o", "wide"]);
    assert.match(
      wide,
      /^NAME +ROLE +AGE +USERS +GROUPS +SERVICEACCOUNTS\nread +Role\/reader +\d+s +ann +default\/builder\n/,
    );
    await kubectl.ok(["create", "clusterrole", "all", "--verb=*", "--resource=pods"]);
    await kubectl.ok(["create", "clusterrolebinding", "everyone", "--clusterrole=all", "--group=system:authenticated"]);
    assert.match(await kubectl.ok(["describe", "clusterrole", "all"]), /pods +\[\] +\[\] +\[\*\]/);
    assert.match(await kubectl.ok(["describe", "rolebinding", "read"]), /ServiceAccount +builder +default/);
    const other = ["patch", "rolebinding", "read", "--type=merge", "-p", '{"roleRef":{"name":"other"}}'];
    assert.match((await kubectl.run(other)).stderr, /cannot change roleRef/);
  });

  test("a pod is applied, printed, described and deleted, and its references stay as written", async () => {
    await kubectl.ok(["apply", "-f", "-"], podManifest);
    assert.match(
      await kubectl.ok(["get", "pods"]),
      /^NAME +READY +STATUS +RESTARTS +AGE\nweb +0\/1 +Pending +0 +\d+s\n$/,
    );
    assert.equal(await kubectl.ok(["get", "all", "-o", "name"]), "pod/web\n");
    assert.match(await kubectl.ok(["get", "po", "-o", "wide", "-l", "app=web"]), /NOMINATED NODE +READINESS GATES\n/);
    const described = await kubectl.ok(["describe", "pod", "web"]);
    assert.match(described, /PASSWORD: +<set to the key 'password' in secret 'db'>/);
    assert.match(described, /SecretName: +web-tls/);
    assert.match(described, /QoS Class: +Guaranteed/);
    assert.equal(await kubectl.ok(["apply", "-f", "-"], podManifest), "pod/web unchanged\n");
    await kubectl.ok(["apply", "-f", "-"], podManifest.replace("nginx:1.29", "nginx:1.30"));
    assert.equal(await kubectl.ok(["get", "pod", "web", "-o", "jsonpath={.spec.containers[0].image}"]), "nginx:1.30");
    const moved = await kubectl.run(["apply", "-f", "-"], podManifest.replace("web-tls", "other"));
    assert.match(moved.stderr, /pod updates may not change fields other than/);
    assert.match(await kubectl.ok(["delete", "pod", "web"]), /pod "web" (force )?deleted/);
  });

  test("quotas, leases and nodes are created from manifests and printed", async () => {
    await kubectl.ok(["create", "quota", "limited", "--hard=secrets=10,cpu=2"]);
    assert.match(await kubectl.ok(["get", "quota"]), /^NAME +(AGE +)?REQUEST/);
    const manifests = `apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: leader}
spec: {holderIdentity: one, leaseDurationSeconds: 15}
---
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {node-role.kubernetes.io/worker: ""}}
`;
    await kubectl.ok(["apply", "-f", "-"], manifests);
    assert.match(await kubectl.ok(["get", "lease"]), /^NAME +HOLDER +AGE\nleader +one +/);
    assert.match(await kubectl.ok(["get", "nodes"]), /^NAME +STATUS +ROLES +AGE +VERSION\nn1 +Unknown +worker +/);
    await kubectl.ok(["cordon", "n1"]);
    assert.match(await kubectl.ok(["get", "nodes"]), /n1 +Unknown,SchedulingDisabled/);
    assert.match(await kubectl.ok(["label", "node", "n1", "zone=a"]), /node\/n1 labeled/);
  });

  test("events are printed newest last, by either group", async () => {
    const event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "happened" },
      involvedObject: { kind: "Pod", namespace: "default", name: "web" },
      reason: "Pulled",
      message: "Image pulled",
      type: "Normal",
      lastTimestamp: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    };
    await kubectl.ok(["create", "-f", "-"], JSON.stringify(event));
    assert.match(
      await kubectl.ok(["get", "events"]),
      /LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n\d+s +Normal +Pulled +pod\/web +Image pulled/,
    );
    assert.match(await kubectl.ok(["get", "events.events.k8s.io", "-o", "name"]), /event\.events\.k8s\.io\/happened/);
  });

  test("explain knows the structure of what is served", async () => {
    const containers = await kubectl.ok(["explain", "pod.spec.containers"]);
    for (const field of ["env", "envFrom", "image", "volumeMounts"])
      assert.match(containers, new RegExp(`^ +${field}\\s`, "m"));
    assert.match(await kubectl.ok(["explain", "pod.spec.volumes.secret.secretName"]), /Name of the Secret/);
    assert.match(await kubectl.ok(["explain", "role.rules.resourceNames"]), /\[\]string/);
    const recursive = await kubectl.ok(["explain", "pod.spec", "--recursive"]);
    assert.match(recursive, /nodePublishSecretRef/);
  });
}
