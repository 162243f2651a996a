/**
 * Who is connected, and of which cluster: whatever a client asks for, it is of the secrets of that one.
 *
 * An API server shows the same certificate to all its etcd servers, so that of its own etcd's authority has to count here. The name
 * in such a certificate is the cluster's choice, and so are its groups (kubeadm's has `system:masters`): neither counts here as
 * it stands. The user is `cluster:CLUSTER:COMMON NAME` in the group `cluster:CLUSTER`, and nobody else. A certificate of this
 * instance is its own user, and of the cluster whose group it names; where there is only one cluster, of that.
 */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { authenticatedGroup } from "../../identity/user.ts";
import type { User } from "../../identity/user.ts";
import { ClientCertificateAuthenticator } from "../../identity/x509/client-certificate-user.ts";
import type { ClientConnection } from "../../identity/x509/client-certificate-user.ts";

/** What a cluster's configuration says of its clients. */
export interface ClientsOfCluster {
  readonly name: string;
  readonly clientAuthoritiesFile: string | undefined;
}

/** Somebody who asks for something of a cluster. */
export interface ClusterClient {
  readonly cluster: string;
  readonly user: User;
}

export interface ClusterClients {
  /** For the handshake, PEM; "" where there are none. As they were read last. */
  readonly authoritiesPem: string;
  /**
   * Reads the files of authorities again; resolves to whether there are others, which count from then on. Raises as the first reading, and
   * those that there were go on to count.
   */
  readAgain(): Promise<boolean>;
  /** Raises `unauthenticated`, also for a client of no cluster. */
  authenticate(request: IncomingMessage): Promise<ClusterClient>;
}

export interface ClusterClientsOptions {
  readonly clusters: readonly ClientsOfCluster[];
  /** Whoever shows a certificate of this instance. Raises `unauthenticated`. */
  readonly authenticate: (request: IncomingMessage) => Promise<User>;
  readonly nowMs: () => number;
}

/** Reads the files of authorities, where there are any. Raises `unavailable`, `invalid`. */
export async function openClusterClients(options: ClusterClientsOptions): Promise<ClusterClients> {
  const { clusters, nowMs } = options;
  let known = await readClusters(clusters);
  const names = new Set(clusters.map(({ name }) => name));
  const [only, ...others] = clusters;
  return {
    get authoritiesPem() {
      return known.map(({ pem }) => pem).join("\n");
    },
    async readAgain() {
      const read = await readClusters(clusters);
      const changed = read.map((cluster, index) => (cluster.pem === known[index]?.pem ? undefined : cluster));
      // Who is connected is known by the objects that there were.
      known = known.map((cluster, index) => changed[index] ?? cluster);
      return changed.some((cluster) => cluster !== undefined);
    },
    async authenticate(request) {
      const connection = connectionOf(request);
      for (const cluster of known) {
        const user = cluster.authenticate(connection, nowMs());
        // What is open ends when the authority is no longer one of them.
        const revoked = () => known.every((each) => each.name !== cluster.name || !each.issued(connection));
        if (user !== undefined) return { cluster: cluster.name, user: { ...user, revoked } };
      }
      const user = await options.authenticate(request);
      if (only !== undefined && others.length === 0) return { cluster: only.name, user };
      const [cluster, ...more] = user.groups.flatMap((group) => clusterOfGroup(group, names));
      if (cluster !== undefined && more.length === 0) return { cluster, user };
      throw new StrongroomError(
        "unauthenticated",
        "the client certificate must be of one cluster: of its authority, or of this server's with the group cluster:NAME",
      );
    },
  };
}

/** The part of a name that the cluster gave it. */
export function nameInCluster(user: string, cluster: string): string {
  const prefix = `cluster:${cluster}:`;
  return user.startsWith(prefix) ? user.slice(prefix.length) : user;
}

const groupPrefix = "cluster:";

