/** Nodes as machines: how one gets onto one, and what root on it has. */
import type { Escape } from "../../facts/pod-traits.ts";
import { escapeByHostPath } from "../../facts/pod-traits.ts";
import type { WorkloadFact } from "../../facts/facts.ts";
import { capabilitiesReaching } from "../capability.ts";
import type { EdgeId } from "../edge-rule.ts";
import type { GraphBuilder } from "../unit.ts";
import { capabilityNode, connect, shownBy } from "./connect.ts";

/** What root on a machine has: the node's own credentials, and the cluster's where it is of the control plane. */
export function addMachine(builder: GraphBuilder, number: number, name: string): void {
  connect(builder, capabilitiesReaching("own-machine", "", name), number);
  const nodes = builder.facts.named("Node", "", name);
  builder.edge(number, builder.node({ type: "node", name }), "kubelet-credentials", { grants: [], facts: nodes });
  for (const fact of nodes) {
    if (fact.kind !== "Node" || fact.controlPlane !== true) continue;
    builder.edge(number, capabilityNode(builder, "any-right"), "control-plane-keys", shownBy(fact));
  }
}

const edgeOfWay: Readonly<Record<Escape["way"], EdgeId>> = {
  privileged: "escape-privileged",
  "runtime-socket": "escape-runtime-socket",
  "host-path-write": "escape-host-path-write",
  "host-path-read": "escape-host-path-read",
  "host-pid-capability": "escape-host-pid",
  capability: "escape-capability",
};

/** Between a workload that is on a node and the machine. */
export function addMachineOf(builder: GraphBuilder, number: number, workload: WorkloadFact): void {
  const { node, traits } = workload;
  if (node === "") return;
  const machine = builder.node({ type: "machine", name: node });
  builder.claim(machine);
  builder.link(machine, number, "node-runs-pod", shownBy(workload));
  for (const { way, field } of traits?.escapes ?? []) {
    builder.edge(number, machine, edgeOfWay[way], shownBy(workload, field));
  }
  addVolumeEscapes(builder, number, machine, workload);
  addProcesses(builder, number, workload);
}

/** A claim leads to a volume, and that to a folder of the node. */
function addVolumeEscapes(builder: GraphBuilder, number: number, machine: number, workload: WorkloadFact): void {
  for (const claim of workload.traits?.claims ?? []) {
    for (const fact of builder.facts.named("PersistentVolumeClaim", workload.namespace, claim)) {
      const volumeName = fact.kind === "PersistentVolumeClaim" ? fact.volumeName : "";
      for (const volume of volumeName === "" ? [] : builder.facts.named("PersistentVolume", "", volumeName)) {
        const folder = volume.kind === "PersistentVolume" ? volume.hostFolder : undefined;
        if (folder === undefined || escapeByHostPath(folder.path, folder.readOnly) === undefined) continue;
        builder.edge(number, machine, "escape-by-volume", { grants: [], facts: [workload, fact, volume] });
      }
    }
  }
}

/** What sees the processes of a node reads what is in the other pods of it. */
function addProcesses(builder: GraphBuilder, number: number, workload: WorkloadFact): void {
  const seen = builder.node({ type: "shared", name: `the processes of node ${workload.node}` });
  if (workload.traits?.hostPid === true)
    builder.edge(number, seen, "sees-processes", shownBy(workload, "spec.hostPID"));
  builder.link(seen, number, "node-runs-pod", shownBy(workload));
}
