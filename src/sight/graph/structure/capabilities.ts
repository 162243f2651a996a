/** What a capability amounts to in turn. */
import type { AttenuatorId } from "../attenuator.ts";
import { attenuatorsOf } from "../attenuators-of.ts";
import type { Capability, CapabilityKind, DrivenController } from "../capability.ts";
import { drivenControllers } from "../capability.ts";
import type { EdgeId } from "../edge-rule.ts";
import { edgeNumber, edgeRules } from "../edge-rules.ts";
import { accountUser } from "../graph-node.ts";
import type { GraphBuilder } from "../unit.ts";
import { accountExists, capabilityNode, edgeWith, shownBy } from "./connect.ts";

export function addConsequences(builder: GraphBuilder, number: number, of: Capability): void {
  for (const [kind, id] of consequencesOf(of)) {
    builder.edge(number, capabilityNode(builder, kind, of.namespace), id);
  }
  switch (of.kind) {
    case "run-pod":
      return addEscape(builder, number, attenuatorsAt(builder, "new-pod-escapes", of.namespace));
    case "run-any-pod":
      return addEscape(builder, number, []);
    case "issue-for-cluster":
      return addClusterIssuers(builder, number);
    case "debug-pod":
      builder.edge(number, capabilityNode(builder, "enter-pod", of.namespace, of.name), "concerns");
      return addDebugging(builder, number, of);
    default: {
      const controller = drivenControllers.find((each) => of.kind === `drive-${each}`);
      if (controller !== undefined) addDriven(builder, number, controller);
    }
  }
}

const everyoneElse: readonly CapabilityKind[] = ["become-user", "become-group", "become-node", "use-kubelet"];
const inNamespace: readonly CapabilityKind[] = ["read-secret", "become-account", "enter-pod", "run-any-pod"];

function consequencesOf({ kind, namespace }: Capability): readonly (readonly [CapabilityKind, EdgeId])[] {
  if (kind === "run-pod") {
    return [
      ["read-secret", "new-pod-mounts"],
      ["become-account", "new-pod-runs-as"],
    ];
  }
  if (kind === "certify") {
    return [
      ["become-user", "certified-as"],
      ["become-account", "certified-as"],
    ];
  }
  if (kind !== "any-right") return [];
  return [...inNamespace, ...(namespace === "" ? everyoneElse : [])].map((each) => [each, "grants-itself"]);
}

function attenuatorsAt({ facts }: GraphBuilder, id: EdgeId, scope: string): AttenuatorId[] {
  const rule = edgeRules[edgeNumber(id)];
  return rule === undefined ? [] : attenuatorsOf(facts, rule, { scope, holds: "yes" });
}

/** Whoever debugs a pod chooses what the debugging container may, within what the namespace admits. */
function addDebugging(builder: GraphBuilder, number: number, { namespace, name }: Capability): void {
  const { facts } = builder;
  const named = name === "" ? facts.inNamespace("Pod", namespace) : facts.named("Pod", namespace, name);
  const pods = namespace === "" ? facts.of("Pod").filter((pod) => name === "" || pod.name === name) : named;
  const nodes = new Map(pods.flatMap((pod) => ("references" in pod && pod.node !== "" ? [[pod.node, pod]] : [])));
  const edge = edgeWith("escape-by-debugging", attenuatorsAt(builder, "escape-by-debugging", namespace));
  for (const [node, pod] of nodes) {
    builder.edge(number, builder.node({ type: "machine", name: node }), edge, shownBy(pod));
  }
}

/** On which node a pod runs, whoever makes it says: it may be any. */
function addEscape(builder: GraphBuilder, number: number, by: readonly AttenuatorId[]): void {
  builder.edge(number, capabilityNode(builder, "own-machine"), edgeWith("new-pod-escapes", by));
}

/** Where the controller of certificates runs, there is what issuers for the whole cluster name. */
function addClusterIssuers(builder: GraphBuilder, number: number): void {
  for (const controller of builder.facts.running("cert-manager-controller")) {
    const secrets = capabilityNode(builder, "read-secret", controller.namespace);
    builder.edge(number, secrets, "issues-from", shownBy(controller));
  }
}

/** By which images the controllers are known that act for others. */
const imagesOf: Readonly<Record<DrivenController, readonly string[]>> = {
  flux: ["kustomize-controller", "helm-controller"],
  argo: ["argocd"],
  velero: ["velero"],
  kyverno: ["kyverno", "background-controller"],
  crossplane: ["crossplane", "provider-kubernetes"],
  olm: ["olm"],
  "external-secrets": ["external-secrets"],
};

function addDriven(builder: GraphBuilder, number: number, controller: DrivenController): void {
  for (const image of imagesOf[controller]) {
    for (const workload of builder.facts.running(image)) {
      const { namespace, account } = workload;
      if (!accountExists(builder.facts, namespace, account)) continue;
      builder.edge(number, builder.node(accountUser(namespace, account)), "acts-as", shownBy(workload));
    }
  }
}
