/**
 * Who speaks for which cluster: by a token of which only the hash is known here, or as a user of this server that the configuration
 * names. A credential is that of one cluster, whatever the request says.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { ReportingCluster } from "../../audit/cluster/cluster-audit-config.ts";
import { equalDigests } from "../../crypto/constant-time.ts";
import { authenticatedGroup } from "../../identity/user.ts";
import type { User } from "../../identity/user.ts";
import { bearerToken } from "../../identity/tokens/bearer.ts";

/** What a user who speaks for a cluster is in, beside the groups that they have here; given by {@link reporterOf} alone. */
export function reportersOf(cluster: string): string {
  return `cluster-audit:${cluster}`;
}

/** Who is asking, in the group of the reporters of a cluster if they may speak for one. Raises `unauthenticated`. */
export async function reporterOf(
  request: IncomingMessage,
  clusters: readonly ReportingCluster[],
  authenticate: (request: IncomingMessage) => Promise<User>,
): Promise<User> {
  const byToken = clusterOfToken(bearerToken(request.headers.authorization ?? ""), clusters);
  if (byToken !== undefined) {
    const { name } = byToken;
    const groups = [reportersOf(name), authenticatedGroup];
    return { name: `cluster:${name}:audit`, uid: undefined, groups, extra: new Map() };
  }
  const user = await authenticate(request);
  // A claim of such a group by another authority counts for nothing.
  const groups = user.groups.filter((group) => !group.startsWith(reportersOf("")));
  const cluster = clusters.find((each) => each.user !== undefined && each.user === user.name);
  return { ...user, groups: cluster === undefined ? groups : [...groups, reportersOf(cluster.name)] };
}

/** Tokens are random and long: one hash, without salt, is as hard to find the token of as the token is to guess. */
function clusterOfToken(
  token: string | undefined,
  clusters: readonly ReportingCluster[],
): ReportingCluster | undefined {
  if (token === undefined) return undefined;
  const hash = createHash("sha256").update(token).digest();
  let found: ReportingCluster | undefined;
  for (const cluster of clusters) {
    for (const known of cluster.tokenHashes) if (equalDigests(hash, known)) found = cluster;
  }
  return found;
}
