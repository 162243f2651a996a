/** Running something new in a namespace: what runs there has what the namespace has. */
import type { EdgeId } from "../edge-rule.ts";
import { asks, limitedRights, rights, structure, workloadResources, writes } from "./row.ts";
import type { Row } from "./row.ts";

/** Kinds whose objects have a pod in them, of operators that many clusters have. */
const podTemplateResources = [
  "workflows.argoproj.io,cronworkflows.argoproj.io,rollouts.argoproj.io",
  "taskruns.tekton.dev,pipelineruns.tekton.dev",
  "services.serving.knative.dev,jobs.batch.volcano.sh",
  "virtualmachines.kubevirt.io,virtualmachineinstances.kubevirt.io",
  "sparkapplications.sparkoperator.k8s.io,rayclusters.ray.io,rayjobs.ray.io",
].join(",");

const keepOut = "Keep who creates pods out of namespaces with secrets that are not theirs.";

export const newPodsRules = {
  "create-pod": {
    name: "creates a pod that reaches",
    condition: rights("run-pod", asks("create pods", "none")),
    ease: 0.85,
    attenuators: ["admission-policy", "closed-egress"],
    attack: "T1610",
    explanation: "a pod gets any secret and any account of its namespace without a right to them",
    fix: keepOut,
    source: "k/k pkg/kubelet/volumemanager",
  },
  "change-workload": {
    name: "changes a workload so that it reaches",
    condition: rights("run-pod", writes(workloadResources)),
    ease: 0.85,
    attenuators: ["admission-policy", "closed-egress"],
    attack: "T1610",
    explanation: "the template of a workload gets any secret and any account of its namespace",
    fix: "Keep who changes workloads out of namespaces with secrets that are not theirs.",
    source: "k/k pkg/controller",
  },
  "change-pod-template-resource": {
    name: "has an operator run a pod that reaches",
    condition: rights("run-pod", writes(podTemplateResources)),
    ease: 0.85,
    attenuators: ["admission-policy", "closed-egress"],
    attack: "T1610",
    explanation:
      "an operator makes pods of the template in its object; they get any secret and account of the namespace",
    fix: "Treat rights over such objects as rights to create pods.",
    source: "the kinds of Argo, Tekton, Knative, Volcano, KubeVirt, Spark and Ray",
  },
  "inject-by-webhook": {
    name: "puts a container, by a webhook, into new pods that reach",
    condition: limitedRights(
      { reach: "cluster" },
      "run-pod",
      writes("mutatingwebhookconfigurations.admissionregistration.k8s.io", true),
    ),
    ease: 0.7,
    attack: "T1546",
    explanation: "a mutating webhook changes every pod that is made, in every namespace",
    fix: "Let few change webhook configurations, and be alerted when one changes.",
    source: "k8s.io/apiserver pkg/admission/plugin/webhook/mutating",
  },
  "inject-by-policy": {
    name: "puts a container, by a policy, into new pods that reach",
    condition: limitedRights(
      { reach: "cluster" },
      "run-pod",
      writes("mutatingadmissionpolicies.admissionregistration.k8s.io", true),
      writes("mutatingadmissionpolicybindings.admissionregistration.k8s.io", true),
    ),
    ease: 0.7,
    attenuators: ["version-unknown"],
    attack: "T1546",
    explanation: "a mutating admission policy changes every pod that is made, in every namespace",
    fix: "Let few change admission policies, and be alerted when one changes.",
    source: "k8s.io/apiserver pkg/admission/plugin/policy/mutating, on by default from 1.36",
    since: "1.36",
  },
  "relabel-namespace": {
    name: "takes the Pod Security level off a namespace, and",
    condition: rights("run-any-pod", asks("update,patch namespaces", "namespace"), [
      ...asks("create pods", "none"),
      ...writes(workloadResources),
    ]),
    ease: 0.85,
    attenuators: ["admission-policy"],
    attack: "T1562.001",
    explanation: "the level is a label of the namespace, which whoever may change the namespace may change",
    fix: "Give nobody both pods and their namespace to change.",
    source: "k8s.io/pod-security-admission admission/admission.go",
  },
  "mount-node-folder": {
    name: "makes a volume of a node's folder, and so is root on",
    condition: rights(
      "own-machine",
      asks("create persistentvolumes", "none", true),
      asks("create persistentvolumeclaims", "none"),
      [...asks("create pods", "none"), ...writes(workloadResources)],
    ),
    ease: 0.7,
    attenuators: ["admission-policy"],
    attack: "T1611",
    explanation: "Pod Security does not look behind a claim: a persistent volume may be any folder of a node",
    fix: "Let only the storage's own controllers create persistent volumes.",
    source: "k/k pkg/apis/core/types.go (HostPathVolumeSource of a PersistentVolume)",
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
  "new-pod-escapes": {
    name: "leaves, in a pod of its own, to",
    condition: structure,
    ease: 0.7,
    attenuators: ["pod-security", "admission-policy"],
    free: true,
    attack: "T1611",
    explanation: "a new pod may be privileged, and so root on its node, unless the namespace has a Pod Security level",
    fix: "Enforce the Pod Security level baseline or restricted in the namespace.",
    source: "k8s.io/pod-security-admission policy",
  },
} as const satisfies Readonly<Partial<Record<EdgeId, Row>>>;
