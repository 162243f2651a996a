/** Running something new in a namespace: what runs there has what the namespace has. */
import type { EdgeId } from "../edge-rule.ts";
import { asks, rights, structure } from "./row.ts";
import type { Row } from "./row.ts";

/** How a pod template is changed: made anew, or in one that is there. */
const workloads =
  "deployments.apps,statefulsets.apps,daemonsets.apps,replicasets.apps,jobs.batch,cronjobs.batch,replicationcontrollers";

export const newPodsRules = {
  "create-pod": {
    name: "creates a pod that reaches",
    condition: rights("run-pod", asks("create pods", "none")),
    ease: 0.85,
    attack: "T1610",
    explanation: "a pod gets any secret and any account of its namespace without a right to them",
    fix: "Keep who creates pods out of namespaces with secrets that are not theirs.",
    source: "k/k pkg/kubelet/volumemanager",
  },
  "change-workload": {
    name: "changes a workload so that it reaches",
    condition: rights("run-pod", [...asks(`create ${workloads}`, "none"), ...asks(`update,patch ${workloads}`, "any")]),
    ease: 0.85,
    attack: "T1610",
    explanation: "the template of a workload gets any secret and any account of its namespace",
    fix: "Keep who changes workloads out of namespaces with secrets that are not theirs.",
    source: "k/k pkg/controller",
  },
  "new-pod-mounts": {
    name: "mounts",
    condition: structure,
    ease: 1,
    free: true,
    attack: "T1552.001",
    explanation: "a new pod mounts any secret of its namespace",
    fix: "",
    source: "k/k pkg/kubelet/volumemanager",
  },
  "new-pod-runs-as": {
    name: "runs as",
    condition: structure,
    ease: 1,
    free: true,
    attack: "T1528",
    explanation: "a new pod runs as any account of its namespace",
    fix: "",
    source: "k/k plugin/pkg/admission/serviceaccount/admission.go",
  },
} as const satisfies Readonly<Partial<Record<EdgeId, Row>>>;
