/**
 * Makes X.509 certificates (RFC 5280) with P-256 keys. The one place that uses
 * @peculiar/x509, and it does so at the first certificate: loading the package
 * takes about 150 ms and 15 MiB, which a start that issues nothing should not pay.
 */
import { createPrivateKey, KeyObject, randomBytes, webcrypto, X509Certificate } from "node:crypto";

import type { Extension, Name, PublicKey } from "@peculiar/x509";

import { Redacted } from "../../crypto/redacted.ts";
import type { KeyPair } from "./key-pair.ts";
import { installReflectMetadata } from "./reflect-metadata.ts";

type CryptoKey = webcrypto.CryptoKey;
type X509 = typeof import("@peculiar/x509");

/** Extended key usages (RFC 5280, section 4.2.1.12). */
export const serverAuthOid = "1.3.6.1.5.5.7.3.1";
export const clientAuthOid = "1.3.6.1.5.5.7.3.2";

const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256" };
const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" };
/** Certificates count from five minutes ago, for clients whose clocks are behind. */
const backdateMs = 5 * 60_000;

/** What a certificate may be used for. */
export type CertificateProfile =
  | { readonly type: "authority" }
  | { readonly type: "server"; readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] }
  | { readonly type: "client" };

export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly profile: CertificateProfile;
  readonly nowMs: number;
  /** Truncated to the second. */
  readonly notAfterMs: number;
}

/** Who signs: a certificate and its key. */
export interface Issuer {
  readonly certificate: X509Certificate;
  readonly key: CryptoKey;
}

/**
 * Makes a key and a certificate for it, signed by `issuer` or, without one, by itself. The names go into
 * the certificate character by character, as UTF8String. The caller checks the request.
 */
export async function buildCertificate(request: CertificateRequest, issuer?: Issuer): Promise<KeyPair> {
  installReflectMetadata();
  const x509 = await import("@peculiar/x509");
  const keys = await webcrypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]);
  const signer = issuer === undefined ? undefined : new x509.X509Certificate(issuer.certificate.raw);
  const subject = subjectOf(x509, request);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject,
    issuer: signer?.subjectName ?? subject,
    notBefore: new Date(request.nowMs - backdateMs),
    notAfter: new Date(request.notAfterMs),
    publicKey: keys.publicKey,
    signingKey: issuer?.key ?? keys.privateKey,
    signingAlgorithm,
    extensions: await extensionsOf(x509, request.profile, keys.publicKey, signer?.publicKey),
  });
  return {
    certPem: new X509Certificate(Buffer.from(certificate.rawData)).toString(),
    keyPem: new Redacted(KeyObject.from(keys.privateKey).export({ type: "pkcs8", format: "pem" }).toString()),
  };
}

/** The private key of an issuer, from PKCS #8 PEM; it cannot be exported again. Raises on anything but a P-256 key. */
export async function importIssuerKey(keyPem: Redacted<string>): Promise<CryptoKey> {
  const pkcs8 = createPrivateKey(keyPem.reveal()).export({ type: "pkcs8", format: "der" });
  try {
    return await webcrypto.subtle.importKey("pkcs8", pkcs8, keyAlgorithm, false, ["sign"]);
  } finally {
    pkcs8.fill(0);
  }
}

/**
 * Every value is given as an object that names its ASN.1 type: as a plain string the package would interpret
 * quotes, backslashes and `#`, and a user called `x"system:masters"` would become `system:masters`.
 */
function subjectOf(x509: X509, request: CertificateRequest): Name {
  const organizations = request.organizations.map((organization) => ({ O: [{ utf8String: organization }] }));
  return new x509.Name([...organizations, { CN: [{ utf8String: request.commonName }] }]);
}

async function extensionsOf(
  x509: X509,
  profile: CertificateProfile,
  subjectKey: CryptoKey,
  issuerKey: PublicKey | undefined,
): Promise<Extension[]> {
  const { digitalSignature, keyCertSign, cRLSign } = x509.KeyUsageFlags;
  const isAuthority = profile.type === "authority";
  const extensions: Extension[] = [
    new x509.BasicConstraintsExtension(isAuthority, isAuthority ? 0 : undefined, true),
    new x509.KeyUsagesExtension(isAuthority ? digitalSignature | keyCertSign | cRLSign : digitalSignature, true),
    await x509.SubjectKeyIdentifierExtension.create(subjectKey),
  ];
  if (issuerKey !== undefined) extensions.push(await x509.AuthorityKeyIdentifierExtension.create(issuerKey));
  if (profile.type === "client") extensions.push(new x509.ExtendedKeyUsageExtension([clientAuthOid]));
  if (profile.type === "server") {
    const dnsNames = profile.dnsNames.map((value) => ({ type: "dns" as const, value }));
    const ipAddresses = profile.ipAddresses.map((value) => ({ type: "ip" as const, value }));
    extensions.push(new x509.ExtendedKeyUsageExtension([serverAuthOid]));
    extensions.push(new x509.SubjectAlternativeNameExtension([...dnsNames, ...ipAddresses]));
  }
  return extensions;
}

/** 128 bits in hex, random but for the first two: positive, and never with leading zeros. */
function newSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString("hex");
}
