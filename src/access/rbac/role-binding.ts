/**
 * Roles, bindings and their subjects, as far as decisions need them.
 *
 * Source: kubernetes/api rbac/v1/types.go; k/k pkg/registry/rbac/validation/rule.go.
 */
import type { PolicyRule } from "./policy-rule.ts";

/** Role or ClusterRole; `namespace` is "" for a ClusterRole. */
export interface Role {
  readonly namespace: string;
  readonly name: string;
  readonly rules: readonly PolicyRule[];
}

/** What a binding refers to: a role of its own namespace, or a ClusterRole. */
export interface RoleRef {
  /** Anything but Role and ClusterRole is an error of whoever asks for its rules. */
  readonly kind: string;
  readonly name: string;
}

export interface Subject {
  /** User, Group or ServiceAccount; others are nobody. */
  readonly kind: string;
  readonly name: string;
  /** Of an account; "" stands for the namespace of the binding. */
  readonly namespace: string;
}

/** RoleBinding or ClusterRoleBinding; `namespace` is "" for a ClusterRoleBinding. */
export interface RoleBinding {
  readonly namespace: string;
  readonly name: string;
  readonly roleRef: RoleRef;
  readonly subjects: readonly Subject[];
}

/** Whom a subject stands for: a user by name, a group by name, or nobody. */
export type Principal = { readonly type: "user" | "group"; readonly name: string };

/** An account is the user that its tokens are; without any namespace it is nobody. */
export function principalOf(subject: Subject, bindingNamespace: string): Principal | undefined {
  switch (subject.kind) {
    case "User":
      return { type: "user", name: subject.name };
    case "Group":
      return { type: "group", name: subject.name };
    case "ServiceAccount": {
      const namespace = subject.namespace || bindingNamespace;
      return namespace === ""
        ? undefined
        : { type: "user", name: `system:serviceaccount:${namespace}:${subject.name}` };
    }
    default:
      return undefined;
  }
}

/** Writes a name in quotes; handed in, since the protocol says how. */
export type Quote = (text: string) => string;

/** Where a right comes from, in upstream's words. */
export function describeGrant(binding: RoleBinding, subject: Subject, quote: Quote): string {
  const { namespace, name, roleRef } = binding;
  const source =
    namespace === "" ? `ClusterRoleBinding ${quote(name)}` : `RoleBinding ${quote(`${name}/${namespace}`)}`;
  return `${source} of ${roleRef.kind} ${quote(roleRef.name)} to ${describeSubject(subject, namespace, quote)}`;
}

function describeSubject(subject: Subject, bindingNamespace: string, quote: Quote): string {
  const { kind, name } = subject;
  if (kind !== "ServiceAccount") return `${kind} ${quote(name)}`;
  return `${kind} ${quote(`${name}/${subject.namespace || bindingNamespace}`)}`;
}

/**
 * Why a role has no rules: it is not there, or a reference of this kind leads nowhere. Upstream's authorizer names the
 * resource in the singular, and its checks of what is granted in the plural.
 */
export function unresolvedText({ kind, name }: RoleRef, quote: Quote, number: "singular" | "plural"): string {
  if (kind !== "Role" && kind !== "ClusterRole") return `unsupported role reference kind: ${quote(kind)}`;
  return `${kind.toLowerCase()}${number === "plural" ? "s" : ""}.rbac.authorization.k8s.io "${name}" not found`;
}

/** Several errors as one text: each distinct one once. Source: apimachinery pkg/util/errors (Aggregate). */
export function aggregateText(texts: readonly string[]): string {
  const distinct = [...new Set(texts)];
  return distinct.length === 1 ? (distinct[0] ?? "") : `[${distinct.join(", ")}]`;
}
