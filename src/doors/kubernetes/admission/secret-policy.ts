/**
 * Policies in admission: what is written to a secret's labels is held against them, and policies themselves are checked -
 * their conditions, whether their author has what they are about, and who would be cut off from what.
 */
import { loadCel } from "../../../cel/cel.ts";
import type { Attributes } from "../../../access/authorizer.ts";
import { policiesAgainst, policiesLeft } from "../../../access/policy/policy-authorizer.ts";
import type { PolicyFacts } from "../../../access/policy/policy-authorizer.ts";
import type { Labels, SecretPolicy } from "../../../access/policy/secret-policy.ts";
import type { PolicyRule } from "../../../access/rbac/policy-rule.ts";
import { missingRules } from "../../../access/rbac/rule-cover.ts";
import type { RbacFacts } from "../../../access/rbac-authorizer.ts";
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import type { Admission, AdmissionOperation } from "../../../gate/admission.ts";
import { superAdminGroup } from "../../../identity/user.ts";
import { allPowerfulGroups } from "../access/all-powerful-groups.ts";
import { conditionVariables, conditionsOf, labelsOf, policyOf } from "../access/policy-objects.ts";
import { forbidden } from "../api-error.ts";
import type { JsonObject } from "../codec/json.ts";
import { clusterSecretPolicyKind, secretPolicyKind } from "../kinds/secret-policy.ts";
import { strongroomGroup } from "../kinds/strongroom-group.ts";
import { invalid } from "../validation/field-error-constructors.ts";
import { metadataOf } from "../validation/object-fields.ts";
import { requireValid } from "../verbs/verb-context.ts";
import { lossesBy } from "./policy-losses.ts";

/** Most losses that are told one by one. */
const lossesTold = 20;

export interface PolicyAdmissionOptions {
  readonly facts: PolicyFacts;
  readonly rbac: RbacFacts;
}

/** Holds changes of secrets against policies, and policies against their authors. */
export function secretPolicyAdmission(options: PolicyAdmissionOptions): Admission {
  return {
    async admit(operation) {
      const { apiGroup, resource, subresource } = operation;
      if (apiGroup === "" && resource === "secrets" && subresource === "") return admitSecret(options, operation);
      if (apiGroup !== strongroomGroup || !resource.endsWith("secretpolicies")) return;
      await admitPolicy(options, operation);
    },
  };
}

function admitSecret({ facts }: PolicyAdmissionOptions, operation: AdmissionOperation): void {
  if (operation.operation === "delete") return;
  const { user, namespace, name, apiGroup, resource, origin } = operation;
  const verb = verbOf(operation);
  const attributes = {
    user,
    verb,
    resource: { apiGroup, apiVersion: "v1", resource, subresource: "", namespace, name },
    path: undefined,
    origin,
  };
  // The door's own tree, by the contract of AdmissionOperation.
  const labels = labelsOf(metadataOf(operation.next as JsonObject));
  const [policy] = [
    ...policiesAgainst(facts, attributes, { namespace, name, labels }),
    ...leftBy(facts, attributes, operation, labels),
  ];
  if (policy === undefined) return;
  throw forbidden({ group: apiGroup, resource, name }, `denied by SecretPolicy ${JSON.stringify(policy)}`);
}

function leftBy(facts: PolicyFacts, attributes: Attributes, operation: AdmissionOperation, after: Labels): string[] {
  const { namespace, name, previous } = operation;
  if (previous === undefined) return [];
  const before = labelsOf(metadataOf(previous as JsonObject)); // as above
  return policiesLeft(facts, attributes, { namespace, name, before, after });
}

/** A rollback is asked for by a POST, and updates. */
function verbOf({ operation, requestedVerb }: AdmissionOperation): string {
  return operation === "update" && requestedVerb === "create"
    ? "update"
    : operation === "create"
      ? "create"
      : requestedVerb;
}

async function admitPolicy(options: PolicyAdmissionOptions, operation: AdmissionOperation): Promise<void> {
  const [next, previous] = [operation.next, operation.previous] as (JsonObject | undefined)[]; // the door's own trees
  if (next !== undefined) await requireConditions(operation, next);
  const policies = [next, previous].flatMap((tree) => (tree === undefined ? [] : [policyOf(tree, undefined)]));
  await requireAuthority(options, operation, policies);
  if (next === undefined) return;
  const losses = lossesBy(options.rbac.index(), policyOf(next, undefined));
  for (const loss of losses.slice(0, lossesTold)) operation.warn(loss);
  if (losses.length > lossesTold) operation.warn(`and ${losses.length - lossesTold} more`);
}

async function requireConditions({ apiGroup, resource, name }: AdmissionOperation, policy: JsonObject): Promise<void> {
  const conditions = conditionsOf(policy);
  if (conditions.length === 0) return;
  const cel = await loadCel();
  const errors = conditions.flatMap(({ path, text }) => {
    try {
      cel.compile(text, conditionVariables);
      return [];
    } catch (error) {
      if (!isStrongroomError(error, "invalid")) throw error;
      return [invalid(path, text, error.message)];
    }
  });
  requireValid({ group: apiGroup, kind: kindOf(resource) }, name, errors);
}

/**
 * Who writes or removes a policy must hold what it is about, or may `escalate` policies: else whoever may write policies
 * could cut off those who have more. And nobody takes away one that holds them back.
 */
async function requireAuthority(
  { facts, rbac }: PolicyAdmissionOptions,
  operation: AdmissionOperation,
  policies: readonly SecretPolicy[],
): Promise<void> {
  const { user, apiGroup, resource, namespace, requestedName, name } = operation;
  if (user.groups.includes(superAdminGroup)) return;
  const subject = { group: apiGroup, resource, name };
  const stored = operation.previous === undefined ? [] : facts.policies().about(user);
  if (stored.some(({ id, mode }) => mode === "enforce" && policies.some((policy) => policy.id === id))) {
    throw forbidden(subject, "the policy is about you: it may be changed only by whoever it does not hold back");
  }
  if (user.groups.some((group) => allPowerfulGroups.includes(group))) return;
  const asked = { apiGroup, apiVersion: "*", resource, subresource: "", namespace, name: requestedName };
  const decision = await operation.decide({ user, verb: "escalate", resource: asked, path: undefined });
  if (decision.type === "allow") return;
  const held = rbac.index().rulesFor(user, namespace).rules;
  if (missingRules(held, policies.flatMap(coveredRules)).length > 0) {
    throw forbidden(subject, "you must hold the rights on secrets that the policy is about");
  }
}

function coveredRules({ rules }: SecretPolicy): PolicyRule[] {
  return rules.map(({ verbs }) => ({
    verbs: [...verbs],
    apiGroups: [""],
    resources: ["secrets"],
    resourceNames: [],
    nonResourceURLs: [],
  }));
}

function kindOf(resource: string): string {
  return (resource === secretPolicyKind.resource ? secretPolicyKind : clusterSecretPolicyKind).kind;
}
