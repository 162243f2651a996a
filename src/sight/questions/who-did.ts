/** Who read a secret in fact, according to audit logs. */
import type { AuditCoverage } from "../audit/audit-coverage.ts";
import type { SecretReads, SecretUse } from "../audit/secret-reads.ts";
import type { SecretName } from "../graph/security-graph.ts";
import { objectText, principalOfNode } from "./principal.ts";
import type { Principal } from "./principal.ts";

/** What somebody did, as answers show it. Times are RFC 3339, undefined when no time is on record. */
export interface UseShown {
  /** Requests whose answers held the values, as far as the log can say. */
  readonly reads: number;
  /** Of them, those for all secrets of a namespace or of the cluster. */
  readonly scoped: number;
  /** Of them, writes that changed nothing. */
  readonly dryRun: number;
  /** Deletions that may have returned the values. */
  readonly uncertain: number;
  /** Reads of metadata alone, which only our own server tells. */
  readonly metadataOnly: number;
  readonly refused: number;
  readonly first: string | undefined;
  readonly last: string | undefined;
  readonly verbs: Readonly<Record<string, number>>;
  /** Who acted as the principal; the first eight, as the two below. */
  readonly impersonatedBy: readonly string[];
  readonly userAgents: readonly string[];
  readonly addresses: readonly string[];
}

export interface Did extends UseShown {
  readonly principal: Principal;
}

export interface WhoDidAnswer {
  readonly secret: SecretName;
  readonly audit: AuditCoverage;
  /** What these logs cannot say. */
  readonly limits: readonly string[];
  /** Who read it, or may have: the last one first. */
  readonly readers: readonly Did[];
  /** Who only tried, or saw only metadata. */
  readonly others: readonly Did[];
}

export function whoDid(secret: SecretName, reads: SecretReads, audit: AuditCoverage): WhoDidAnswer {
  const all = reads.uses.map((use) => ({ principal: principalOfUser(use.user), ...shownUse(use) })).sort(lastFirst);
  const isReader = ({ reads: count, uncertain }: Did) => count + uncertain > 0;
  return {
    secret,
    audit: { ...audit, lost: audit.lost + reads.lost },
    limits: auditLimits(audit),
    readers: all.filter(isReader),
    others: all.filter((each) => !isReader(each)),
  };
}

const nodePrefix = "system:node:";

/** The principal that a user on record is. Nodes read as themselves what is for their pods. */
export function principalOfUser(user: string): Principal {
  if (user.startsWith(nodePrefix)) return { kind: "Node", name: user.slice(nodePrefix.length), namespace: "" };
  return principalOfNode({ type: "user", name: user }) ?? { kind: "User", name: user, namespace: "" };
}

export function shownUse(use: SecretUse): UseShown {
  const { reads, scoped, dryRun, uncertain, metadataOnly, refused } = use;
  return {
    reads,
    scoped,
    dryRun,
    uncertain,
    metadataOnly,
    refused,
    first: timeText(use.first),
    last: timeText(use.last),
    verbs: Object.fromEntries([...use.verbs].sort()),
    impersonatedBy: [...use.impersonators].sort(),
    userAgents: [...use.userAgents].sort(),
    addresses: [...use.addresses].sort(),
  };
}

export function timeText(milliseconds: number): string | undefined {
  return Number.isFinite(milliseconds) ? new Date(milliseconds).toISOString() : undefined;
}

function lastFirst(a: Did, b: Did): number {
  const [one, other] = [a.last ?? "", b.last ?? ""];
  if (one !== other) return one < other ? 1 : -1;
  return objectText(a.principal) < objectText(b.principal) ? -1 : 1;
}

/** What logs of these kinds, with these requests in them, leave open: sentences. */
export function auditLimits({ kinds, secretVerbs, requests, truncated, lost }: AuditCoverage): string[] {
  const limits: string[] = [];
  const seen = (verb: string) => (secretVerbs[verb] ?? 0) > 0;
  if (requests === 0) limits.push("There is no request in it at all: it says nothing about who read what.");
  else if (Object.keys(secretVerbs).length === 0) {
    limits.push("There is no request about secrets in it: its policy may leave them out.");
  } else if (!seen("get") && !seen("list") && !seen("watch")) {
    limits.push("There is no get, list or watch of secrets in it: its policy may leave reads out.");
  }
  if (kinds.includes("kubernetes")) {
    limits.push(
      "The log of Kubernetes does not say whether values left or only names and metadata (as tables, or metadata alone).",
      "It does not name what a list, a watch or a deletecollection returned: each counts for every secret of its scope, also for those that a selector left out.",
      "A kubelet reads for its pods as the node; which pod it was for is not on record.",
    );
  }
  if (truncated > 0) limits.push(`${truncated} events were cut down by the server to its size limit.`);
  if (lost > 0) limits.push(`${lost} requests were not kept, since there were too many kinds of them.`);
  return limits;
}
