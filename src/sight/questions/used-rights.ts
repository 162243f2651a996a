/** Readers by right beside readers in fact: which ways were used, when last, how often and by whom. */
import { secretOfVersion } from "../../access/secret-resource.ts";
import type { AuditCoverage } from "../audit/audit-coverage.ts";
import type { SecretReads, SecretUse } from "../audit/secret-reads.ts";
import type { RightUse, Usage } from "../audit/usage.ts";
import { edgeNumber, edgeRules } from "../graph/edge-rules.ts";
import type { Ask } from "../graph/edge-rule.ts";
import { accountUser, groupsOf } from "../graph/graph-node.ts";
import type { Step } from "./path-steps.ts";
import { objectText, readObjectText } from "./principal.ts";
import type { Principal } from "./principal.ts";
import { auditLimits, principalOfUser, shownUse, timeText } from "./who-did.ts";
import type { Did, UseShown } from "./who-did.ts";
import type { Reader, WhoCanAnswer } from "./who-can.ts";

/** How often a step was taken: by the principal, or by members of the group. */
export interface StepUse {
  readonly count: number;
  readonly last: string | undefined;
  /** The last ones first; at most eight. */
  readonly by: readonly string[];
}

export interface UsedStep extends Step {
  /** Undefined for steps that no request shows: mounts, memberships, roles that could be taken. */
  readonly used: StepUse | undefined;
}

export interface ReaderInFact extends Omit<Reader, "path"> {
  readonly path: readonly UsedStep[];
  /** What the principal, or members of the group, did to the secret; undefined when it is in no log. */
  readonly used: UseShown | undefined;
}

export interface WhoCanAndDidAnswer extends Omit<WhoCanAnswer, "readers"> {
  readonly readers: readonly ReaderInFact[];
  readonly audit: AuditCoverage;
  readonly limits: readonly string[];
  /** Who read it in fact and has no right now, by any way that is known. */
  readonly withoutRight: readonly Did[];
}

export interface AuditFindings {
  /** The answer about all readers, where the one that is shown leaves some out. */
  readonly right: WhoCanAnswer;
  readonly reads: SecretReads;
  readonly usage: Usage;
  readonly audit: AuditCoverage;
}

const shownMax = 8;

/** Joins the answer with what audit logs say. */
export function withUse(answer: WhoCanAnswer, { right, reads, usage, audit }: AuditFindings): WhoCanAndDidAnswer {
  const uses = reads.uses;
  const readers = answer.readers.map((reader): ReaderInFact => {
    const path = reader.path.map((step) => ({ ...step, used: stepUse(step, usage) }));
    return { ...reader, path, used: useOf(reader.principal, uses) };
  });
  const counts = { lost: audit.lost + reads.lost + usage.lost, merged: audit.merged + usage.merged };
  const coverage = { ...audit, ...counts };
  return {
    ...answer,
    readers,
    audit: coverage,
    limits: auditLimits(coverage),
    withoutRight: withoutRight(right, uses),
  };
}

function withoutRight({ readers }: WhoCanAnswer, uses: readonly SecretUse[]): Did[] {
  const known = new Set(readers.map(({ principal }) => objectText(principal)));
  return uses
    .filter(({ reads, uncertain }) => reads + uncertain > 0)
    .filter(({ user, groups }) => {
      const own = objectText(principalOfUser(user));
      const all = [...groups, ...groupsOf(user)].map((name) => objectText({ kind: "Group", namespace: "", name }));
      return ![own, ...all].some((who) => known.has(who));
    })
    .map((use) => ({ principal: principalOfUser(use.user), ...shownUse(use) }))
    .sort((a, b) => (objectText(a.principal) < objectText(b.principal) ? -1 : 1));
}

/** Of a group, what its members did, as far as their groups are on record. */
function useOf(principal: Principal, uses: readonly SecretUse[]): UseShown | undefined {
  const own = uses.filter(({ user, groups }) => isPrincipal(principal, user, groups));
  const [first, ...others] = own;
  return first === undefined ? undefined : shownUse(others.reduce(joined, first));
}

function joined(a: SecretUse, b: SecretUse): SecretUse {
  const verbs = new Map(a.verbs);
  for (const [verb, count] of b.verbs) verbs.set(verb, (verbs.get(verb) ?? 0) + count);
  const some = (one: ReadonlySet<string>, other: ReadonlySet<string>) => new Set([...one, ...other].slice(0, shownMax));
  return {
    user: a.user,
    groups: a.groups,
    reads: a.reads + b.reads,
    scoped: a.scoped + b.scoped,
    dryRun: a.dryRun + b.dryRun,
    uncertain: a.uncertain + b.uncertain,
    metadataOnly: a.metadataOnly + b.metadataOnly,
    refused: a.refused + b.refused,
    first: Math.min(a.first, b.first),
    last: Math.max(a.last, b.last),
    verbs,
    impersonators: some(a.impersonators, b.impersonators),
    userAgents: some(a.userAgents, b.userAgents),
    addresses: some(a.addresses, b.addresses),
  };
}

/** Whether a user on record is the principal, or a member of the group. */
export function isPrincipal({ kind, name, namespace }: Principal, user: string, groups: ReadonlySet<string>): boolean {
  switch (kind) {
    case "User":
      return user === name;
    case "ServiceAccount":
      return user === accountUser(namespace, name).name;
    case "Node":
      return user === `system:node:${name}`;
    case "Group":
      return groups.has(name) || groupsOf(user).includes(name);
    default:
      return kind satisfies never;
  }
}

/** Requests of the kind that the step needs, about what it leads to. */
function stepUse(step: Step, usage: Usage): StepUse | undefined {
  const condition = edgeRules[edgeNumber(step.edge)]?.condition;
  const from = readObjectText(step.from);
  if (condition?.type !== "rights" || from === undefined || !isPrincipalKind(from.kind)) return undefined;
  const principal = { kind: from.kind, namespace: from.namespace, name: from.name };
  const target = readObjectText(step.to);
  const found: { readonly user: string; readonly use: RightUse }[] = [];
  for (const { user, groups, rights } of usage.users) {
    if (!isPrincipal(principal, user, groups)) continue;
    for (const use of rights.values()) {
      if (condition.needs.flat().some((ask) => isUseOf(ask, use, target))) found.push({ user, use });
    }
  }
  found.sort((a, b) => b.use.last - a.use.last);
  return {
    count: found.reduce((sum, { use }) => sum + use.count, 0),
    last: timeText(Math.max(-Infinity, ...found.map(({ use }) => use.last))),
    by: [...new Set(found.map(({ user }) => objectText(principalOfUser(user))))].slice(0, shownMax),
  };
}

function isPrincipalKind(kind: string): kind is Principal["kind"] {
  return kind === "User" || kind === "Group" || kind === "ServiceAccount" || kind === "Node";
}

function isUseOf(
  ask: Ask,
  use: RightUse,
  target: { readonly namespace: string; readonly name: string } | undefined,
): boolean {
  if (ask.verb !== use.verb || ask.group !== use.group || ask.resource !== use.resource) return false;
  if (ask.subresource !== use.subresource || target === undefined) return false;
  if (use.namespace !== "" && use.namespace !== target.namespace && !ask.clusterWide) return false;
  if (use.name === undefined || use.name === "") return true;
  if (ask.named === "version") return secretOfVersion(use.name) === target.name;
  return ask.named !== "target" || use.name === target.name;
}
