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

/** The key types Go's TLS knows, on the side of the certificate. */
const knownKeyTypes: ReadonlySet<string> = new Set(["rsa", "ec", "ed25519"]);

function mismatch(certificate: X509Certificate, privateKey: KeyObject): string | undefined {
  const publicType = certificate.publicKey.asymmetricKeyType ?? "";
  const privateType = privateKey.asymmetricKeyType ?? "";
  if (!knownKeyTypes.has(privateType)) return "tls: found unknown private key type in PKCS#8 wrapping";
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

/** The PEM blocks of a text in order; whatever is between them, or broken, is skipped. */
function pemBlocks(bytes: Uint8Array): PemBlock[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const blocks: PemBlock[] = [];
  const begin = /^-----BEGIN ([^\n]*?)-----[ \t]*\r?$/gm;
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    const type = match[1] ?? "";
    const endLine = `\n-----END ${type}-----`;
    const end = text.indexOf(endLine, begin.lastIndex);
    if (end < 0) continue;
    const body = text.slice(begin.lastIndex, end);
    if (!isBase64Body(body)) continue;
    blocks.push({ type, text: `-----BEGIN ${type}-----${body}${endLine}\n` });
    begin.lastIndex = end + endLine.length;
  }
  return blocks;
}

/** Headers (of encrypted keys) are allowed before the base64 lines. */
function isBase64Body(body: string): boolean {
  const lines = body.split("\n").map((line) => line.trim());
  return lines.every((line) => line === "" || line.includes(":") || /^[A-Za-z0-9+/]*={0,2}$/.test(line));
}
