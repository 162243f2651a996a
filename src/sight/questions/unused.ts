/** Rights that were granted and, according to audit logs, never used; and the smaller roles that would do. */
import { principalOf } from "../../access/rbac/role-binding.ts";
import type { Subject } from "../../access/rbac/role-binding.ts";
import type { PolicyRule } from "../../access/rbac/policy-rule.ts";
import type { AuditCoverage } from "../audit/audit-coverage.ts";
import type { RightUse, Usage, UserUse } from "../audit/usage.ts";
import { groupsOf } from "../graph/graph-node.ts";
import { RoleResolver } from "../graph/role-resolver.ts";
import { superGroups } from "../facts/server-profile.ts";
import type { ServerKind } from "../facts/server-profile.ts";
import type { SecurityGraph } from "../graph/security-graph.ts";
import type { BindingFact, RoleFact, RuleFact } from "../facts/facts.ts";
import { builtIn, placeText } from "../facts/provenance.ts";
import { allowsUse, givesMore, leastRules } from "./least-role.ts";
import { objectText } from "./principal.ts";
import { auditLimits, timeText } from "./who-did.ts";
import { answerCoverage } from "./who-can.ts";
import type { AnswerCoverage } from "./who-can.ts";

export interface UnusedAnswer {
  readonly coverage: AnswerCoverage;
  readonly audit: AuditCoverage;
  readonly limits: readonly string[];
  /** Bindings of which something was not used: those of which nothing was, first. */
  readonly bindings: readonly UnusedBinding[];
  /** Bindings of which everything was used. */
  readonly inUse: number;
  /** Bindings that nothing is said of: of roles that the source does not have, or that are the cluster's own. */
  readonly leftOut: readonly { readonly binding: string; readonly reason: string }[];
}

export interface UnusedBinding {
  readonly binding: string;
  readonly role: string;
  readonly place: string;
  /** Subjects of which no request that the role allows is on record. */
  readonly idleSubjects: readonly string[];
  /** How often the role was used by all of them. */
  readonly count: number;
  readonly last: string | undefined;
  readonly rules: readonly RuleUse[];
  /** What would do instead of binding and role: a role and a binding of it; empty when nothing was used. */
  readonly smaller: readonly Manifest[];
}

export interface RuleUse {
  /** Its number in the role, from 1. */
  readonly rule: number;
  readonly place: string;
  readonly count: number;
  readonly last: string | undefined;
  /** Nobody at all made such a request in these logs: their policy may leave them out. */
  readonly unseen: boolean;
}

/** An object as it would be applied. */
export type Manifest = Readonly<Record<string, unknown>>;

const group = "rbac.authorization.k8s.io";
const bootstrapping = "kubernetes.io/bootstrapping";

/** Every binding of the source that gives more than was used. */
export function unused(graph: SecurityGraph, usage: Usage, audit: AuditCoverage): UnusedAnswer {
  const { facts } = graph;
  const roles = new RoleResolver(facts);
  const users = new UsersBySubject(usage);
  const leftOut: { binding: string; reason: string }[] = [];
  const found: UnusedBinding[] = [];
  let inUse = 0;
  for (const binding of [...facts.of("ClusterRoleBinding"), ...facts.of("RoleBinding")]) {
    const [role, other] = roles.rolesOf(binding.roleRef, binding.namespace);
    const reason = reasonToLeaveOut(binding, { role, other, server: facts.server.kind });
    if (role === undefined || reason !== undefined) {
      leftOut.push({ binding: objectText(binding), reason: reason ?? "" });
      continue;
    }
    const answer = unusedBinding(binding, role, users);
    if (answer === undefined) inUse++;
    else found.push(answer);
  }
  const coverage = { ...audit, lost: audit.lost + usage.lost, merged: audit.merged + usage.merged };
  const limits = [
    ...auditLimits(coverage),
    "What is needed once a year is not used in a month: see how long the logs are.",
  ];
  const bindings = found.sort(idleFirst);
  return {
    coverage: answerCoverage(graph),
    audit: coverage,
    limits,
    bindings,
    inUse,
    leftOut: leftOut.sort(byBinding),
  };
}

function idleFirst(a: UnusedBinding, b: UnusedBinding): number {
  const [one, other] = [a.count > 0 ? 1 : 0, b.count > 0 ? 1 : 0];
  return one - other || byBinding(a, b);
}

function byBinding(a: { readonly binding: string }, b: { readonly binding: string }): number {
  return a.binding < b.binding ? -1 : 1;
}

function reasonToLeaveOut(
  binding: BindingFact,
  {
    role,
    other,
    server,
  }: { readonly role: RoleFact | undefined; readonly other: RoleFact | undefined; readonly server: ServerKind },
): string | undefined {
  const named = `${binding.roleRef.kind} ${binding.roleRef.name}`;
  if (role === undefined) return `${named} is not there`;
  if (other !== undefined) return `${named} is there several times, with different content`;
  if (role.at === builtIn) return `${named} is one of the cluster, and not all of its rules are in the source`;
  if (isMadeByTheCluster(binding, server)) return "the cluster makes it anew when it starts";
  if (role.labels.has(bootstrapping) && role.name.startsWith("system:"))
    return `${named} is one of the cluster's own parts`;
  return undefined;
}

