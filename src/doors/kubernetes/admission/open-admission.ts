/** Everything that has a word in every change at this door, in upstream's order; what counts comes last. */
import type { NamespaceFacts } from "../../../core/namespaces/namespace-facts.ts";
import { admissionChain } from "../../../gate/admission.ts";
import type { Admission } from "../../../gate/admission.ts";
import type { FollowOptions } from "../access/kind-follower.ts";
import type { Kind } from "../kinds/kind.ts";
import type { KindStorage } from "../storage/kind-storage.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { nodeRestriction } from "./node-restriction.ts";
import { resourceQuotaAdmission } from "./resource-quota.ts";
import { secretLinkAdmission } from "./secret-link.ts";
import { serviceAccountAdmission } from "./service-account.ts";
import { StoredAdmissionPolicies } from "./stored-admission-policies.ts";
import { StoredQuotas } from "./stored-quotas.ts";
import { validatingAdmissionPolicies } from "./validating-admission-policy.ts";

export interface AdmissionOptions extends FollowOptions {
  readonly kinds: readonly Kind[];
  readonly namespaces: NamespaceFacts;
  /** Keeps everybody from granting what they do not hold. */
  readonly escalation: Admission;
}

export interface OpenAdmission extends Admission, AsyncDisposable {
  /** The storages to serve from: what they have written, admission knows. */
  readonly storage: (kind: Kind) => KindStorage;
}

/** Reads and follows what admission decides by. */
export async function openAdmission(options: AdmissionOptions): Promise<OpenAdmission> {
  const { kinds, namespaces, escalation, storage, timers } = options;
  const quotas = await StoredQuotas.open(options);
  const policies = await StoredAdmissionPolicies.open(options);
  const limiting = (namespace: string, names: readonly string[]) => quotas.limiting(namespace, names);
  const observed = new Map<Kind, KindStorage>();
  return {
    ...admissionChain([
      namespaceLifecycle(namespaces),
      serviceAccountAdmission({ storage, timers }),
      nodeRestriction(storage),
      escalation,
      secretLinkAdmission(storage),
      validatingAdmissionPolicies({ kinds, storage, bound: () => policies.bound() }),
      resourceQuotaAdmission({ kinds, storage, limiting }),
    ]),
    storage(kind) {
      const known = observed.get(kind) ?? policies.observed(kind, quotas.observed(kind, storage(kind)));
      observed.set(kind, known);
      return known;
    },
    async [Symbol.asyncDispose]() {
      await policies[Symbol.asyncDispose]();
      await quotas[Symbol.asyncDispose]();
    },
  };
}
