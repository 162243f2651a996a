/**
 * Nobody grants what they do not hold: who writes a role must have its rules, who binds one too - or the right to
 * `escalate` or `bind` it.
 *
 * Source: k/k pkg/registry/rbac/escalation_check.go, pkg/registry/rbac/{role,clusterrole,rolebinding,
 * clusterrolebinding}/policybased/storage.go, pkg/registry/rbac/validation/rule.go (ConfirmNoEscalation).
 */
import type { Attributes } from "../../../access/authorizer.ts";
import { fullAuthority } from "../../../access/rbac/policy-rule.ts";
import type { PolicyRule } from "../../../access/rbac/policy-rule.ts";
import { aggregateText, unresolvedText } from "../../../access/rbac/role-binding.ts";
import {
  compactRules,
  compactText,
  missingRules,
  quotedList,
  simpleRuleCount,
} from "../../../access/rbac/rule-cover.ts";
import type { RbacFacts } from "../../../access/rbac-authorizer.ts";
import type { Admission, AdmissionOperation } from "../../../gate/admission.ts";
import { allPowerfulGroups } from "../access/all-powerful-groups.ts";
import { roleRefOf, rulesOf } from "../access/rbac-objects.ts";
import { ApiError, forbidden, notFound } from "../api-error.ts";
import { goQuote } from "../codec/go-quote.ts";
import { equalJson, jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { clusterRoleBindingKind, roleBindingKind } from "../kinds/role-binding.ts";
import { clusterRoleKind, roleKind } from "../kinds/role.ts";
import { canonicalObject } from "../storage/canonical-order.ts";
import { metadataOf, objectField, objectsField } from "../validation/object-fields.ts";
import { rbacGroup } from "../validation/role-binding.ts";

/** A rule of a few kilobytes can stand for billions of simple ones, which would have to be compared one by one. */
export const simpleRulesMax = 10_000;

const kinds = [roleKind, clusterRoleKind, roleBindingKind, clusterRoleBindingKind];

/** A creation or update of a role or binding, with the trees. */
interface RbacOperation extends Omit<AdmissionOperation, "next" | "previous"> {
  readonly next: JsonObject;
  readonly previous: JsonObject | undefined;
}

/** Refuses roles and bindings that give their author's rights beyond what they hold. */
export function rbacEscalation(facts: RbacFacts): Admission {
  return {
    async admit(operation) {
      if (operation.apiGroup !== rbacGroup || operation.operation === "delete") return;
      if (operation.user.groups.some((group) => allPowerfulGroups.includes(group))) return;
      const change = operation as RbacOperation; // the door's own trees, by the contract of AdmissionOperation
      if (operation.resource.endsWith("bindings")) await admitBinding(facts, change);
      else await admitRole(facts, change);
    },
  };
}

async function admitRole(facts: RbacFacts, operation: RbacOperation): Promise<void> {
  const { next, previous, resource, requestedName } = operation;
  if (await mayBeyond(operation, { verb: "escalate", resource, name: requestedName })) return;
  if (changesNothingOfOwn(operation)) return;
  requireHeld(facts, operation, rulesOf(next));
  // It could gather anything, and keep others from being narrowed.
  if (!gathers(next) && !(previous !== undefined && gathers(previous))) return;
  if (missingOf(facts, operation, fullAuthority).length > 0) {
    throw refused(operation, "must have cluster-admin privileges to use the aggregationRule");
  }
}

async function admitBinding(facts: RbacFacts, operation: RbacOperation): Promise<void> {
  if (changesNothingOfOwn(operation)) return;
  const roleRef = roleRefOf(operation.next);
  const resource = roleRef.kind === "Role" ? "roles" : "clusterroles";
  if (await mayBeyond(operation, { verb: "bind", resource, name: roleRef.name })) return;
  const rules = facts.index().rulesOf(roleRef, operation.namespace);
  if (rules === undefined) throw notFound({ group: rbacGroup, resource, name: roleRef.name });
  requireHeld(facts, operation, rules);
}

/** Whether the user has the right to grant more than they hold. */
async function mayBeyond(
  { user, namespace, decide }: RbacOperation,
  asked: { readonly verb: string; readonly resource: string; readonly name: string },
): Promise<boolean> {
  const { verb, resource, name } = asked;
  const attributes: Attributes = {
    user,
    verb,
    resource: { apiGroup: rbacGroup, apiVersion: "*", resource, subresource: "", namespace, name },
    path: undefined,
  };
  return (await decide(attributes)).type === "allow";
}

/** Whether an update leaves all but what the garbage collector needs as it was. */
function changesNothingOfOwn({ resource, next, previous }: RbacOperation): boolean {
  const kind = kinds.find((candidate) => candidate.resource === resource);
  if (previous === undefined || kind === undefined) return false;
  const own = (tree: JsonObject) => canonicalObject(kind.schema, jsonObject(Object.entries(withoutOwners(tree))));
  return equalJson(own(next), own(previous));
}

const ownersFields = new Set(["ownerReferences", "finalizers", "managedFields", "selfLink", "resourceVersion"]);

function withoutOwners(tree: JsonObject): JsonObject {
  const kept = Object.entries(metadataOf(tree)).filter(([field]) => !ownersFields.has(field));
  return jsonObject([...Object.entries(tree), ["metadata", jsonObject(kept)]]);
}

function gathers(role: JsonObject): boolean {
  return objectsField(objectField(role, "aggregationRule"), "clusterRoleSelectors").length > 0;
}

function missingOf(facts: RbacFacts, { user, namespace }: RbacOperation, rules: readonly PolicyRule[]): PolicyRule[] {
  return missingRules(facts.index().rulesFor(user, namespace).rules, rules);
}

function requireHeld(facts: RbacFacts, operation: RbacOperation, rules: readonly PolicyRule[]): void {
  const count = rules.reduce((sum, rule) => sum + simpleRuleCount(rule), 0);
  if (count > simpleRulesMax) {
    const message = `Request entity too large: the rules stand for ${count} simple rules, the limit is ${simpleRulesMax}`;
    throw new ApiError(413, "RequestEntityTooLarge", message);
  }
  const missing = missingOf(facts, operation, rules);
  if (missing.length === 0) return;
  const { user, namespace } = operation;
  const lines = new Set(compactRules(missing).map((rule) => compactText(rule, goQuote)));
  const who = `user ${goQuote(user.name)} (groups=${quotedList(user.groups, goQuote)})`;
  const what = `${who} is attempting to grant RBAC permissions not currently held:\n${[...lines].sort().join("\n")}`;
  const unresolved = facts.index().rulesFor(user, namespace).unresolved;
  const errors = aggregateText(unresolved.map((roleRef) => unresolvedText(roleRef, goQuote, "plural")));
  throw refused(operation, unresolved.length === 0 ? what : `${what}; resolution errors: [${errors}]`);
}

function refused({ apiGroup, resource, name }: RbacOperation, why: string): ApiError {
  return forbidden({ group: apiGroup, resource, name }, why);
}
