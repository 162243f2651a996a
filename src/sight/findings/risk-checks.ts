/** Checks of secrets that are at risk. */
import { frameworks } from "./check.ts";
import type { Check } from "./check.ts";

export const riskChecks = {
  "SR-RSK-001": {
    name: "secret-at-risk",
    title: "An attack may come to secrets on an easy way",
    score: 7,
    frameworks: frameworks("cis 5.1.2 nsa C-0255 owasp K02 K03 attack T1552.007"),
    explanation:
      "The number is how likely it is that one of the five worst sources is an attacker and comes to the secret, and how much the secret opens.",
    fix: "Take away the first step of the way.",
  },
  "SR-TOX-001": {
    name: "internet-to-precious-secret",
    title: "What is reached from outside comes to a precious secret at once",
    score: 9,
    frameworks: frameworks("nsa C-0255 owasp K03 K06 attack T1190 T1552.007"),
    explanation: "Each of these by itself is common. Together, one fault in the application is the loss of the secret.",
    fix: "Let another workload, which is not reached from outside, use the secret.",
  },
  "SR-TOX-002": {
    name: "internet-to-old-shared-secret",
    title: "What is reached from outside comes to a secret that many have and nobody has changed",
    score: 8,
    frameworks: frameworks("owasp K03 K06 attack T1190 T1552.007"),
    explanation: "Who took it some time ago still has it, and so many have it that nobody would notice.",
    fix: "Change the value, give each consumer a secret of its own, and cut the way from outside.",
  },
  "SR-TOX-003": {
    name: "anybody-to-secret-of-production",
    title: "Whoever is authenticated comes to a secret of production that opens much",
    score: 9,
    frameworks: frameworks("cis 5.1.2 owasp K02 K03 attack T1078 T1552.007"),
    explanation: "Every account of every namespace, and every pod with a token, is enough to begin with.",
    fix: "Bind the right to accounts by name.",
  },
  "SR-TOX-004": {
    name: "inside-to-precious-copied-secret",
    title: "A precious secret is copied to several places, one of which any workload comes to",
    score: 7,
    frameworks: frameworks("owasp K03 attack T1552.007"),
    explanation: "The weakest of the places decides for all of them.",
    fix: "Keep the value in one place and let the others have credentials of their own.",
  },
} satisfies Readonly<Record<string, Check>>;