/** Source: k/k plugin/pkg/auth/authorizer/rbac/bootstrappolicy; what is deleted of it comes back. */
function isMadeByTheCluster({ kind, name, subjects }: BindingFact, server: ServerKind): boolean {
  const ofSuperUsers = subjects.length > 0 && subjects.every((each) => superGroups[server].includes(each.name));
  const isDefault = kind === "ClusterRoleBinding" && (name === "cluster-admin" || superGroups[server].includes(name));
  return name.startsWith("system:") || (isDefault && ofSuperUsers);
}

interface Used {
  readonly rule: RuleFact;
  readonly uses: readonly RightUse[];
}

/** Undefined when all was used. */
function unusedBinding(binding: BindingFact, role: RoleFact, users: UsersBySubject): UnusedBinding | undefined {
  const bySubject = binding.subjects.map((subject) => ({
    subject,
    uses: users.of(subject, binding).flatMap(({ rights }) => [...rights.values()].filter((use) => isIn(use, binding))),
  }));
  const all = [...new Set(bySubject.flatMap(({ uses }) => uses))];
  const used = role.rules.map((rule): Used => ({ rule, uses: all.filter((use) => allowsUse(rule.rule, use)) }));
  const served = new Set(used.flatMap(({ uses }) => uses));
  const least = leastRules([...served]);
  const isIdle = ({ uses }: { readonly uses: readonly RightUse[] }) => !uses.some((use) => served.has(use));
  const idle = bySubject.filter(isIdle).map(({ subject }) => subject);
  const rules = role.rules.map(({ rule }) => rule);
  if (idle.length === 0 && served.size > 0 && !givesMore(rules, least)) return undefined;
  const total = summed([...served]);
  return {
    binding: objectText(binding),
    role: objectText(role),
    place: placeText(binding.at),
    idleSubjects: idle.map((subject) => subjectText(subject, binding)),
    ...total,
    rules: used.map(({ rule, uses }) => ({
      rule: rule.number,
      place: placeText(rule.at),
      ...summed(uses),
      unseen: uses.length === 0 && !users.all.some((use) => allowsUse(rule.rule, use)),
    })),
    smaller: served.size === 0 ? [] : manifests(binding, role, { rules: least, idle }),
  };
}

/** A right in a namespace is used there only. */
function isIn({ namespace, resource }: RightUse, binding: BindingFact): boolean {
  return binding.namespace === "" || (resource !== "" && namespace === binding.namespace);
}

function summed(uses: readonly RightUse[]): { readonly count: number; readonly last: string | undefined } {
  const last = uses.reduce((latest, use) => Math.max(latest, use.last), -Infinity);
  return { count: uses.reduce((sum, use) => sum + use.count, 0), last: timeText(last) };
}

function subjectText({ kind, name, namespace }: Subject, binding: BindingFact): string {
  return objectText({ kind, name, namespace: kind === "ServiceAccount" ? namespace || binding.namespace : "" });
}

/** Under names of their own: a binding cannot be pointed at another role, and the role may have other bindings. */
function manifests(
  binding: BindingFact,
  role: RoleFact,
  { rules, idle }: { readonly rules: readonly PolicyRule[]; readonly idle: readonly Subject[] },
): Manifest[] {
  const name = `${role.name}-used-by-${binding.name}`.slice(0, nameMax);
  const place = binding.namespace === "" ? { name } : { name, namespace: binding.namespace };
  const kind = binding.namespace === "" ? "ClusterRole" : "Role";
  const apiVersion = `${group}/v1`;
  return [
    { apiVersion, kind, metadata: place, rules: rules.map(ruleManifest) },
    {
      apiVersion,
      kind: binding.kind,
      metadata: place,
      roleRef: { apiGroup: group, kind, name },
      subjects: binding.subjects
        .filter((subject) => !idle.includes(subject))
        .map((each) => subjectManifest(each, binding)),
    },
  ];
}

const nameMax = 253;

function ruleManifest({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): Manifest {
  if (nonResourceURLs.length > 0) return { verbs, nonResourceURLs };
  return { verbs, apiGroups, resources, ...(resourceNames.length > 0 && { resourceNames }) };
}

function subjectManifest({ kind, name, namespace }: Subject, binding: BindingFact): Manifest {
  if (kind === "ServiceAccount") return { kind, name, namespace: namespace || binding.namespace };
  return { apiGroup: group, kind, name };
}

/** The users on record that a subject stands for. */
class UsersBySubject {
  readonly #usage: Usage;
  readonly #byGroup = new Map<string, UserUse[]>();
  /** All that anybody asked. */
  readonly all: readonly RightUse[];

  constructor(usage: Usage) {
    this.#usage = usage;
    this.all = [...usage.users].flatMap(({ rights }) => [...rights.values()]);
    for (const user of usage.users) {
      for (const name of new Set([...user.groups, ...groupsOf(user.user)])) {
        const members = this.#byGroup.get(name);
        if (members === undefined) this.#byGroup.set(name, [user]);
        else members.push(user);
      }
    }
  }

  of(subject: Subject, binding: BindingFact): readonly UserUse[] {
    const principal = principalOf(subject, binding.namespace);
    if (principal === undefined) return [];
    if (principal.type === "group") return this.#byGroup.get(principal.name) ?? [];
    const user = this.#usage.of(principal.name);
    return user === undefined ? [] : [user];
  }
}
