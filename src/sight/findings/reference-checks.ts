/** Checks of references to what is not there. */
import { frameworks } from "./check.ts";
import type { Check } from "./check.ts";

export const referenceChecks = {
  "SR-REF-001": {
    name: "missing-secret",
    title: "A workload needs a secret that is not there",
    score: 4,
    frameworks: frameworks("owasp K03"),
    explanation:
      "The containers do not start. Whoever may create secrets in the namespace decides what the workload gets under this name.",
    fix: "Correct the name in the workload, or create the secret; whoever creates it first decides what is in it.",
  },
  "SR-REF-002": {
    name: "missing-role",
    title: "A binding gives a role that is not there",
    score: 5,
    frameworks: frameworks("owasp K02 attack T1098.006"),
    explanation:
      "Whoever creates the role decides what the subjects of the binding may do, without touching the binding.",
    fix: "Delete the binding, or correct the name of the role in a new one.",
  },
  "SR-REF-003": {
    name: "missing-account",
    title: "A binding gives rights to an account that is not there",
    score: 5,
    frameworks: frameworks("cis 5.1.5 owasp K02 attack T1098.006"),
    explanation: "Whoever creates an account of this name has the rights at once.",
    fix: "Take the subject out of the binding.",
  },
  "SR-REF-004": {
    name: "missing-workload-account",
    title: "A workload runs as an account that is not there",
    score: 2,
    frameworks: frameworks("owasp K02"),
    explanation:
      "Its pods are refused until somebody creates the account, and then have the rights of what was created.",
    fix: "Create the account, or name another one.",
  },
} satisfies Readonly<Record<string, Check>>;
