/** Checks of the settings of the platform, as far as objects show them. */
import { frameworks } from "./check.ts";
import type { Check } from "./check.ts";

export const platformChecks = {
  "SR-PLAT-001": {
    name: "no-encryption-at-rest",
    title: "The API server has no configuration for encryption at rest",
    score: 8,
    frameworks: frameworks("cis 1.2.27 nsa C-0066 owasp K03 attack T1552.001"),
    explanation: "Secrets are in etcd, its backups and its disks as they are.",
    fix: "Start kube-apiserver with --encryption-provider-config, with KMS v2 or aescbc first, then rewrite all secrets.",
  },
  "SR-PLAT-002": {
    name: "anonymous-requests",
    title: "The API server takes anonymous requests",
    score: 4,
    frameworks: frameworks("cis 1.2.1 nsa C-0262 owasp K09 attack T1078"),
    explanation: "Whatever is bound to system:unauthenticated, by anybody at any time, is open to the network.",
    fix: "Start kube-apiserver with --anonymous-auth=false, or limit it to the health paths by an AuthenticationConfiguration.",
  },
  "SR-PLAT-003": {
    name: "static-tokens",
    title: "The API server takes tokens from a file",
    score: 7,
    frameworks: frameworks("cis 1.2.2 owasp K09 attack T1078"),
    explanation: "They stand in the clear on its disk, do not expire, and change only with a restart.",
    fix: "Use tokens of accounts or OIDC, and remove --token-auth-file.",
  },
  "SR-PLAT-004": {
    name: "no-audit-log",
    title: "The API server keeps no audit log",
    score: 6,
    frameworks: frameworks("cis 1.2.16 3.2.1 nsa C-0067 owasp K10 attack T1562.008"),
    explanation: "Who read which secret cannot be found out afterwards.",
    fix: "Start it with --audit-policy-file and --audit-log-path; level Metadata for secrets.",
  },
  "SR-PLAT-005": {
    name: "webhook-fails-open",
    title: "An admission webhook that guards pods or secrets lets everything in when it fails",
    score: 4,
    frameworks: frameworks("cis 5.1.12 owasp K02 attack T1562.001"),
    explanation: "Whoever makes it fail, or waits until it does, is not checked.",
    fix: "Set failurePolicy to Fail, with a namespaceSelector that leaves out the webhook's own namespace.",
  },
  "SR-PLAT-006": {
    name: "encryption-without-effect",
    title: "A configuration of encryption leaves secrets as they are",
    score: 8,
    frameworks: frameworks("cis 1.2.28 nsa C-0066 owasp K03"),
    explanation: "The first provider is what writes: identity writes in the clear.",
    fix: "Put kms (apiVersion v2) or aescbc first, then rewrite all secrets.",
  },
  "SR-PLAT-007": {
    name: "encryption-key-in-clear",
    title: "A configuration of encryption holds its keys",
    score: 8,
    frameworks: frameworks("nsa C-0012 owasp K03 attack T1552.004"),
    explanation: "Who has this file and a copy of etcd has every secret.",
    fix: "Use KMS v2, whose key is elsewhere; rotate the keys, since this file was seen.",
  },
  "SR-PLAT-008": {
    name: "audit-log-with-values",
    title: "An audit policy writes bodies of secrets into the log",
    score: 8,
    frameworks: frameworks("cis 3.2.2 nsa C-0067 owasp K03 K10 attack T1552.001"),
    explanation: "At Request and RequestResponse, every value that passes is in the log, and with whoever reads it.",
    fix: "Log secrets, configmaps, tokenreviews and serviceaccounts/token at level Metadata.",
  },
  "SR-PLAT-009": {
    name: "kms-of-version-1",
    title: "A configuration of encryption uses KMS v1",
    score: 4,
    frameworks: frameworks("cis 1.2.28 owasp K03"),
    explanation: "It is deprecated and off by default since 1.29; each object costs a call of the key service.",
    fix: "Use apiVersion v2.",
  },
} satisfies Readonly<Record<string, Check>>;
