/** Checks of how secrets come, stay and go. */
import { frameworks } from "./check.ts";
import type { Check } from "./check.ts";

export const lifecycleChecks = {
  "SR-LIFE-001": {
    name: "old-secret",
    title: "A secret was not changed for more than a year",
    score: 3,
    frameworks: frameworks("owasp K03"),
    explanation: "Whoever had it at any time since has it still.",
    fix: "Rotate it; let something do so by itself.",
  },
  "SR-LIFE-002": {
    name: "unused-secret",
    title: "Nothing that is known uses a secret",
    score: 2,
    frameworks: frameworks("owasp K03"),
    explanation: "What nobody needs can only be stolen.",
    fix: "Make sure that nothing outside of the cluster reads it, and delete it.",
  },
  "SR-LIFE-003": {
    name: "orphaned-token",
    title: "A token of an account that is not there",
    score: 3,
    frameworks: frameworks("owasp K03 K09"),
    explanation:
      "The controller should have deleted it; an account of the same name does not bring it back, but whatever reads it is misled.",
    fix: "Delete the secret.",
  },
  "SR-LIFE-004": {
    name: "same-value-in-namespaces",
    title: "Secrets of several namespaces hold the same value",
    score: 4.5,
    frameworks: frameworks("owasp K03 attack T1552.007"),
    explanation:
      "Who reads one of them reads all; the weakest namespace decides, and a change has to reach all of them.",
    fix: "Give each its own credential, or let one source deliver it (ExternalSecret).",
  },
  "SR-LIFE-005": {
    name: "restart-pending",
    title: "A pod runs with an earlier value of a secret",
    score: 3,
    frameworks: frameworks("owasp K03"),
    explanation:
      "Environment is read once: the pod goes on with the value from before the change, which a rotation takes for gone.",
    fix: "Restart the pod (kubectl rollout restart), or mount the secret as a file.",
  },
  "SR-LIFE-006": {
    name: "no-immutable-secrets",
    title: "None of very many secrets is immutable",
    score: 0.9,
    frameworks: frameworks("owasp K03"),
    explanation:
      "Each kubelet watches every secret of its pods; those that never change need not be watched, and cannot be changed by mistake.",
    fix: "Set immutable: true on secrets that are replaced rather than changed.",
  },
} satisfies Readonly<Record<string, Check>>;
