/** Pods, and what templates of pods say: who gets in, and what is in them. */
import type { FactReader } from "../../facts/fact-set.ts";
import type { WorkloadFact } from "../../facts/facts.ts";
import { capabilitiesReaching, readableKinds } from "../capability.ts";
import { accountUser } from "../graph-node.ts";
import { hasInside } from "../security-graph.ts";
import type { GraphBuilder } from "../unit.ts";
import { accountExists, capabilityNode, connect, shownBy } from "./connect.ts";
import { addMachineOf } from "./machines.ts";
import { addContents } from "./objects.ts";

export function addWorkload(builder: GraphBuilder, workload: WorkloadFact): void {
  const { kind, namespace, name, account, node } = workload;
  const number = builder.node({ type: "workload", workload });
  // The pods of a controller have names of their own, so no rule names them by the controller's.
  const podName = kind === "Pod" ? name : "";
  connect(builder, capabilitiesReaching("enter-pod", namespace, podName), number);
  connect(builder, capabilitiesReaching("use-kubelet", "", node), number);
  builder.claim(number);
  builder.claim(builder.node(accountUser(namespace, account)));
  addTokensInside(builder, number, workload);
  addAccount(builder, number, workload);
  addMachineOf(builder, number, workload);
  addPorts(builder, number, workload);
  addLog(builder, workload, podName);
  addContents(builder, workload, readCapabilities(workload));
  addControlPlane(builder, number, workload);
}

function addAccount(builder: GraphBuilder, number: number, workload: WorkloadFact): void {
  const { namespace, account, node, mirror } = workload;
  if (!accountExists(builder.facts, namespace, account)) return;
  const user = builder.node(accountUser(namespace, account));
  if (hasToken(builder.facts, workload)) builder.edge(number, user, "token-in-pod", shownBy(workload));
  if (node !== "" && !mirror) {
    builder.edge(builder.node({ type: "node", name: node }), user, "node-requests-token", shownBy(workload));
  }
}

/** Secrets lead on as tokens. */
function addTokensInside(builder: GraphBuilder, number: number, workload: WorkloadFact): void {
  for (const name of secretNames(workload)) {
    if (!hasInside(workload, name)) continue;
    for (const secret of builder.facts.named("Secret", workload.namespace, name)) {
      if (secret.kind !== "Secret") continue;
      builder.link(number, builder.node({ type: "secret", secret }), "secret-in-pod", shownBy(workload));
    }
  }
}

function secretNames({ references }: WorkloadFact): Set<string> {
  return new Set(references.filter(({ kind }) => kind === "secret").map(({ name }) => name));
}

/** The pod's own word wins over the account's. */
function hasToken(facts: FactReader, { mountsToken, namespace, account }: WorkloadFact): boolean {
  if (mountsToken !== undefined) return mountsToken;
  const accounts = facts.named("ServiceAccount", namespace, account);
  return accounts.length === 0 || accounts.some((fact) => "automount" in fact && fact.automount !== false);
}

/** Only pods that show that they hand something out are reached by their ports. */
function addPorts(builder: GraphBuilder, number: number, workload: WorkloadFact): void {
  const { kind, namespace, name, traits } = workload;
  if (traits === undefined || traits.handsOut === "") return;
  connect(builder, capabilitiesReaching("connect-pod", namespace, kind === "Pod" ? name : ""), number);
  for (const service of builder.facts.inNamespace("Service", namespace)) {
    const selects =
      service.selector.size > 0 && [...service.selector].every(([key, value]) => traits.labels.get(key) === value);
    if (selects) connect(builder, capabilitiesReaching("connect-service", namespace, service.name), number);
  }
}

/** A log in which the environment is printed has the secrets of the environment in it. */
function addLog(builder: GraphBuilder, workload: WorkloadFact, podName: string): void {
  const { namespace, name, node, traits, references } = workload;
  if (traits === undefined || traits.prints === "") return;
  const log = builder.node({ type: "object", kind: "Log", namespace, name });
  builder.claim(log);
  connect(builder, capabilitiesReaching("read-log", namespace, podName), log);
  if (node !== "") connect(builder, capabilitiesReaching("read-node-log", "", node), log);
  for (const { kind, name: secretName, way } of references) {
    if (kind !== "secret" || (way !== "environment" && way !== "environment-from")) continue;
    for (const secret of builder.facts.named("Secret", namespace, secretName)) {
      if (secret.kind !== "Secret") continue;
      builder.edge(log, builder.node({ type: "secret", secret }), "printed-secret", shownBy(workload, traits.prints));
    }
  }
}

/** Whoever reads the object, as the kind it is; of a pod, also the kubelet of its node tells it. */
function readCapabilities({ kind, namespace, name, node }: WorkloadFact) {
  const word = Object.entries(readableKinds).find(([, each]) => each === kind)?.[0] as keyof typeof readableKinds; // has all
  const fromKubelet = kind === "Pod" && node !== "" ? capabilitiesReaching("read-node-pods", "", node) : [];
  return [...capabilitiesReaching(`read-${word}`, namespace, name), ...fromKubelet];
}

const controlPlaneImages: ReadonlySet<string> = new Set(["kube-apiserver", "etcd", "kube-controller-manager"]);

/** Pods that a node of the control plane made by itself. */
function addControlPlane(builder: GraphBuilder, number: number, workload: WorkloadFact): void {
  const { mirror, namespace, traits } = workload;
  const isPart = mirror && namespace === "kube-system" && traits?.images.some((image) => controlPlaneImages.has(image));
  if (isPart === true)
    builder.edge(number, capabilityNode(builder, "any-right"), "control-plane-pod", shownBy(workload));
}
