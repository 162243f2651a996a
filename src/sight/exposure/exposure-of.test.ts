import assert from "node:assert/strict";
import { test } from "node:test";
import { readText } from "../sources/file-source.ts";
import { exposureOf } from "./exposure-of.ts";
import { classOfName, sourceClassOfExposure } from "./source-class.ts";

const pod =
  "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: a, labels: {app: web}}, spec: {containers: [{name: c}]}}";
const service = (spec: string, more = "") =>
  `{apiVersion: v1, kind: Service, metadata: {name: web, namespace: a${more}}, spec: {selector: {app: web}, ${spec}}}`;
const ingress = (more = "") =>
  `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: a${more}}, spec: {defaultBackend: {service: {name: web}}}}`;
const policy = (spec: string) =>
  `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: closed, namespace: a}, spec: {${spec}}}`;

function seen(...documents: readonly string[]) {
  const facts = readText("dump", "f", documents.join("\n---\n"));
  assert.deepEqual(facts.coverage.problems, []);
  const [workload] = facts.of("Pod");
  assert.ok(workload !== undefined);
  const exposure = exposureOf(facts, workload);
  return [exposure.ways.map(({ way }) => way).join(" "), sourceClassOfExposure(exposure)];
}

const behindAuth = ", annotations: {nginx.ingress.kubernetes.io/auth-url: x}";
const internal = ", annotations: {service.beta.kubernetes.io/azure-load-balancer-internal: 'true'}";
const route = `{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: b}, spec: {rules: [{backendRefs: [{name: web, namespace: a}]}]}}`;
const withSpec = (more: string) => pod.replace("spec: {", `spec: {${more}, `);

for (const [title, documents, ways, sourceClass] of [
  ["nothing before it", [pod, service("type: ClusterIP")], "", "workload"],
  ["a load balancer", [pod, service("type: LoadBalancer")], "load-balancer", "exposed"],
  ["a private load balancer", [pod, service("type: LoadBalancer", internal)], "", "workload"],
  [
    "a load balancer for other pods",
    [pod.replace("app: web", "app: x"), service("type: LoadBalancer")],
    "",
    "workload",
  ],
  ["a node port", [pod, service("type: NodePort")], "node-port", "exposed"],
  ["an external address", [pod, service("externalIPs: [1.2.3.4]")], "external-ip", "exposed"],
  ["an ingress", [pod, service("type: ClusterIP"), ingress()], "ingress", "exposed"],
  [
    "an ingress that asks",
    [pod, service("type: ClusterIP"), ingress(behindAuth)],
    "ingress",
    "exposed-behind-authentication",
  ],
  ["an ingress without the service", [pod, ingress()], "", "workload"],
  ["a route", [pod, service("type: ClusterIP"), route], "gateway", "exposed"],
  ["a port of its node", [pod.replace("{name: c}", "{name: c, ports: [{hostPort: 80}]}")], "host-port", "exposed"],
  ["the network of its node", [withSpec("hostNetwork: true")], "host-network", "exposed"],
  ["a policy that lets nothing in", [pod, service("type: NodePort"), policy("podSelector: {}")], "", "workload"],
  [
    "a policy for others",
    [pod, service("type: NodePort"), policy("podSelector: {matchLabels: {app: x}}")],
    "node-port",
    "exposed",
  ],
  [
    "a policy that lets in",
    [pod, service("type: NodePort"), policy("podSelector: {}, ingress: [{}]")],
    "node-port",
    "exposed",
  ],
] as const) {
  test(`A pod with ${title} is reached by ${ways || "nothing"}`, () => {
    assert.deepEqual(seen(...documents), [ways, sourceClass]);
  });
}

test("Users and groups are classed by their names", () => {
  const names = ["system:anonymous", "system:authenticated", "system:masters", "system:serviceaccount:a:b", "jane"];
  const classes = ["anonymous", "authenticated", "break-glass", "workload", "people"];
  const classed = (name: string) => classOfName(name, "kubernetes");
  assert.deepEqual(names.map(classed), classes);
  assert.deepEqual(["system:serviceaccount:kube-system:x", "system:kube-scheduler"].map(classed), [
    "platform",
    "platform",
  ]);
  assert.deepEqual(
    [classed("strongroom:admins"), classOfName("strongroom:admins", "strongroom")],
    ["people", "break-glass"],
    "a group that stands above roles, on a server of ours",
  );
});
