/** Links of a Strongroom server, which keep one secret the same as another. Source: docs/etcd.md, docs/adr/0034. */
import { textField } from "./json-fields.ts";
import type { ObjectFact } from "./object-fact.ts";

export interface SecretLinkFact extends ObjectFact<"SecretLink"> {
  /** What it shares; the secret that it makes has its own namespace and name. */
  readonly source: { readonly namespace: string; readonly name: string };
  /** Whether the secret of its name is its own; of one that nobody has settled, as in a manifest, that is to come. */
  readonly isKept: boolean;
}

export function readSecretLink(value: unknown): Pick<SecretLinkFact, "source" | "isKept"> {
  const [namespace, name] = [
    textField(value, "spec", "source", "namespace"),
    textField(value, "spec", "source", "name"),
  ];
  const phase = textField(value, "status", "phase");
  return { source: { namespace, name }, isKept: phase === "" || phase === "Linked" };
}