/** Whether somebody is a client of one of these clusters: their rights are to all secrets, and count at the etcd door alone. */
export function isOfCluster({ groups }: User, clusters: readonly { readonly name: string }[]): boolean {
  return clusters.some(({ name }) => groups.includes(`${groupPrefix}${name}`));
}

function clusterOfGroup(group: string, names: ReadonlySet<string>): readonly string[] {
  const name = group.startsWith(groupPrefix) ? group.slice(groupPrefix.length) : "";
  return names.has(name) ? [name] : [];
}

interface KnownCluster {
  readonly name: string;
  readonly pem: string;
  readonly authorities: readonly X509Certificate[];
  /** Whether the certificate of a connection is of the cluster's authorities. */
  issued(connection: ClientConnection): boolean;
  /** Undefined for a client that has no certificate of the cluster's authorities. */
  authenticate(connection: ClientConnection, nowMs: number): User | undefined;
}

/** Raises `unavailable`, `invalid`. */
async function readClusters(clusters: readonly ClientsOfCluster[]): Promise<readonly KnownCluster[]> {
  const known = await Promise.all(clusters.map(readCluster));
  requireDistinct(known);
  return known;
}

async function readCluster({ name, clientAuthoritiesFile: file }: ClientsOfCluster): Promise<KnownCluster> {
  if (file === undefined) {
    return { name, pem: "", authorities: [], issued: () => false, authenticate: () => undefined };
  }
  const pem = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new StrongroomError("unavailable", `the file of authorities ${file} must be readable`, { cause });
  });
  const authorities = certificatesIn(pem, file);
  const issued = issuedBy(authorities);
  const authenticator = new ClientCertificateAuthenticator(() => true);
  return {
    name,
    pem,
    authorities,
    issued,
    authenticate(connection, nowMs) {
      if (!issued(connection)) return undefined;
      const user = authenticator.authenticate(connection, nowMs);
      return user === undefined ? undefined : clusterUser(user, name);
    },
  };
}

/** Looked at once for each connection: it takes a verification of a signature. */
function issuedBy(authorities: readonly X509Certificate[]): (connection: ClientConnection) => boolean {
  const known = new WeakMap<ClientConnection, boolean>();
  return (connection) => {
    let issued = known.get(connection);
    if (issued === undefined) {
      const certificate = connection.getPeerX509Certificate();
      issued =
        certificate !== undefined &&
        authorities.some((authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey));
      known.set(connection, issued);
    }
    return issued;
  };
}

/** Whose certificates are of two clusters is of neither. Raises `invalid`. */
function requireDistinct(clusters: readonly KnownCluster[]): void {
  const seen = new Map<string, string>();
  for (const { name, authorities } of clusters) {
    for (const { publicKey } of authorities) {
      const key = publicKey.export({ type: "spki", format: "der" }).toString("base64");
      const other = seen.get(key);
      if (other !== undefined && other !== name) {
        throw new StrongroomError("invalid", `the clusters ${other} and ${name} must have authorities of their own`);
      }
      seen.set(key, name);
    }
  }
}

function clusterUser(user: User, cluster: string): User {
  return {
    ...user,
    name: `${groupPrefix}${cluster}:${user.name}`,
    uid: undefined,
    groups: [`${groupPrefix}${cluster}`, authenticatedGroup],
  };
}

function certificatesIn(pem: string, file: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new StrongroomError("invalid", `the file ${file} must hold certificates in PEM`, { cause });
  }
  throw new StrongroomError("invalid", `the file ${file} must hold at least one certificate in PEM`);
}

/** The connection itself, by which something can be remembered: HTTP/2 has another `socket` for each request. */
function connectionOf(request: IncomingMessage): ClientConnection {
  const { stream, socket }: { stream?: { session?: { socket?: unknown } }; socket: unknown } = request;
  const connection: unknown = stream?.session?.socket ?? socket;
  return connection as ClientConnection; // the listener accepts TLS connections only
}
