import { X509Certificate } from "node:crypto";

import { CertificateAuthority, isDueForRenewal, serverNames, validityOf } from "./certificate-authority.ts";
import type { Validity } from "./certificate-authority.ts";
import { decodeKeyPair, encodeKeyPair } from "./key-pair.ts";
import type { KeyPair } from "./key-pair.ts";

/** Where the instance keeps its own keys and certificates; what is saved holds private keys and must be encrypted. */
export interface PkiStorage {
  /** The bytes last saved under a name, undefined when there are none. */
  load(name: string): Promise<Uint8Array | undefined>;
  /** Replaces the bytes of a name; resolves when they are durable. */
  save(name: string, bytes: Uint8Array): Promise<void>;
}

const authorityName = "authority";
const serverName = "server";

/** The authority of the instance; at the first call it is made and saved. Raises `corrupt` for a damaged one. */
export async function loadOrCreateAuthority(storage: PkiStorage, nowMs: number): Promise<CertificateAuthority> {
  const stored = await storage.load(authorityName);
  if (stored !== undefined) return await CertificateAuthority.load(decodeKeyPair(stored));
  const pair = await CertificateAuthority.generate(nowMs);
  const authority = await CertificateAuthority.load(pair);
  await storage.save(authorityName, encodeKeyPair(pair));
  return authority;
}

/** The server's certificate and when it ends. */
export interface ServerCertificate extends KeyPair, Validity {}

/**
 * The server's certificate for the loopback names and `names`. The stored one is used while it was issued by
 * this authority for exactly these names and two thirds of its life are not over; else a new one is issued and
 * saved. To renew while running, call it again from time to time (an hour is plenty) and compare `certPem`.
 */
export async function loadOrIssueServerCertificate(
  storage: PkiStorage,
  authority: CertificateAuthority,
  names: readonly string[],
  nowMs: number,
): Promise<ServerCertificate> {
  const stored = await storage.load(serverName);
  const current = stored === undefined ? undefined : decodeKeyPair(stored);
  if (current !== undefined && isUsable(new X509Certificate(current.certPem), authority, names, nowMs)) {
    return withValidity(current);
  }
  const issued = await authority.issueServerCertificate(names, nowMs);
  await storage.save(serverName, encodeKeyPair(issued));
  return withValidity(issued);
}

function isUsable(
  certificate: X509Certificate,
  authority: CertificateAuthority,
  names: readonly string[],
  nowMs: number,
): boolean {
  return (
    !isDueForRenewal(validityOf(certificate), nowMs) &&
    authority.hasIssued(certificate) &&
    isFor(certificate, serverNames(names))
  );
}

function isFor(certificate: X509Certificate, names: readonly string[]): boolean {
  const entries = (certificate.subjectAltName ?? "").split(", ");
  const found = serverNames(entries.map((entry) => entry.replace(/^(DNS|IP Address):/, "")));
  return found.length === names.length && found.every((name) => names.includes(name));
}

function withValidity(pair: KeyPair): ServerCertificate {
  return { ...pair, ...validityOf(new X509Certificate(pair.certPem)) };
}
