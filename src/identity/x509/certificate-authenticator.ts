import type { RequestAuthenticator } from "../request-credentials.ts";
import type { ClientCertificateAuthenticator } from "./client-certificate-user.ts";

/** Certificates of clients, as a kind of credential of requests. */
export function certificateAuthenticator(
  certificates: ClientCertificateAuthenticator,
  nowMs: () => number,
): RequestAuthenticator {
  return {
    async authenticate({ connection }) {
      const user = certificates.authenticate(connection, nowMs());
      return user === undefined ? undefined : { user };
    },
  };
}
