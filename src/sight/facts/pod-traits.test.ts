import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeByHostPath, readPodTraits } from "./pod-traits.ts";
import { SecretMaterial } from "./secret-material.ts";

const material = SecretMaterial.ofThisProcess();
const traits = (spec: object, metadata: object = {}) => readPodTraits({ spec, metadata, path: "spec" }, material);
const container = (more: object) => ({ containers: [{ name: "c", image: "i", ...more }] });
const ways = (spec: object) => traits(spec).escapes.map(({ way, field }) => [way, field]);

test("Ways out of a container are told by the field that opens them", () => {
  const context = (securityContext: object, more: object = {}) => ({ ...container({ securityContext }), ...more });
  const add = (...names: string[]) => ({ capabilities: { add: names } });
  const privileged = ["privileged", "spec.containers[0].securityContext.privileged"];
  assert.deepEqual(ways(context({ privileged: true })), [privileged]);
  assert.deepEqual(ways(context({ privileged: false })), []);
  const capability = ["capability", "spec.containers[0].securityContext.capabilities.add"];
  assert.deepEqual(ways(context(add("SYS_MODULE"))), [capability]);
  assert.deepEqual(ways(context(add("CAP_SYS_ADMIN"))), [capability]);
  assert.deepEqual(ways(context(add("NET_BIND_SERVICE", "SYS_PTRACE"))), []);
  assert.deepEqual(ways(context(add("SYS_PTRACE"), { hostPID: true })), [["host-pid-capability", capability[1]]]);
  assert.deepEqual(ways(context({}, { hostPID: true })), []);
});

for (const [path, readOnly, way] of [
  ["/", true, "host-path-read"],
  ["/", false, "host-path-write"],
  ["/var/lib/kubelet/pods", true, "host-path-read"],
  ["/etc/kubernetes/", true, "host-path-read"],
  ["/var/log", false, "host-path-write"],
  ["/var/log", true, undefined],
  ["/run/containerd/containerd.sock", true, "runtime-socket"],
  ["/var/run/docker.sock", false, "runtime-socket"],
  ["/data/app", false, undefined],
  ["/etc/localtime", true, undefined],
] as const) {
  test(`The folder ${path} of a node, ${readOnly ? "read only" : "writable"}, is ${way ?? "no way out"}`, () => {
    assert.equal(escapeByHostPath(path, readOnly), way);
    const volumes = [{ name: "v", hostPath: { path } }];
    const mounted = { ...container({ volumeMounts: [{ name: "v", mountPath: "/m", readOnly }] }), volumes };
    assert.deepEqual(ways(mounted), way === undefined ? [] : [[way, "spec.volumes[0].hostPath.path"]]);
    assert.deepEqual(ways({ ...container({}), volumes }), [], "nothing mounts it");
  });
}

test("Images are named without registry, tag and digest, and the API server's says its version", () => {
  const image = "registry.k8s.io/kube-apiserver:v1.34.2@sha256:00";
  const { images, apiServerVersion } = traits(container({ image }));
  assert.deepEqual([images, apiServerVersion], [["kube-apiserver"], "1.34"]);
  assert.deepEqual(traits(container({ image: "localhost:5000/a/b" })).images, ["b"]);
});

test("Of variables only credentials are kept, as marks", () => {
  const key = "-----BEGIN PRIVATE KEY-----\nMIIhunter2\n-----END PRIVATE KEY-----";
  const { literals } = traits(
    container({ env: [{ name: "A", value: "plain" }, { name: "B", value: key }, { name: "C" }] }),
  );
  assert.deepEqual(
    literals.map(({ name, credential }) => [name, credential]),
    [["spec.containers[0].env[1].value", "private-key"]],
  );
  assert.equal(literals[0]?.fingerprint, material.mark("other", `${key}\n`).fingerprint);
  assert.doesNotMatch(JSON.stringify(literals), /hunter2/);
});

test("A debugger, the cache of an agent and a printed environment are seen", () => {
  const at = (spec: object, metadata: object = {}) => {
    const { handsOut, prints } = traits(spec, metadata);
    return [handsOut, prints];
  };
  assert.deepEqual(at(container({ args: ["-agentlib:jdwp=transport=dt_socket"] })), ["spec.containers[0].args", ""]);
  const annotations = { "vault.hashicorp.com/agent-cache-enable": "true" };
  assert.deepEqual(at(container({}), { annotations }), [
    `metadata.annotations["vault.hashicorp.com/agent-cache-enable"]`,
    "",
  ]);
  assert.deepEqual(at(container({ command: ["sh", "-c", "printenv; exec app"] })), ["", "spec.containers[0].command"]);
  assert.deepEqual(at(container({ command: ["sh", "-c", "env FOO=1 app"] })), ["", ""]);
});
