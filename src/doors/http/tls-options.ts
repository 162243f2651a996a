/**
 * How the front speaks TLS: 1.2 and newer, authenticated encryption with forward
 * secrecy only, client certificates asked for and never required.
 */
import { constants } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { SecureContextOptions } from "node:tls";

export interface TlsMaterial {
  /** The server's certificate, with intermediates if it has any. */
  readonly certPem: string;
  /** Its private key, PKCS #8 or the traditional forms. */
  readonly keyPem: string | KeyObject;
  /** The authorities that client certificates are checked against, concatenated. */
  readonly clientCaPem: string;
}

/** The cipher suites of TLS 1.3 and, for 1.2, the ECDHE ones with authenticated encryption (RFC 9325, section 4.2). */
const ciphers = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/**
 * The options of a secure context. Raises RangeError without client authorities,
 * because node would then trust the public ones, and anyone with a certificate
 * from those would count as authenticated.
 *
 * Session resumption is off: a resumed session carries the verdict on the client
 * certificate from the first handshake, past its expiry and past a change of the
 * authorities. kubectl, a new process per command, never resumes anyway.
 */
export function secureContextOptions(material: TlsMaterial): SecureContextOptions {
  if (!material.clientCaPem.includes("-----BEGIN CERTIFICATE-----")) {
    throw new RangeError("clientCaPem must contain at least one certificate");
  }
  return {
    cert: material.certPem,
    key: typeof material.keyPem === "string" ? material.keyPem : pemOf(material.keyPem),
    ca: material.clientCaPem,
    minVersion: "TLSv1.2",
    ciphers,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

function pemOf(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}
