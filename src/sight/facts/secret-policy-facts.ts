/** Policies of a Strongroom server that deny what roles allow. Source: docs/policies.md, src/access/policy. */
import { disclosingVerbs } from "../../access/policy/secret-policy.ts";
import type { PolicySubject } from "../../access/policy/secret-policy.ts";
import { principalOf } from "../../access/rbac/role-binding.ts";
import { field, listField, textField, textsField } from "./json-fields.ts";
import type { ObjectFact } from "./object-fact.ts";

export const secretPolicyKinds = ["SecretPolicy", "ClusterSecretPolicy"] as const;
export type SecretPolicyKind = (typeof secretPolicyKinds)[number];

export interface SecretPolicyFact extends ObjectFact<SecretPolicyKind> {
  /** Whether it denies; one that only warns stops nobody. */
  readonly enforces: boolean;
  readonly whom: readonly PolicySubject[];
  readonly denials: readonly SecretDenial[];
}

/** What one rule of a policy denies. */
export interface SecretDenial {
  readonly verbs: readonly string[];
  /** Patterns; none stands for all. */
  readonly namespaces: readonly string[];
  readonly names: readonly string[];
  /** It is limited further, by labels, a condition or times, of which nothing is known here. */
  readonly isLimited: boolean;
}

export function readSecretPolicy(
  value: unknown,
  namespace: string,
): Pick<SecretPolicyFact, "enforces" | "whom" | "denials"> {
  const isTimed = field(value, "spec", "notBefore") !== undefined || field(value, "spec", "notAfter") !== undefined;
  return {
    enforces: textField(value, "spec", "mode") === "enforce",
    whom: listField(value, "spec", "subjects").flatMap((subject) => {
      const [kind, name] = [textField(subject, "kind"), textField(subject, "name")];
      return principalOf({ kind, name, namespace: textField(subject, "namespace") }, namespace) ?? [];
    }),
    denials: listField(value, "spec", "deny").map((rule) => ({
      verbs: field(rule, "verbs") === undefined ? disclosingVerbs : textsField(rule, "verbs"),
      namespaces: namespace === "" ? textsField(rule, "namespaces") : [namespace],
      names: textsField(rule, "names"),
      isLimited: isTimed || field(rule, "selector") !== undefined || textField(rule, "condition") !== "",
    })),
  };
}
