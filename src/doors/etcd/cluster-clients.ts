/**
 * Who is connected, where the cluster has client certificates of its own: an API server shows the same one to all its etcd
 * servers, so that of its own etcd's authority has to count here.
 *
 * The name in such a certificate is the cluster's choice, and so are its groups (kubeadm's has `system:masters`): neither
 * counts here as it stands. The user is `cluster:CLUSTER:COMMON NAME` in the group `cluster:CLUSTER`, and nobody else.
 */
import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { authenticatedGroup } from "../../identity/user.ts";
import type { User } from "../../identity/user.ts";
import { ClientCertificateAuthenticator } from "../../identity/x509/client-certificate-user.ts";
import type { ClientConnection } from "../../identity/x509/client-certificate-user.ts";

export interface ClusterClients {
  /** For the handshake, PEM; "" where there are none. */
  readonly authoritiesPem: string;
  /** The user of a certificate of the cluster's; undefined for any other. Raises `unauthenticated`. */
  authenticate(request: IncomingMessage, nowMs: number): User | undefined;
}

const noClients: ClusterClients = { authoritiesPem: "", authenticate: () => undefined };

/** Reads the file of authorities, where there is one. Raises `unavailable`, `invalid`. */
export async function openClusterClients(cluster: string, file: string | undefined): Promise<ClusterClients> {
  if (file === undefined) return noClients;
  const authoritiesPem = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new StrongroomError("unavailable", `the file of authorities ${file} must be readable`, { cause });
  });
  const authorities = certificatesIn(authoritiesPem, file);
  const hasIssued = (certificate: X509Certificate) =>
    authorities.some((authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey));
  const authenticator = new ClientCertificateAuthenticator(hasIssued);
  return {
    authoritiesPem,
    authenticate(request, nowMs) {
      const connection = connectionOf(request);
      const certificate = connection.getPeerX509Certificate();
      if (certificate === undefined || !hasIssued(certificate)) return undefined;
      const user = authenticator.authenticate(connection, nowMs);
      return user === undefined ? undefined : clusterUser(user, cluster);
    },
  };
}

/** The part of a name that the cluster gave it. */
export function nameInCluster(user: string, cluster: string): string {
  const prefix = `cluster:${cluster}:`;
  return user.startsWith(prefix) ? user.slice(prefix.length) : user;
}

function clusterUser(user: User, cluster: string): User {
  return {
    ...user,
    name: `cluster:${cluster}:${user.name}`,
    uid: undefined,
    groups: [`cluster:${cluster}`, authenticatedGroup],
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

function connectionOf({ socket }: IncomingMessage): ClientConnection {
  const connection: unknown = socket;
  return connection as ClientConnection; // the listener accepts TLS connections only
}
