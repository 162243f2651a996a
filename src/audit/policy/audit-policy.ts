/**
 * The audit policy of Kubernetes (audit.k8s.io/v1 Policy): at which level a request goes out in Kubernetes form, at which stages,
 * and whether its bodies are kept. It decides nothing about our own log, which has every request.
 *
 * Source: apiserver pkg/apis/audit/v1/types.go, pkg/audit/policy/checker.go.
 */

/** From nothing to everything. */
export const auditLevels = ["None", "Metadata", "Request", "RequestResponse"] as const;
export type AuditLevel = (typeof auditLevels)[number];

/** The stages that a policy knows; ours have one more, which never goes out in this form. */
export const policyStages = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"] as const;
export type PolicyStage = (typeof policyStages)[number];

/** Requests that all of the given fields match; an empty one matches everything. */
export interface PolicyRule {
  readonly level: AuditLevel;
  readonly users: readonly string[];
  readonly userGroups: readonly string[];
  readonly verbs: readonly string[];
  readonly resources: readonly GroupResources[];
  /** "" is what is outside of namespaces, and across them. */
  readonly namespaces: readonly string[];
  readonly nonResourceURLs: readonly string[];
  readonly omitStages: readonly PolicyStage[];
  /** Undefined: as the policy has it. */
  readonly omitManagedFields: boolean | undefined;
}

export interface GroupResources {
  /** "" is the core group, `*` every one. */
  readonly group: string;
  /** `*`, `pods`, `pods/log`, `pods/*` or `*` + `/log`; none is every one, with subresources. */
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
}

export interface AuditPolicy {
  readonly rules: readonly PolicyRule[];
  readonly omitStages: readonly PolicyStage[];
  readonly omitManagedFields: boolean;
}

/** What a policy looks at. The user is the one whose credential it is, also when they act as somebody else. */
export interface AuditedRequest {
  /** Undefined where nobody was recognised. */
  readonly user: { readonly name: string; readonly groups: readonly string[] } | undefined;
  readonly verb: string;
  readonly resource:
    | {
        readonly apiGroup: string;
        readonly resource: string;
        readonly subresource: string;
        readonly namespace: string;
        readonly name: string;
      }
    | undefined;
  readonly path: string | undefined;
}

/** What goes out of a request. */
export interface AuditScope {
  readonly level: AuditLevel;
  readonly omitStages: readonly PolicyStage[];
  readonly omitManagedFields: boolean;
}

/** The first rule that matches decides; where none does, nothing goes out. */
export function auditScope(policy: AuditPolicy, request: AuditedRequest): AuditScope {
  const rule = policy.rules.find((candidate) => matches(candidate, request));
  const { omitStages, omitManagedFields } = policy;
  if (rule === undefined) return { level: "None", omitStages, omitManagedFields };
  return {
    level: rule.level,
    omitStages: [...new Set([...omitStages, ...rule.omitStages])],
    omitManagedFields: rule.omitManagedFields ?? omitManagedFields,
  };
}

/** Whether a level has at least what another has. */
export function isAtLeast(level: AuditLevel, least: AuditLevel): boolean {
  return auditLevels.indexOf(level) >= auditLevels.indexOf(least);
}

function matches(rule: PolicyRule, { user, verb, resource, path }: AuditedRequest): boolean {
  if (rule.users.length > 0 && (user === undefined || !rule.users.includes(user.name))) return false;
  const groups = user?.groups ?? [];
  if (rule.userGroups.length > 0 && !groups.some((group) => rule.userGroups.includes(group))) return false;
  if (rule.verbs.length > 0 && !rule.verbs.includes(verb)) return false;
  if (rule.namespaces.length > 0 || rule.resources.length > 0) return matchesResource(rule, resource);
  if (rule.nonResourceURLs.length === 0) return true;
  return resource === undefined && rule.nonResourceURLs.some((pattern) => matchesPath(pattern, path ?? ""));
}

function matchesPath(pattern: string, path: string): boolean {
  if (pattern === "*" || pattern === path) return true;
  return pattern.endsWith("*") && path.startsWith(pattern.replace(/\*+$/, ""));
}

function matchesResource(rule: PolicyRule, resource: AuditedRequest["resource"]): boolean {
  if (resource === undefined) return false;
  if (rule.namespaces.length > 0 && !rule.namespaces.includes(resource.namespace)) return false;
  if (rule.resources.length === 0) return true;
  return rule.resources.some((wanted) => {
    if (!matchesGroupResource(wanted, resource)) return false;
    // Upstream reads names only where resources are named; a policy that says otherwise is not accepted.
    return wanted.resourceNames.length === 0 || wanted.resourceNames.includes(resource.name);
  });
}

/** Whether a rule is about this resource, whatever its name. */
export function matchesGroupResource(
  { group, resources }: GroupResources,
  {
    apiGroup,
    resource,
    subresource,
  }: Pick<NonNullable<AuditedRequest["resource"]>, "apiGroup" | "resource" | "subresource">,
): boolean {
  if (group !== apiGroup && group !== "*") return false;
  if (resources.length === 0) return true;
  const whole = subresource === "" ? resource : `${resource}/${subresource}`;
  return resources.some(
    (wanted) =>
      wanted === "*" ||
      wanted === whole ||
      (subresource !== "" && wanted === `*/${subresource}`) ||
      // Upstream has this match the resource itself, too.
      wanted === `${resource}/*`,
  );
}
