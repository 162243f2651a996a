/**
 * Resources whose bodies hold values of secrets or tokens, and which rules of a policy would have them recorded. A rule that comes
 * first for everybody keeps the later ones from it, so that the usual policies (metadata of secrets, then more of the rest) pass.
 */
import { isAtLeast, matchesGroupResource } from "./audit-policy.ts";
import type { AuditLevel, AuditPolicy, AuditedRequest, PolicyRule } from "./audit-policy.ts";

type Resource = Pick<NonNullable<AuditedRequest["resource"]>, "apiGroup" | "resource" | "subresource">;

/** A body that holds values: what is sent by these verbs, what is answered to those. */
interface ValueBodies extends Resource {
  readonly sent: readonly string[];
  readonly answered: readonly string[];
}

const writes = ["create", "update", "patch"];

const valueBodies: readonly ValueBodies[] = [
  {
    apiGroup: "",
    resource: "secrets",
    subresource: "",
    sent: writes,
    answered: [...writes, "get", "list", "delete", "deletecollection"],
  },
  { apiGroup: "", resource: "serviceaccounts", subresource: "token", sent: [], answered: ["create"] },
  {
    apiGroup: "authentication.k8s.io",
    resource: "tokenreviews",
    subresource: "",
    sent: ["create"],
    answered: ["create"],
  },
];

/** The same of this product's own: masked, and no reason to warn of policies that were written before there was such a thing. */
const ownValues: Resource = { apiGroup: "strongroom.dev", resource: "secretversions", subresource: "value" };

/** Whether bodies of a resource are masked where they are kept. */
export function holdsValues(resource: AuditedRequest["resource"]): boolean {
  if (resource === undefined) return false;
  return [...valueBodies, ownValues].some((known) => {
    if (known.apiGroup !== resource.apiGroup || known.resource !== resource.resource) return false;
    return known.subresource === "" || known.subresource === resource.subresource;
  });
}

/** A rule that would record values. */
export interface ValueRule {
  /** Its place in the policy, from 0. */
  readonly index: number;
  readonly level: AuditLevel;
  /** `secrets`, `serviceaccounts/token`, ... */
  readonly resources: readonly string[];
}

/** The rules of a policy that would record values of secrets or tokens for some request. */
export function rulesAboutValues({ rules }: AuditPolicy): ValueRule[] {
  return rules.flatMap((rule, index) => {
    const found = valueBodies.filter((bodies) => recordsValues(rules, index, bodies));
    if (found.length === 0) return [];
    return [{ index, level: rule.level, resources: found.map(nameOf) }];
  });
}

function nameOf({ resource, subresource }: Resource): string {
  return subresource === "" ? resource : `${resource}/${subresource}`;
}

function recordsValues(rules: readonly PolicyRule[], index: number, bodies: ValueBodies): boolean {
  const rule = rules[index];
  if (rule === undefined || !isAtLeast(rule.level, "Request") || !isAbout(rule, bodies)) return false;
  const verbs = isAtLeast(rule.level, "RequestResponse") ? [...bodies.sent, ...bodies.answered] : bodies.sent;
  return verbs.some((verb) => {
    if (rule.verbs.length > 0 && !rule.verbs.includes(verb)) return false;
    return !rules.slice(0, index).some((earlier) => takesAll(earlier, bodies, verb));
  });
}

/** Whether a rule may match requests for the resource, by whomever and wherever. */
function isAbout(rule: PolicyRule, resource: Resource): boolean {
  if (rule.resources.length > 0) return rule.resources.some((wanted) => matchesGroupResource(wanted, resource));
  return rule.namespaces.length > 0 || rule.nonResourceURLs.length === 0;
}

/** Whether a rule matches every request for the resource by this verb, so that no later rule sees one. */
function takesAll(rule: PolicyRule, resource: Resource, verb: string): boolean {
  if (rule.users.length > 0 || rule.userGroups.length > 0 || rule.namespaces.length > 0) return false;
  if (rule.verbs.length > 0 && !rule.verbs.includes(verb)) return false;
  if (rule.resources.length === 0) return rule.nonResourceURLs.length === 0;
  return rule.resources.some((wanted) => wanted.resourceNames.length === 0 && matchesGroupResource(wanted, resource));
}
