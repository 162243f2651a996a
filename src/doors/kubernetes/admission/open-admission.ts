/** Everything that has a word in every change at this door, in upstream's order; what counts comes last. */
import type { NamespaceFacts } from "../../../core/namespaces/namespace-facts.ts";
import { admissionChain } from "../../../gate/admission.ts";
import type { Admission } from "../../../gate/admission.ts";
import type { Kind } from "../kinds/kind.ts";
import type { KindStorage } from "../storage/kind-storage.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { nodeRestriction } from "./node-restriction.ts";
import { serviceAccountAdmission } from "./service-account.ts";
import type { ServiceAccountOptions } from "./service-account.ts";

export interface AdmissionOptions {
  readonly namespaces: NamespaceFacts;
  readonly storage: (kind: Kind) => KindStorage;
  readonly timers: ServiceAccountOptions["timers"];
  /** Keeps everybody from granting what they do not hold. */
  readonly escalation: Admission;
}

export function openAdmission({ namespaces, storage, timers, escalation }: AdmissionOptions): Admission {
  return admissionChain([
    namespaceLifecycle(namespaces),
    serviceAccountAdmission({ storage, timers }),
    nodeRestriction(storage),
    escalation,
  ]);
}
