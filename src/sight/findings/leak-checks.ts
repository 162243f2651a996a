/** Checks of credentials where they do not belong. */
import { frameworks } from "./check.ts";
import type { Check } from "./check.ts";

export const leakChecks = {
  "SR-LEAK-001": {
    name: "credential-in-config-map",
    title: "A ConfigMap holds a credential",
    score: 9,
    frameworks: frameworks("cis 5.4.1 nsa C-0012 owasp K03 attack T1552.001"),
    explanation:
      "ConfigMaps are read by many more than secrets are - the role view reads them - and are neither encrypted nor left out of logs.",
    fix: "Move the value into a Secret, change it where it is accepted, and refer to the Secret.",
  },
  "SR-LEAK-002": {
    name: "credential-in-environment",
    title: "A credential stands in the environment of a workload",
    score: 8.5,
    frameworks: frameworks("cis 5.4.1 nsa C-0012 owasp K03 attack T1552.001"),
    explanation: "Whoever reads the object reads the value: the role view does, and every copy of the manifest.",
    fix: "Put the value into a Secret, change it where it is accepted, and refer to it by valueFrom.secretKeyRef, or better by a file.",
  },
  "SR-LEAK-003": {
    name: "credential-in-command",
    title: "A credential stands in the command line of a workload",
    score: 8.5,
    frameworks: frameworks("nsa C-0012 owasp K03 attack T1552.001"),
    explanation: "It is in the object, and in the list of processes of the container and of its node.",
    fix: "Let the program read the value from a file that a Secret is mounted as, and change the value.",
  },
  "SR-LEAK-004": {
    name: "credential-in-annotation",
    title: "A credential stands in an annotation",
    score: 8.5,
    frameworks: frameworks("nsa C-0012 owasp K03 attack T1552.001"),
    explanation: "Annotations are metadata: they are shown to those who may see names only, and are written to logs.",
    fix: "Remove the annotation, and change the value where it is accepted.",
  },
  "SR-LEAK-005": {
    name: "secret-repeated-in-annotation",
    title: "An annotation repeats the values of a secret",
    score: 6,
    frameworks: frameworks("nsa C-0012 owasp K03 attack T1552.001"),
    explanation:
      "kubectl apply keeps what was applied in an annotation, so that whoever may see metadata sees the values.",
    fix: "Remove the annotation, and write secrets with kubectl apply --server-side, or create.",
  },
  "SR-LEAK-006": {
    name: "credential-in-label",
    title: "A credential stands in a label",
    score: 9,
    frameworks: frameworks("nsa C-0012 owasp K03 attack T1552.001"),
    explanation: "Labels are indexed, printed by every list and sent to every system of metrics.",
    fix: "Remove the label, and change the value where it is accepted.",
  },
  "SR-LEAK-007": {
    name: "helm-release-with-credentials",
    title: "A release of Helm holds credentials",
    score: 7,
    frameworks: frameworks("nsa C-0012 owasp K03 attack T1552.001"),
    explanation:
      "Each revision keeps the values and the rendered manifests as they were; who reads one release reads what every Secret of the chart held, also since changed ones.",
    fix: "Let the chart refer to a Secret that it does not render (existingSecret), keep few revisions (--history-max), delete the old ones, and change the values.",
  },
  "SR-LEAK-008": {
    name: "credential-in-custom-resource",
    title: "A custom resource holds a credential",
    score: 8,
    frameworks: frameworks("nsa C-0012 owasp K03 attack T1552.001"),
    explanation:
      "Custom resources are encrypted at rest only if the configuration names them, and are read by roles that may not read secrets.",
    fix: "Use the field of the kind that refers to a Secret, and change the value.",
  },
  "SR-LEAK-009": {
    name: "credential-in-job",
    title: "A Job or CronJob holds a credential",
    score: 8.5,
    frameworks: frameworks("nsa C-0012 owasp K03 attack T1552.001"),
    explanation: "Finished jobs stay, with their arguments and environment, until somebody deletes them.",
    fix: "Refer to a Secret, set ttlSecondsAfterFinished, delete the old jobs, and change the value.",
  },
  "SR-LEAK-010": {
    name: "credential-in-history",
    title: "An earlier revision of a workload holds a credential",
    score: 6.5,
    frameworks: frameworks("nsa C-0012 owasp K03 attack T1552.001"),
    explanation:
      "ReplicaSets and ControllerRevisions keep templates as they were: a value that was moved into a Secret since still stands there.",
    fix: "Change the value, and let revisionHistoryLimit drop the old revisions.",
  },
  "SR-LEAK-011": {
    name: "secret-in-clear-in-manifests",
    title: "A tree of manifests holds the values of a Secret",
    score: 6,
    frameworks: frameworks("nsa C-0012 owasp K03 attack T1552.001"),
    explanation:
      "base64 is no encryption: who reads the repository, or a copy of it, reads the values, and the history keeps them.",
    fix: "Encrypt it (SOPS, SealedSecret), or declare where it comes from (ExternalSecret); change the values, since the history has them.",
  },
} satisfies Readonly<Record<string, Check>>;
