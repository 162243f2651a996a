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
  "SR-ACC-004": {
    name: "named-secret-for-everybody",
    title: "Everybody of a kind reads secrets by name",
    score: 9,
    frameworks: frameworks("cis 5.1.2 5.1.5 nsa C-0262 C-0265 owasp K02 K03 attack T1552.007"),
    explanation: "Every account, every pod without an account of its own, or anybody at all is enough to read them.",
    fix: "Bind the right to an account of its own, by name.",
  },
  "SR-ACC-005": {
    name: "lists-named-secrets",
    title: "A rule lists or watches secrets that it names",
    score: 2.5,
    frameworks: frameworks("cis 5.1.2 nsa C-0015 owasp K02 attack T1552.007"),
    explanation:
      "Whoever knows the name needs get only; list and watch of a name return the same values, and are what programs go wrong with.",
    fix: "Take list, watch and deletecollection out of the rule; get with resourceNames is enough.",
  },
  "SR-ACC-006": {
    name: "people-hold-edit",
    title: "People hold edit or admin in a namespace, and so read its secrets",
    score: 5.25,
    frameworks: frameworks("cis 5.1.2 5.1.4 nsa C-0035 owasp K02 K03 attack T1552.007"),
    explanation:
      "Both roles read every secret of the namespace, run pods with any of them, and act as each of its accounts.",
    fix: "Give people a role without secrets, pods/exec and impersonation, and the rest for the time it is needed.",
  },
  "SR-ACC-007": {
    name: "reads-secrets-of-another-namespace",
    title: "An account reads secrets of another namespace",
    score: 4,
    frameworks: frameworks("cis 5.1.2 owasp K02 attack T1552.007"),
    explanation: "Who runs pods in the one namespace reads secrets of the other.",
    fix: "Move the workload or the secret, or deliver the value (ExternalSecret) to where it is used.",
  },
  "SR-ACC-008": {
    name: "over-shared-secrets",
    title: "More than ten may read a secret that hardly any of them needs",
    score: 4.5,
    frameworks: frameworks("cis 5.1.2 owasp K02 K03 attack T1552.007"),
    explanation: "The more have it, the less a reading of it tells, and the sooner one of them is taken over.",
    fix: "Take the right from those that have no use for it.",
  },
  "SR-ACC-009": {
    name: "acts-as-stronger-account",
    title: "Somebody of a namespace may act as an account that reads more than they do",
    score: 7,
    frameworks: frameworks("cis 5.1.8 nsa C-0065 owasp K02 attack T1078"),
    explanation: "The role edit impersonates every account of its namespace, and rights of an account count beyond it.",
    fix: "Move the account to a namespace whose people are trusted as much as it is, or take impersonate out of the role.",
  },
  "SR-ACC-010": {
    name: "token-without-use",
    title: "Pods hold a token of an account that has no rights",
    score: 1.5,
    frameworks: frameworks("cis 5.1.5 5.1.6 nsa C-0034 C-0261 owasp K02 attack T1528"),
    explanation: "A token that can do nothing today can do whatever somebody binds to the account tomorrow.",
    fix: "Set automountServiceAccountToken to false.",
  },
  "SR-ACC-011": {
    name: "issued-client-certificate",
    title: "A client certificate that the cluster has issued is good",
    score: 4,
    frameworks: frameworks("cis 3.1.1 owasp K09 attack T1649"),
    explanation:
      "Nothing takes a certificate back: who has the key is the user, in its groups, until the certificate ends.",
    fix: "Take away what is bound to the user and its groups, and let people come by OIDC or tokens that end soon.",
  },
} satisfies Readonly<Record<string, Check>>;
