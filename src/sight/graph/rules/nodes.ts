/** Getting onto a node, and what it has. */
import type { EdgeId } from "../edge-rule.ts";
import { asks, rights, structure } from "./row.ts";
import type { Row } from "./row.ts";

/** Ways out of a container that is there, each by a field of the pod. */
function escape(explanation: string, fix: string): Row {
  return {
    name: "gets out, and is root on",
    condition: structure,
    ease: 0.7,
    attack: "T1611",
    explanation,
    fix,
    source: "k8s.io/pod-security-admission policy",
  };
}

export const nodesRules = {
  "escape-privileged": escape(
    "a privileged container has the devices of its node",
    "Take privileged out of the container.",
  ),
  "escape-runtime-socket": escape(
    "who talks to the container runtime starts any container on the node",
    "Take the socket of the container runtime out of the volumes.",
  ),
  "escape-host-path-write": escape(
    "what is written into the folder is run, or followed, by the node",
    "Mount only the folder that is needed, to read.",
  ),
  "escape-host-path-read": escape(
    "the folder holds keys of the node or files of other pods",
    "Take the folder of the node out of the volumes.",
  ),
  "escape-host-pid": escape(
    "with the processes of the node in sight, the capability is enough to run commands in them",
    "Take hostPID or the capability out of the pod.",
  ),
  "escape-capability": escape(
    "the capability is enough to get out of a container",
    "Take the capability out of the container.",
  ),
  "escape-by-volume": escape(
    "the claim it mounts is a folder of the node, which Pod Security does not see",
    "Use volumes of a storage driver instead of folders of nodes.",
  ),
  "escape-by-debugging": {
    ...escape(
      "a debugging container may be privileged unless the namespace has a Pod Security level",
      "Enforce the Pod Security level baseline or restricted in the namespace.",
    ),
    name: "gets out of a debugging container, and is root on",
    attenuators: ["pod-security", "admission-policy"],
    free: true,
  },
  "sees-processes": {
    name: "reads the environment of processes of",
    condition: structure,
    ease: 0.7,
    attack: "T1552.001",
    explanation: "a pod with hostPID sees the processes of its node with their environment and files",
    fix: "Take hostPID out of the pod.",
    source: "proc(5), Linux ptrace access mode checks",
  },
  "node-runs-pod": {
    name: "runs",
    condition: structure,
    ease: 1,
    free: true,
    attack: "T1552.001",
    explanation: "root on a node has the files and the memory of every container on it",
    fix: "Keep pods with such secrets on nodes of their own.",
    source: "k/k pkg/kubelet/kuberuntime",
  },
  "kubelet-credentials": {
    name: "has the key of",
    condition: structure,
    ease: 1,
    free: true,
    attack: "T1552.004",
    explanation: "the credentials of the kubelet are files of its node",
    fix: "",
    source: "k/k pkg/kubelet/certificate",
  },
  "control-plane-keys": {
    name: "has the keys of the cluster, and so reaches",
    condition: structure,
    ease: 1,
    attack: "T1552.004",
    explanation: "a node of the control plane has the certificate authority, the key of all tokens, and the store",
    fix: "Let no pods but those of the control plane run on its nodes.",
    source: "k/k cmd/kubeadm/app/constants",
  },
  "control-plane-pod": {
    name: "has the keys of the cluster in it, and so reaches",
    condition: structure,
    ease: 1,
    attack: "T1552.004",
    explanation: "pods of the API server, the store and the controller manager mount their keys from their node",
    fix: "Let nobody into the pods of the control plane.",
    source: "k/k cmd/kubeadm/app/phases/controlplane",
  },
  "steal-pods": {
    name: "has moved to a node that it commands, and so gets into,",
    condition: rights(
      "enter-pod",
      [
        ...asks("delete,deletecollection pods", "any"),
        ...asks("create pods/eviction", "any"),
        ...asks("create pods/binding", "any"),
      ],
      asks("update,patch nodes", "any", true),
      asks("get,create nodes/proxy", "any", true),
    ),
    ease: 0.7,
    attack: "T1578",
    explanation:
      "pods that are evicted, with the other nodes closed, come to the node whose kubelet runs commands for it",
    fix: "Let nobody change nodes who may delete pods.",
    source: "k/k pkg/scheduler, plugin/pkg/admission/noderestriction",
  },
  "node-reads-secret": {
    name: "reads, for a pod it runs,",
    condition: structure,
    ease: 1,
    direct: true,
    attack: "T1552.007",
    explanation: "a node may get the secrets that the pods bound to it refer to",
    fix: "Keep pods with such secrets on nodes of their own.",
    source: "k/k plugin/pkg/auth/authorizer/node",
  },
  "node-requests-token": {
    name: "requests, for a pod it runs, a token of",
    condition: structure,
    ease: 1,
    attack: "T1528",
    explanation: "a node may request tokens of the accounts of the pods bound to it",
    fix: "Keep pods with strong accounts on nodes of their own.",
    source: "k/k plugin/pkg/auth/authorizer/node",
  },
} as const satisfies Readonly<Partial<Record<EdgeId, Row>>>;
