/** Standing in the way of every write. */
import type { EdgeId } from "../edge-rule.ts";
import { limitedRights, structure, writes } from "./row.ts";
import type { Row } from "./row.ts";

const group = "admissionregistration.k8s.io";
const webhooks = `validatingwebhookconfigurations.${group},mutatingwebhookconfigurations.${group}`;

export const admissionRules = {
  "tap-by-webhook": {
    name: "sees, once it is written,",
    condition: limitedRights({ reach: "cluster" }, "read-secret", writes(webhooks, true)),
    ease: 0.5,
    attack: "T1546",
    explanation: "an admission webhook is sent the secret that is written, and the one it replaces",
    fix: "Let few change webhook configurations, and be alerted when one changes.",
    source: "k8s.io/apiserver pkg/admission/plugin/webhook",
  },
  "is-sent-secrets": {
    name: "is sent, as a webhook, once it is written,",
    condition: structure,
    ease: 0.5,
    attack: "T1552",
    explanation: "the pods behind an admission webhook are sent each secret that is written, and the one it replaces",
    fix: "Take secrets out of the rules of the webhook, or the namespace out of those it looks at.",
    source: "k8s.io/apiserver pkg/admission/plugin/webhook",
  },
  "tap-by-policy": {
    name: "sees, in the audit log, once it is written,",
    condition: limitedRights(
      { reach: "cluster" },
      "read-secret",
      writes(`validatingadmissionpolicies.${group}`, true),
      writes(`validatingadmissionpolicybindings.${group}`, true),
    ),
    ease: 0.5,
    attack: "T1546",
    explanation:
      "audit annotations of an admission policy are expressions over the object that is written, values included",
    fix: "Let few change admission policies, and be alerted when one changes.",
    source: "k8s.io/apiserver pkg/admission/plugin/policy/validating",
  },
} as const satisfies Readonly<Partial<Record<EdgeId, Row>>>;
