/** What is wrong with certificates and the keys beside them, as far as they say themselves. */
import { X509Certificate, createPrivateKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { CheckId } from "../findings/check-registry.ts";
import type { CertificateNote, FieldPath, Observation } from "./observation.ts";

const certificatesMax = 20;
const begin = "-----BEGIN CERTIFICATE-----";
const end = "-----END CERTIFICATE-----";

/** The certificates of a text in their order; at most twenty. What cannot be read is left out. */
export function certificatesIn(pem: string): X509Certificate[] {
  const found: X509Certificate[] = [];
  for (
    let from = pem.indexOf(begin);
    from >= 0 && found.length < certificatesMax;
    from = pem.indexOf(begin, from + 1)
  ) {
    const to = pem.indexOf(end, from);
    if (to < 0) break;
    try {
      found.push(new X509Certificate(pem.slice(from, to + end.length)));
    } catch {
      continue; // what is no certificate is said by whoever expected one
    }
  }
  return found;
}

export interface TlsPair {
  /** Leaf first. */
  readonly certificates: readonly X509Certificate[];
  readonly certificatePath: FieldPath;
  /** PEM; "" for none. */
  readonly key: string;
  readonly keyPath: FieldPath;
  /** Certificates beside it that may have issued it. */
  readonly issuers: readonly X509Certificate[];
}

/** Faults of a certificate with its key and its chain; expiry is left to whoever has a clock. */
export function observeTls({ certificates, certificatePath, key, keyPath, issuers }: TlsPair): Observation[] {
  const [leaf] = certificates;
  if (leaf === undefined) return [];
  const seen: Observation[] = [];
  const see = (check: CheckId, text: string, path = certificatePath) =>
    void seen.push({ check, path, text, factors: [], fingerprint: "" });
  const privateKey = privateKeyOf(key);
  if (privateKey !== undefined && !leaf.checkPrivateKey(privateKey))
    see("SR-CONT-003", "its public key is another one", keyPath);
  const weak = weaknessOf(leaf.publicKey);
  if (weak !== "") see("SR-CONT-005", `its key is ${weak}`);
  if (certificates.some((certificate) => !isSelfSigned(certificate) && usesSha1(certificate))) {
    see("SR-CONT-006", "a certificate of the chain is signed with SHA-1");
  }
  if (isSelfSigned(leaf)) {
    if (!leaf.ca) see("SR-CONT-008", "subject and issuer are the same, and it is signed with its own key");
  } else if (!isComplete([...certificates, ...issuers])) {
    see("SR-CONT-004", "the certificate of its issuer is not with it");
  }
  return seen;
}

/** What there is to know of a certificate later. */
export function certificateNote(leaf: X509Certificate, path: FieldPath): CertificateNote {
  const names = (leaf.subjectAltName ?? "")
    .split(", ")
    .flatMap((name) => (name.startsWith("DNS:") ? [name.slice(4)] : []));
  return { path, notAfter: Date.parse(leaf.validTo), hosts: names };
}

export function privateKeyOf(pem: string): KeyObject | undefined {
  if (!pem.includes("PRIVATE KEY-----")) return undefined;
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined; // in a form that Node does not read, such as OpenSSH's own
  }
}

/** `RSA of 1024 bits`; "" for a key that is strong enough. Source: NIST SP 800-131A. */
export function weaknessOf(key: KeyObject): string {
  const { modulusLength = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "dsa") return "of DSA";
  if (key.asymmetricKeyType === "rsa" && modulusLength < 2048) return `RSA of ${modulusLength} bits`;
  return /^(?:secp1[0-9]{2}|prime19|sect1)/.test(namedCurve) ? `on the curve ${namedCurve}` : "";
}

function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
}

/** Each is issued by another that is there, up to one that nobody else issued, or two of them are there at least. */
function isComplete([leaf, ...others]: readonly X509Certificate[]): boolean {
  return leaf !== undefined && others.some((other) => other.subject === leaf.issuer);
}

/** Object identifiers of sha1WithRSAEncryption and ecdsa-with-SHA1. Source: RFC 3279, section 2.2. */
const sha1Identifiers = [Buffer.from("06092a864886f70d010105", "hex"), Buffer.from("06072a8648ce3d0401", "hex")];

function usesSha1({ raw }: X509Certificate): boolean {
  return sha1Identifiers.some((identifier) => raw.includes(identifier));
}
