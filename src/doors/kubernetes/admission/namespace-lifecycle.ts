/**
 * Nothing is created in a namespace that is missing or going, and the namespaces
 * the system stands on are not deleted.
 * Source: apiserver pkg/admission/plugin/namespace/lifecycle/admission.go.
 */
import { NamespaceUnavailableError, requireActiveNamespace } from "../../../core/namespaces/namespace-facts.ts";
import type { NamespaceFacts } from "../../../core/namespaces/namespace-facts.ts";
import type { Admission, AdmissionOperation } from "../../../gate/admission.ts";
import { forbidden, namespaceUnavailable } from "../api-error.ts";

/** Namespaces that may not be deleted. */
export const immortalNamespaces: ReadonlySet<string> = new Set(["default", "kube-system", "kube-public"]);

export function namespaceLifecycle(facts: NamespaceFacts): Admission {
  return {
    async admit(operation) {
      if (operation.operation === "delete") requireMortal(operation);
      if (operation.operation === "create" && operation.namespace !== "") await requireActive(facts, operation);
    },
  };
}

function requireMortal(operation: AdmissionOperation): void {
  if (operation.apiGroup !== "" || operation.resource !== "namespaces") return;
  if (!immortalNamespaces.has(operation.name)) return;
  const subject = { group: "", resource: "namespaces", name: operation.name };
  throw forbidden(subject, "this namespace may not be deleted");
}

async function requireActive(facts: NamespaceFacts, operation: AdmissionOperation): Promise<void> {
  // A cached fact is compared by the transaction that creates; a dry run has none.
  if (operation.dryRun) facts.refresh(operation.namespace);
  try {
    await requireActiveNamespace(facts, operation.namespace);
  } catch (error) {
    if (!(error instanceof NamespaceUnavailableError)) throw error;
    const subject = { group: operation.apiGroup, resource: operation.resource, name: operation.name };
    throw namespaceUnavailable(error, subject);
  }
}
