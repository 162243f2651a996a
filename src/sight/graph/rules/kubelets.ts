/** What is read of pods without being in them: their logs, and through the kubelets of their nodes. */
import type { EdgeId } from "../edge-rule.ts";
import { asks, rights, structure } from "./row.ts";
import type { Row } from "./row.ts";

const fineGrained = "k/k pkg/kubelet/server/auth.go, gate KubeletFineGrainedAuthz, on by default from 1.33";
const reads = "get,create,update,patch,delete";

export const kubeletsRules = {
  "read-log": {
    name: "reads",
    condition: rights("read-log", asks("get pods/log", "target")),
    ease: 0.7,
    attack: "T1552.001",
    explanation: "a container that prints its environment has its secrets in its log",
    fix: "Take pods/log out of the rule, or the printing out of the command.",
    source: "k/k pkg/registry/core/pod/rest/log.go",
  },
  "read-node-log": {
    name: "reads, through a kubelet,",
    condition: rights("read-node-log", asks(`${reads} nodes/log`, "target", true)),
    ease: 0.7,
    attenuators: ["version-unknown"],
    attack: "T1552.001",
    explanation: "a kubelet hands out what is in /var/log, the logs of containers among it",
    fix: "Take nodes/log out of the rule.",
    source: fineGrained,
    since: "1.33",
  },
  "read-node-pods": {
    name: "reads, through a kubelet,",
    condition: rights("read-node-pods", asks(`${reads} nodes/pods`, "target", true)),
    ease: 1,
    attenuators: ["version-unknown"],
    attack: "T1552.007",
    explanation: "a kubelet lists the pods of its node with all that stands in them",
    fix: "Take nodes/pods out of the rule.",
    source: fineGrained,
    since: "1.33",
  },
  "printed-secret": {
    name: "shows, since it is printed,",
    condition: structure,
    ease: 1,
    attack: "T1552.001",
    explanation: "the command of a container prints its environment",
    fix: "Take the printing out of the command, and replace the secret.",
    source: "k/k pkg/registry/core/pod/rest/log.go",
  },
} as const satisfies Readonly<Partial<Record<EdgeId, Row>>>;
