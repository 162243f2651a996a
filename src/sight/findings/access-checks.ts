/** Checks of who reads what. */
import { frameworks } from "./check.ts";
import type { Check } from "./check.ts";

export const accessChecks = {
  "SR-ACC-001": {
    name: "reaches-every-secret",
    title: "Somebody comes to every secret of the cluster by several steps",
    score: 7,
    frameworks: frameworks("cis 5.1.2 nsa C-0015 owasp K02 attack T1552.007"),
    explanation:
      "Nobody granted this as such: each step is allowed by itself, and together they end at every secret. Whoever takes over the first has all of it.",
    fix: "Take away the first step.",
  },
  "SR-ACC-002": {
    name: "grants-everything",
    title: "A binding lets somebody do everything",
    score: 8,
    frameworks: frameworks("cis 5.1.1 5.1.3 nsa C-0035 owasp K02 attack T1078"),
    explanation: "A rule of stars is every right there is and will be, on secrets and on what guards them.",
    fix: "Name verbs and resources in a role of its own.",
  },
  "SR-ACC-003": {
    name: "reads-every-secret",
    title: "A binding lets somebody read every secret of a namespace or of the cluster",
    score: 7,
    frameworks: frameworks("cis 5.1.2 nsa C-0015 owasp K02 K03 attack T1552.007"),
    explanation: "A rule on secrets without names counts for those that are made later too, whatever is in them.",
    fix: "Name the secrets in resourceNames.",
  },
} satisfies Readonly<Record<string, Check>>;
