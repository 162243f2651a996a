/** Objects of operators and gateways that name Secrets, for what they do with them. */
import { field, listField, textField } from "./json-fields.ts";
import type { ObjectFact } from "./object-fact.ts";

export const referrerKinds = [
  "SecretStore",
  "ClusterSecretStore",
  "PushSecret",
  "Issuer",
  "ClusterIssuer",
  "Certificate",
  "VaultAuth",
  "VaultConnection",
  "Gateway",
] as const;
export type ReferrerKind = (typeof referrerKinds)[number];

export interface ReferredSecret {
  readonly namespace: string;
  readonly name: string;
}

export interface ReferrerFact extends ObjectFact<ReferrerKind> {
  /** The Secrets it names, each once. */
  readonly secrets: readonly ReferredSecret[];
}

const depthMax = 20;
/** Of one object; more are no references but an attack on whoever reads them. */
const secretsMax = 1000;

/** Where the controller of issuers for the whole cluster looks, unless it is told another. Source: cert-manager. */
const issuerNamespace = "cert-manager";

/** What an object of one of the kinds names. A cluster-wide one that says no namespace is left out: it is whose it is used for. */
export function secretsReferredBy(kind: ReferrerKind, value: unknown, namespace: string): readonly ReferredSecret[] {
  const own = kind === "ClusterIssuer" ? issuerNamespace : namespace;
  const found = new Map<string, ReferredSecret>();
  const add = (ref: unknown, name: string) => {
    const place = textField(ref, "namespace") || own;
    if (place !== "" && name !== "" && found.size < secretsMax)
      found.set(`${place}\n${name}`, { namespace: place, name });
  };
  collect(field(value, "spec"), add, 0);
  return [...found.values()];
}

/** Source: apis of external-secrets, cert-manager, vault-secrets-operator, gateway-api: each has forms of its own. */
function collect(value: unknown, add: (ref: unknown, name: string) => void, depth: number): void {
  if (depth > depthMax || typeof value !== "object" || value === null) return;
  for (const [key, each] of Object.entries(value as Readonly<Record<string, unknown>>)) {
    if (key === "certificateRefs") {
      for (const ref of listField(value, key))
        if ((textField(ref, "kind") || "Secret") === "Secret") add(ref, textField(ref, "name"));
    } else if (typeof each === "string") {
      if (key === "secretName" || /secretRef$/i.test(key)) add(undefined, each);
    } else if (isReference(key, each)) {
      add(each, textField(each, "name"));
    } else collect(each, add, depth + 1);
  }
}

/** By the name of the field, or since it names a key of something that is no ConfigMap. */
function isReference(key: string, value: unknown): boolean {
  if (textField(value, "name") === "") return false;
  if (key === "secret" || /secretRef$/i.test(key)) return true;
  return textField(value, "key") !== "" && textField(value, "type") !== "ConfigMap";
}
