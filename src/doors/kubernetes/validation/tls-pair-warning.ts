/**
 * The warning for a Secret of type kubernetes.io/tls whose certificate and key
 * do not belong together. The write succeeds; texts never show key material.
 *
 * Source: k/k pkg/registry/core/secret/strategy.go and Go's tls.X509KeyPair,
 * whose order of checks and texts are kept.
 */
import type { KeyObject } from "node:crypto";
import { X509Certificate, createPrivateKey } from "node:crypto";

interface PemBlock {
  readonly type: string;
  readonly text: string;
}

/** The text of the warning, or undefined when `certificate` and `key` (PEM) form a pair. */
export function tlsPairWarning(certificate: Uint8Array, key: Uint8Array): string | undefined {
  const certificates = pemBlocks(certificate);
  const leaf = certificates.find((block) => block.type === "CERTIFICATE");
  if (leaf === undefined) return missingCertificate(certificates.map((block) => block.type));
  const keyBlocks = pemBlocks(key);
  const keyBlock = keyBlocks.find((block) => isPrivateKeyType(block.type));
  if (keyBlock === undefined) return missingKey(keyBlocks.map((block) => block.type));
  const parsed = parseCertificate(leaf);
  // Go's text says which part of the certificate is malformed; OpenSSL's parser gives us no such words.
  if (parsed === undefined) return "x509: malformed certificate";
  const privateKey = parsePrivateKey(keyBlock);
  if (privateKey === undefined) return "tls: failed to parse private key";
  return mismatch(parsed, privateKey);
}

function missingCertificate(skipped: readonly string[]): string {
  if (skipped.length === 0) return "tls: failed to find any PEM data in certificate input";
  if (skipped.length === 1 && skipped[0]?.endsWith("PRIVATE KEY") === true) {
    return (
      "tls: failed to find certificate PEM data in certificate input, but did find a private key; " +
      "PEM inputs may have been switched"
    );
  }
  return (
    'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks ' +
    `of the following types: [${skipped.join(" ")}]`
  );
}

function missingKey(skipped: readonly string[]): string {
  if (skipped.length === 0) return "tls: failed to find any PEM data in key input";
  if (skipped.length === 1 && skipped[0] === "CERTIFICATE") {
    return "tls: found a certificate rather than a key in the PEM for the private key";
  }
  return (
    'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks ' +
    `of the following types: [${skipped.join(" ")}]`
  );
}

/** The key types Go's TLS knows. */
const knownKeyTypes: ReadonlySet<string> = new Set(["rsa", "ec", "ed25519"]);

function mismatch(certificate: X509Certificate, privateKey: KeyObject): string | undefined {
  const publicType = certificate.publicKey.asymmetricKeyType ?? "";
  const privateType = privateKey.asymmetricKeyType ?? "";
  // The one further type that Go can read; it is of no use in a certificate.
  if (privateType === "x25519") return "tls: found unknown private key type in PKCS#8 wrapping";
  if (!knownKeyTypes.has(privateType)) return "tls: failed to parse private key";
  if (!knownKeyTypes.has(publicType)) return "tls: unknown public key algorithm";
  if (publicType !== privateType) return "tls: private key type does not match public key type";
  return certificate.checkPrivateKey(privateKey) ? undefined : "tls: private key does not match public key";
}

function isPrivateKeyType(type: string): boolean {
  return type === "PRIVATE KEY" || type.endsWith(" PRIVATE KEY");
}

function parseCertificate(block: PemBlock): X509Certificate | undefined {
  try {
    return new X509Certificate(block.text);
  } catch {
    return undefined; // any failure to parse is the one answer "malformed"
  }
}

/**
 * Go ignores which of the key types the PEM block names and tries all three
 * encodings, so the block is handed on under each of their names.
 */
function parsePrivateKey(block: PemBlock): KeyObject | undefined {
  for (const type of ["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY"]) {
    try {
      return createPrivateKey(block.text.replaceAll(block.type, type));
    } catch {
      continue; // not this encoding; the last failure is "failed to parse"
    }
  }
  return undefined;
}

/** An encrypted key has two header lines; what has more is no key. */
const headerLinesMax = 16;

/**
 * The PEM blocks of a text in order; whatever is between them, or broken, is
 * skipped. Positions only grow, so that a megabyte of broken blocks costs no
 * more than linear time.
 */
function pemBlocks(bytes: Uint8Array): PemBlock[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const blocks: PemBlock[] = [];
  const begin = /^-----BEGIN ([^\n]*?)-----[ \t]*\r?$/gm;
  let end = 0;
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    const start = begin.lastIndex;
    if (end < start) end = text.indexOf("\n-----END ", start);
    if (end < 0) return blocks;
    const type = match[1] ?? "";
    const endLine = `\n-----END ${type}-----`;
    if (!text.startsWith(endLine, end) || !isBase64Body(text, start, end)) continue;
    blocks.push({ type, text: `-----BEGIN ${type}-----${text.slice(start, end)}${endLine}\n` });
    begin.lastIndex = end + endLine.length;
  }
  return blocks;
}

/** Whether there is nothing but base64 from `start` to `end`, after headers (of encrypted keys). */
function isBase64Body(text: string, start: number, end: number): boolean {
  let from = start + 1;
  for (let line = 0; line < headerLinesMax; line += 1) {
    const lineEnd = text.indexOf("\n", from);
    if (lineEnd < 0 || lineEnd >= end || !text.slice(from, lineEnd).includes(":")) break;
    from = lineEnd + 1;
  }
  const other = /[^A-Za-z0-9+/=\s]/g;
  other.lastIndex = from;
  const found = other.exec(text);
  return found === null || found.index >= end; // the dashes of the end line stop the search
}
