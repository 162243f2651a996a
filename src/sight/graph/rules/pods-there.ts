/** Getting into pods that are there, and what is in them. */
import type { EdgeId } from "../edge-rule.ts";
import { asks, rights, structure } from "./row.ts";
import type { Row } from "./row.ts";

export const podsThereRules = {
  "exec-pod": {
    name: "runs a command in",
    condition: rights("enter-pod", asks("create pods/exec,pods/attach", "target")),
    ease: 0.95,
    attack: "T1609",
    explanation: "a command in a container sees its files, its environment and its token",
    fix: "Give pods/exec and pods/attach for the time they are needed only, by name.",
    source: "k/k pkg/registry/core/pod/rest/subresources.go",
  },
  "exec-pod-by-get": {
    name: "runs a command, by a WebSocket, in",
    condition: rights("enter-pod", asks("get pods/exec,pods/attach", "target")),
    ease: 0.95,
    attack: "T1609",
    explanation: "a WebSocket is opened with GET, which before 1.35 is decided as get",
    fix: "Take pods/exec and pods/attach out of rules that only read.",
    source: "k/k pkg/registry/core/pod/rest/subresources.go, gate AuthorizePodWebsocketUpgradeCreatePermission",
    attenuators: ["version-unknown"],
    until: "1.35",
  },
  "debug-pod": {
    name: "adds a debugging container to",
    attenuators: ["admission-policy"],
    condition: rights("debug-pod", asks("update,patch pods/ephemeralcontainers", "target")),
    ease: 0.95,
    attack: "T1609",
    explanation: "an ephemeral container mounts what the pod has and shares its processes",
    fix: "Give pods/ephemeralcontainers for the time it is needed only, by name.",
    source: "k/k pkg/registry/core/pod/storage/storage.go",
  },
  "change-pod": {
    name: "changes the image of",
    attenuators: ["admission-policy"],
    condition: rights("enter-pod", asks("update,patch pods", "target")),
    ease: 0.85,
    attack: "T1525",
    explanation: "another image runs with the same mounts, environment and account",
    fix: "Let controllers change pods, not people.",
    source: "k/k pkg/apis/core/validation (ValidatePodUpdate)",
  },
  "use-kubelet": {
    name: "runs a command, through a kubelet, in",
    condition: rights("use-kubelet", asks("get,create nodes/proxy", "target", true)),
    ease: 0.95,
    attack: "T1609",
    explanation: "the kubelet runs commands in every pod of its node; a WebSocket needs get only",
    fix: "Use the finer nodes/metrics, nodes/stats, nodes/log and nodes/healthz.",
    source: "k/k pkg/kubelet/server/auth.go",
  },
  "connect-pod": {
    name: "talks to a port of",
    condition: rights("connect-pod", [
      ...asks("create pods/portforward", "target"),
      ...asks("get,create,update,patch,delete pods/proxy", "target"),
    ]),
    ease: 0.5,
    attack: "T1090",
    explanation:
      "ports that hand out secrets or run commands are reached through the API server, past network policies",
    fix: "Give pods/portforward and pods/proxy for the time they are needed only, by name.",
    source: "k/k pkg/registry/core/pod/rest/subresources.go",
  },
  "connect-pod-by-service": {
    name: "talks, through a service, to a port of",
    condition: rights("connect-service", asks("get,create,update,patch,delete services/proxy", "target")),
    ease: 0.5,
    attack: "T1090",
    explanation:
      "ports that hand out secrets or run commands are reached through the API server, past network policies",
    fix: "Take services/proxy out of the rule.",
    source: "k/k pkg/registry/core/service/proxy.go",
  },
  "secret-in-pod": {
    name: "has in it",
    condition: structure,
    ease: 1,
    attack: "T1552.001",
    explanation: "the values are files or environment of the containers",
    fix: "Mount the secret only where it is used.",
    source: "k/k pkg/api/v1/pod/util.go",
  },
  "token-in-pod": {
    name: "has in it the token of",
    condition: structure,
    ease: 1,
    attack: "T1528",
    explanation: "the token of its account is mounted in a pod unless that is switched off",
    fix: "Set automountServiceAccountToken to false where the API is not used.",
    source: "k/k plugin/pkg/admission/serviceaccount/admission.go",
  },
} as const satisfies Readonly<Partial<Record<EdgeId, Row>>>;
