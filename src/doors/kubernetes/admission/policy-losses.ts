/** Who has, by role, what a policy denies: what whoever writes the policy is told. */
import { fitsOneOf } from "../../../access/policy/name-pattern.ts";
import { concerns } from "../../../access/policy/secret-policy.ts";
import type { DenyRule, SecretPolicy } from "../../../access/policy/secret-policy.ts";
import type { PolicyRule } from "../../../access/rbac/policy-rule.ts";
import type { RbacIndex } from "../../../access/rbac/rbac-index.ts";
import { describeGrant, principalOf } from "../../../access/rbac/role-binding.ts";
import type { RoleBinding, Subject } from "../../../access/rbac/role-binding.ts";
import { serviceAccountOf } from "../../../identity/service-account-user.ts";
import { authenticatedGroup, superAdminGroup } from "../../../identity/user.ts";
import { goQuote } from "../codec/go-quote.ts";

/**
 * A line for every grant of rights on secrets that the policy is about, sorted. Whether a condition or a label
 * spares some of it cannot be said here; the members of groups are not known.
 */
export function lossesBy(index: RbacIndex, policy: SecretPolicy): string[] {
  const lines = new Set<string>();
  for (const { binding, rules } of index.grants()) {
    const verbs = lostVerbs(policy, binding, rules);
    if (verbs.length === 0) continue;
    for (const subject of binding.subjects) {
      if (isConcerned(policy, subject, binding)) lines.add(lossText(policy, binding, subject, verbs));
    }
  }
  return [...lines].toSorted();
}

function lossText(policy: SecretPolicy, binding: RoleBinding, subject: Subject, verbs: readonly string[]): string {
  const loses = policy.mode === "enforce" ? "loses" : "would lose";
  const where = policy.namespace || binding.namespace;
  const scope = where === "" ? "" : ` in namespace ${goQuote(where)}`;
  return `${subject.kind} ${goQuote(subject.name)} ${loses} ${verbs.join(", ")} of secrets${scope}, given by ${describeGrant(binding, subject, goQuote)}`;
}

/** The verbs that rules of a role allow and the policy denies, where both apply. */
function lostVerbs(policy: SecretPolicy, binding: RoleBinding, rules: readonly PolicyRule[]): string[] {
  const { namespace } = binding;
  if (policy.namespace !== "" && namespace !== "" && namespace !== policy.namespace) return [];
  const verbs = new Set<string>();
  for (const deny of policy.rules) {
    if (namespace !== "" && !fitsOneOf(deny.namespaces, namespace)) continue;
    for (const rule of rules) for (const verb of commonVerbs(deny, rule)) verbs.add(verb);
  }
  return [...verbs].toSorted();
}

function commonVerbs(deny: DenyRule, rule: PolicyRule): string[] {
  const isOfSecrets =
    rule.apiGroups.some((group) => group === "" || group === "*") &&
    rule.resources.some((resource) => resource === "secrets" || resource === "*") &&
    (rule.resourceNames.length === 0 || rule.resourceNames.some((name) => fitsOneOf(deny.names, name)));
  if (!isOfSecrets) return [];
  if (rule.verbs.includes("*")) return [...deny.verbs];
  return deny.verbs.has("*") ? [...rule.verbs] : rule.verbs.filter((verb) => deny.verbs.has(verb));
}

function isConcerned(policy: SecretPolicy, subject: Subject, binding: RoleBinding): boolean {
  const principal = principalOf(subject, binding.namespace);
  if (principal === undefined) return false;
  const { type, name } = principal;
  if (type === "group") {
    return name !== superAdminGroup && concerns(policy, { name: "", groups: [name, authenticatedGroup] });
  }
  const account = serviceAccountOf(name);
  const accountGroups =
    account === undefined ? [] : ["system:serviceaccounts", `system:serviceaccounts:${account.namespace}`];
  return concerns(policy, { name, groups: [...accountGroups, authenticatedGroup] });
}
