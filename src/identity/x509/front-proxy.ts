/**
 * A proxy in front that has authenticated the user, and names them in headers. Its own certificate must be signed by an
 * authority for such proxies; anybody else's headers say nothing.
 *
 * Source: apiserver pkg/authentication/request/{headerrequest/requestheader,x509/verify}.go.
 */
import { X509Certificate } from "node:crypto";

import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { AuthenticatedRequest, RequestAuthenticator } from "../request-credentials.ts";
import { validityOf } from "./certificate-authority.ts";
import { clientAuthOid } from "./certificate-builder.ts";
import type { ClientConnection } from "./client-certificate-user.ts";

export interface FrontProxyNames {
  /** Common names of proxies; none: any that the authority signed. */
  readonly allowedNames: readonly string[];
  /** Headers, of which the first with a value counts. */
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  /** Headers, of which all values count. */
  readonly groupHeaders: readonly string[];
  /** What the names of headers begin with whose rest is the key of an extra. */
  readonly extraHeaderPrefixes: readonly string[];
}

export interface FrontProxyOptions extends FrontProxyNames {
  /** The authorities of proxies, PEM. A proxy's certificate is signed by one of them directly. */
  readonly authoritiesPem: string;
  readonly nowMs: () => number;
}

const pemForm = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Raises `invalid` when there is no certificate to be read. */
export function frontProxyAuthenticator(options: FrontProxyOptions): RequestAuthenticator {
  const authorities = readCertificates(options.authoritiesPem);
  const signed = new WeakMap<ClientConnection, X509Certificate | null>();
  const proxyOf = (connection: ClientConnection): X509Certificate | null => {
    const known = signed.get(connection);
    if (known !== undefined) return known;
    const certificate = connection.getPeerX509Certificate();
    const isSigned = certificate !== undefined && authorities.some((authority) => hasSigned(authority, certificate));
    const proxy = isSigned ? certificate : null;
    signed.set(connection, proxy);
    return proxy;
  };
  return {
    async authenticate({ connection, rawHeaders }) {
      const certificate = proxyOf(connection);
      if (certificate === null) return undefined;
      requireProxy(certificate, options);
      return userIn(rawHeaders, options);
    },
  };
}

function readCertificates(pem: string): X509Certificate[] {
  try {
    const found = pem.match(pemForm) ?? [];
    if (found.length > 0) return found.map((each) => new X509Certificate(each));
  } catch {
    // told below
  }
  throw new StrongroomError("invalid", "the authorities of front proxies must be certificates in PEM");
}

function hasSigned(authority: X509Certificate, certificate: X509Certificate): boolean {
  return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

function requireProxy(certificate: X509Certificate, { allowedNames, nowMs }: FrontProxyOptions): void {
  const { notBeforeMs, notAfterMs } = validityOf(certificate);
  const now = nowMs();
  if (now < notBeforeMs || now > notAfterMs) throw refused("be within its time");
  // Node calls the extended key usages `keyUsage`; it is undefined, against its type, when there are none.
  const usages: readonly string[] | undefined = certificate.keyUsage;
  if (usages?.includes(clientAuthOid) !== true) throw refused("be made for client authentication");
  const name: unknown = new Map<string, unknown>(Object.entries(certificate.toLegacyObject().subject)).get("CN");
  if (allowedNames.length > 0 && !(typeof name === "string" && allowedNames.includes(name))) {
    throw refused("have one of the allowed names");
  }
}

function refused(must: string): StrongroomError {
  return new StrongroomError("unauthenticated", `the certificate of a front proxy must ${must}`);
}

/** Undefined when no user is named. */
function userIn(rawHeaders: readonly string[], names: FrontProxyNames): AuthenticatedRequest | undefined {
  const values = valuesOf(rawHeaders);
  const first = (headers: readonly string[]) => headers.map((name) => values(name).find(isSaid)).find(isSaid);
  const name = first(names.usernameHeaders);
  if (name === undefined) return undefined;
  const groups = names.groupHeaders.flatMap((header) => values(header).filter(isSaid));
  return {
    user: { name, uid: first(names.uidHeaders), groups, extra: extraIn(rawHeaders, names.extraHeaderPrefixes) },
  };
}

function isSaid(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}

/** The values of a header, one for each time it was sent. */
function valuesOf(rawHeaders: readonly string[]): (name: string) => string[] {
  return (name) =>
    rawHeaders.filter(
      (_value, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name.toLowerCase(),
    );
}

function extraIn(rawHeaders: readonly string[], prefixes: readonly string[]): Map<string, readonly string[]> {
  const extra = new Map<string, readonly string[]>();
  for (const prefix of prefixes.map((each) => each.toLowerCase())) {
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      const name = rawHeaders[index]?.toLowerCase() ?? "";
      if (!name.startsWith(prefix)) continue;
      const key = unescaped(name.slice(prefix.length));
      extra.set(key, [...(extra.get(key) ?? []), rawHeaders[index + 1] ?? ""]);
    }
  }
  return extra;
}

/** Percent escapes undone; as it is where they are none. */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
