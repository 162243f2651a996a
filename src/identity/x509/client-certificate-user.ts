import type { X509Certificate } from "node:crypto";

import { StrongroomError } from "../../errors/strongroom-error.ts";
import { authenticatedGroup } from "../user.ts";
import type { User } from "../user.ts";
import { validityOf } from "./certificate-authority.ts";
import type { Validity } from "./certificate-authority.ts";
import { clientAuthOid } from "./certificate-builder.ts";
import { isSubjectName } from "./subject-name.ts";

/** The subject attribute in which Kubernetes carries a user's UID (on by default since 1.33). */
const uidOid = "1.3.6.1.4.1.57683.2";
const credentialIdKey = "authentication.kubernetes.io/credential-id";

/**
 * What is needed of a `TLSSocket`. For HTTP/2 that is `stream.session.socket`: `request.socket` is another object for
 * each request there, by which nothing could be remembered.
 */
export interface ClientConnection {
  /** Whether TLS verified the client's certificate against the authorities of the server. */
  readonly authorized: boolean;
  getPeerX509Certificate(): X509Certificate | undefined;
}

/** Who a certificate speaks for, and when. */
export interface CertifiedUser extends Validity {
  readonly user: User;
}

/**
 * Authenticates connections by the client certificate that TLS has verified. The certificate is read once
 * per connection, its time is checked at each request: a connection may outlive its certificate.
 */
export class ClientCertificateAuthenticator {
  readonly #certified = new WeakMap<ClientConnection, CertifiedUser>();
  readonly #hasIssued: (certificate: X509Certificate) => boolean;

  /**
   * @param hasIssued whether a certificate is by the authority of clients; without it, TLS must be told of no other
   * authority
   */
  constructor(hasIssued: (certificate: X509Certificate) => boolean = () => true) {
    this.#hasIssued = hasIssued;
  }

  /**
   * The user of a connection; undefined when the client presented no certificate. Raises `unauthenticated` for one
   * that was presented and does not count (upstream: never anonymous then): not
   * verified against the client authorities, expired, or refused by {@link certifiedUserOf}.
   * The server must ask for certificates (`requestCert`) and verify them against its own authorities only.
   */
  authenticate(connection: ClientConnection, nowMs: number): User | undefined {
    const certified = this.#certified.get(connection) ?? this.#read(connection);
    if (certified === undefined) return undefined;
    if (nowMs < certified.notBeforeMs || nowMs > certified.notAfterMs) throw unauthenticated("be within its time");
    return certified.user;
  }

  #read(connection: ClientConnection): CertifiedUser | undefined {
    const certificate = connection.getPeerX509Certificate();
    if (certificate === undefined) return undefined;
    if (!connection.authorized || !this.#hasIssued(certificate))
      throw unauthenticated("be signed by a client authority of this server and within its time");
    const certified = certifiedUserOf(certificate);
    this.#certified.set(connection, certified);
    return certified;
  }
}

/**
 * The user that a certificate speaks for: name = CN, groups = every O in order and
 * `system:authenticated`, credential id = `X509SHA256=<hex>`. It must have been verified
 * before. Attributes of multi-valued RDNs count as if each had its own.
 *
 * Raises `unauthenticated` where a reader could be mistaken: without exactly one CN (upstream takes the
 * last of several), with names that `isSubjectName` refuses, without the
 * extended key usage clientAuth (upstream accepts certificates without any).
 *
 * Source: kubernetes/apiserver pkg/authentication/request/x509/x509.go.
 */
export function certifiedUserOf(certificate: X509Certificate): CertifiedUser {
  // Node calls the extended key usages `keyUsage`; it is undefined, against its type, when there are none.
  const usages: readonly string[] | undefined = certificate.keyUsage;
  if (usages?.includes(clientAuthOid) !== true) throw unauthenticated("be made for client authentication");
  const attributes = subjectOf(certificate);
  const [name, ...furtherNames] = attributes("CN");
  const [uid, ...furtherUids] = attributes(uidOid);
  const groups = attributes("O");
  if (name === undefined || furtherNames.length > 0) throw unauthenticated("have exactly one common name");
  if (furtherUids.length > 0) throw unauthenticated("have at most one UID");
  if (![name, ...groups, ...(uid === undefined ? [] : [uid])].every(isSubjectName)) {
    throw unauthenticated("have names of 1 to 256 characters without control characters");
  }
  const validity = validityOf(certificate);
  const user: User = {
    name,
    uid,
    groups: groups.includes(authenticatedGroup) ? groups : [...groups, authenticatedGroup],
    extra: new Map([[credentialIdKey, [`X509SHA256=${certificate.fingerprint256.replaceAll(":", "").toLowerCase()}`]]]),
    expiresAtMs: validity.notAfterMs,
  };
  return { user, ...validity };
}

/**
 * The values of a subject attribute, by its short name or OID, in order. From the parsed form and not from
 * `certificate.subject`, whose escapes would have to be undone; Node gives a string for one value and an array for more.
 */
function subjectOf(certificate: X509Certificate): (name: string) => readonly string[] {
  const subject = new Map<string, unknown>(Object.entries(certificate.toLegacyObject().subject));
  return (name) => {
    const value = subject.get(name);
    const values: readonly unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [value];
    return values.map((each) => (typeof each === "string" ? each : ""));
  };
}

function unauthenticated(must: string): StrongroomError {
  return new StrongroomError("unauthenticated", `the client certificate must ${must}`);
}
