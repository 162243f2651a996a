/** Admission webhooks: what is sent the Secrets that are written. */
import { field, listField, textField, textsField } from "./json-fields.ts";
import type { ObjectFact } from "./object-fact.ts";

export const webhookKinds = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"] as const;
export type WebhookKind = (typeof webhookKinds)[number];

export interface WebhookFact extends ObjectFact<WebhookKind> {
  /** Those that are sent Secrets. */
  readonly receivers: readonly SecretReceiver[];
}

/** A service that a webhook of a configuration is behind. One that is an address outside of the cluster is none. */
export interface SecretReceiver {
  /** Of the webhook, in its configuration. */
  readonly index: number;
  readonly service: { readonly namespace: string; readonly name: string };
  /** The namespaces it is limited to by name; empty for all. Other labels, of namespaces and of objects, are not looked at. */
  readonly namespaces: readonly string[];
}

const writes: ReadonlySet<string> = new Set(["*", "CREATE", "UPDATE", "DELETE"]);

/** Source: k8s.io/api admissionregistration/v1; a DELETE is sent the object that goes. */
export function readWebhooks(value: unknown): Pick<WebhookFact, "receivers"> {
  const receivers = listField(value, "webhooks").flatMap((webhook, index): SecretReceiver[] => {
    const name = textField(webhook, "clientConfig", "service", "name");
    if (name === "" || !listField(webhook, "rules").some(concernsSecrets)) return [];
    const namespace = textField(webhook, "clientConfig", "service", "namespace");
    return [{ index, service: { namespace, name }, namespaces: namespacesOf(webhook) }];
  });
  return { receivers };
}

function concernsSecrets(rule: unknown): boolean {
  const [groups, resources] = [textsField(rule, "apiGroups"), textsField(rule, "resources")];
  return (
    groups.some((group) => group === "" || group === "*") &&
    resources.some((resource) => resource === "*" || resource === "*/*" || resource === "secrets") &&
    textsField(rule, "operations").some((operation) => writes.has(operation)) &&
    textField(rule, "scope") !== "Cluster"
  );
}

const nameLabel = "kubernetes.io/metadata.name";

function namespacesOf(webhook: unknown): readonly string[] {
  const label = textField(webhook, "namespaceSelector", "matchLabels", nameLabel);
  if (label !== "") return [label];
  const chosen = listField(webhook, "namespaceSelector", "matchExpressions").find(
    (each) => field(each, "key") === nameLabel && field(each, "operator") === "In",
  );
  return textsField(chosen, "values");
}
