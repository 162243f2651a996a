/**
 * Who speaks for which cluster: by a token of which only the hash is known here, or as a user of this server that the configuration
 * names. A credential is that of one cluster, whatever the request says.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { ReportingCluster } from "../../audit/cluster/cluster-audit-config.ts";
import type { TokenHashes } from "../../audit/cluster/token-hashes.ts";
import { equalDigests } from "../../crypto/constant-time.ts";
import { authenticatedGroup } from "../../identity/user.ts";
import type { User } from "../../identity/user.ts";
import { bearerToken } from "../../identity/tokens/bearer.ts";

/** What a user who speaks for a cluster is in, beside the groups that they have here; given by {@link reporterOf} alone. */
export function reportersOf(cluster: string): string {
  return `cluster-audit:${cluster}`;
}

export interface Reporter {
  readonly cluster: Pick<ReportingCluster, "name" | "user">;
  readonly tokens: Pick<TokenHashes, "current">;
}

/** Who is asking, in the group of the reporters of a cluster if they may speak for one. Raises `unauthenticated`. */
export async function reporterOf(
  request: IncomingMessage,
  reporters: readonly Reporter[],
  authenticate: (request: IncomingMessage) => Promise<User>,
): Promise<User> {
  const name = await clusterOfToken(bearerToken(request.headers.authorization ?? ""), reporters);
  if (name !== undefined) {
    const groups = [reportersOf(name), authenticatedGroup];
    return { name: `cluster:${name}:audit`, uid: undefined, groups, extra: new Map() };
  }
  const user = await authenticate(request);
  // A claim of such a group by another authority counts for nothing.
  const groups = user.groups.filter((group) => !group.startsWith(reportersOf("")));
  const found = reporters.find(({ cluster }) => cluster.user !== undefined && cluster.user === user.name);
  return { ...user, groups: found === undefined ? groups : [...groups, reportersOf(found.cluster.name)] };
}

/** Tokens are random and long: one hash, without salt, is as hard to find the token of as the token is to guess. */
async function clusterOfToken(token: string | undefined, reporters: readonly Reporter[]): Promise<string | undefined> {
  if (token === undefined) return undefined;
  const hash = createHash("sha256").update(token).digest();
  const found = new Set<string>();
  for (const { cluster, tokens } of reporters) {
    for (const known of await tokens.current()) if (equalDigests(hash, known)) found.add(cluster.name);
  }
  // A token of two speaks for neither.
  const [name] = found;
  return found.size === 1 ? name : undefined;
}
