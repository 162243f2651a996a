import { createPrivateKey, X509Certificate } from "node:crypto";

import { StrongroomError } from "../../errors/strongroom-error.ts";
import { buildCertificate, importIssuerKey } from "./certificate-builder.ts";
import type { CertificateProfile, Issuer } from "./certificate-builder.ts";
import type { KeyPair } from "./key-pair.ts";
import { checkSubject } from "./subject-name.ts";
import type { Subject } from "./subject-name.ts";

const dayMs = 24 * 60 * 60_000;
const authorityLifeMs = 3650 * dayMs;
const serverLifeMs = 90 * dayMs;

/** Bounds of a client certificate's life, in seconds: a minute to 365 days. */
export const clientTtlSecondsMin = 60;
export const clientTtlSecondsMax = 365 * 24 * 60 * 60;

/** Names that every server certificate has, so that a client on the host can connect. */
export const loopbackNames: readonly string[] = ["localhost", "127.0.0.1", "::1"];
/** Most names of a server certificate, the loopback ones included. */
export const serverNamesMax = 100;

/**
 * The authority of one instance: signs the server's certificate and those of its
 * clients. P-256, ten years, may not sign other authorities. The private key is held
 * such that this process cannot export it again.
 */
export class CertificateAuthority {
  /** The certificate that clients put their trust in, PEM. */
  readonly certPem: string;
  readonly #issuer: Issuer;

  private constructor(issuer: Issuer) {
    this.certPem = issuer.certificate.toString();
    this.#issuer = issuer;
  }

  /** Makes the key pair of a new authority, for the caller to store (encrypted) and then to {@link load}. */
  static async generate(nowMs: number): Promise<KeyPair> {
    const notAfterMs = nowMs + authorityLifeMs;
    const commonName = `strongroom authority ${new Date(nowMs).toISOString().slice(0, 10)}`;
    return await buildCertificate({ commonName, organizations: [], profile: { type: "authority" }, nowMs, notAfterMs });
  }

  /** Raises `corrupt` unless the certificate is one of an authority, signed by itself, and the key is its own. */
  static async load(pair: KeyPair): Promise<CertificateAuthority> {
    try {
      const certificate = new X509Certificate(pair.certPem);
      const key = createPrivateKey(pair.keyPem.reveal());
      if (!certificate.ca || !certificate.checkPrivateKey(key) || !certificate.verify(certificate.publicKey)) {
        throw new Error("Certificate and key do not make an authority");
      }
      return new CertificateAuthority({ certificate, key: await importIssuerKey(pair.keyPem) });
    } catch (cause) {
      throw new StrongroomError("corrupt", "the stored authority must be a certificate and its private key", { cause });
    }
  }

  /**
   * A certificate for this server, for 90 days: the {@link loopbackNames} and `names`, which are
   * DNS names (`*.example.com` too) or IP addresses. Raises `invalid` for anything else and for over 100 names.
   */
  async issueServerCertificate(names: readonly string[], nowMs: number): Promise<KeyPair> {
    const all = serverNames(names);
    const ipAddresses = all.filter(isIpAddress);
    const dnsNames = all.filter((name) => !isIpAddress(name));
    const profile: CertificateProfile = { type: "server", dnsNames, ipAddresses };
    return await this.#issue({ userName: "strongroom", groups: [] }, profile, nowMs, serverLifeMs);
  }

  /**
   * A certificate with which `subject` authenticates for `ttlSeconds` from now. Raises `invalid` for names that
   * `checkSubject` refuses and for a ttl out of bounds. Whether the caller may issue for
   * these groups (`system:masters`!) is for the caller to decide. There is no revocation: keep it short.
   */
  async issueClientCertificate(subject: Subject, ttlSeconds: number, nowMs: number): Promise<KeyPair> {
    checkSubject(subject);
    if (!(ttlSeconds >= clientTtlSecondsMin && ttlSeconds <= clientTtlSecondsMax)) {
      throw new StrongroomError("invalid", "the life of a client certificate must be from one minute to 365 days");
    }
    return await this.#issue(subject, { type: "client" }, nowMs, ttlSeconds * 1000);
  }

  /** Whether a certificate was signed by this authority. Says nothing of its time or use. */
  hasIssued(certificate: X509Certificate): boolean {
    const { certificate: own } = this.#issuer;
    return certificate.checkIssued(own) && certificate.verify(own.publicKey);
  }

  /** Nothing outlives the authority itself: a chain is only as valid as its shortest certificate. */
  async #issue(subject: Subject, profile: CertificateProfile, nowMs: number, lifeMs: number): Promise<KeyPair> {
    const authorityEndMs = validityOf(this.#issuer.certificate).notAfterMs;
    if (nowMs >= authorityEndMs) {
      throw new StrongroomError(
        "unavailable",
        "the certificate of the authority must not have expired; make a new one",
      );
    }
    const { userName: commonName, groups: organizations } = subject;
    const notAfterMs = Math.min(nowMs + lifeMs, authorityEndMs);
    return await buildCertificate({ commonName, organizations, profile, nowMs, notAfterMs }, this.#issuer);
  }
}

/** When a certificate is valid, in milliseconds since the epoch; both ends count. */
export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export function validityOf(certificate: X509Certificate): Validity {
  return { notBeforeMs: Date.parse(certificate.validFrom), notAfterMs: Date.parse(certificate.validTo) };
}

/** Whether two thirds of the life are over (or the clock stands before it): time for a new certificate. */
export function isDueForRenewal(validity: Validity, nowMs: number): boolean {
  const { notBeforeMs, notAfterMs } = validity;
  return nowMs < notBeforeMs || nowMs >= notBeforeMs + ((notAfterMs - notBeforeMs) * 2) / 3;
}

/**
 * The names of a server certificate: the loopback ones first, each once, DNS names in lower case, IP
 * addresses in their shortest form. Raises `invalid`.
 */
export function serverNames(names: readonly string[]): readonly string[] {
  const all = [...new Set([...loopbackNames, ...names].map(canonicalServerName))];
  if (all.length <= serverNamesMax) return all;
  throw new StrongroomError("invalid", `a server certificate must have at most ${serverNamesMax} names`);
}

function canonicalServerName(name: string): string {
  if (ipv4Address.test(name)) return name;
  if (isIpv6Address(name)) return new URL(`https://[${name}]`).hostname.slice(1, -1);
  const lower = name.toLowerCase();
  if (lower.length <= 253 && dnsName.test(lower)) return lower;
  throw new StrongroomError("invalid", `the server name ${JSON.stringify(name)} must be a DNS name or an IP address`);
}

function isIpAddress(name: string): boolean {
  return ipv4Address.test(name) || isIpv6Address(name);
}

/** Without a zone: a certificate cannot hold one. */
function isIpv6Address(name: string): boolean {
  return /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(name) && URL.canParse(`https://[${name}]`);
}

const ipv4Address = /^(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}$/;
/** The last label is not of digits only: some clients would take that for an IPv4 address (WHATWG URL). */
const dnsName = /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*(?![0-9]+$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
