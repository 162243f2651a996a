/** Standing in the way of every write. */
import type { EdgeId } from "../edge-rule.ts";
import { asks, rights } from "./row.ts";
import type { Row } from "./row.ts";

export const admissionRules = {
  "tap-by-webhook": {
    name: "sees, once it is written,",
    condition: rights(
      "read-secret",
      asks(
        "create validatingwebhookconfigurations.admissionregistration.k8s.io,mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "none",
        true,
      ).concat(
        asks(
          "update,patch validatingwebhookconfigurations.admissionregistration.k8s.io,mutatingwebhookconfigurations.admissionregistration.k8s.io",
          "any",
          true,
        ),
      ),
    ),
    ease: 0.5,
    attack: "T1546",
    explanation: "an admission webhook is sent the secret that is written, and the one it replaces",
    fix: "Let few change webhook configurations, and be alerted when one changes.",
    source: "k8s.io/apiserver pkg/admission/plugin/webhook",
  },
} as const satisfies Readonly<Partial<Record<EdgeId, Row>>>;
