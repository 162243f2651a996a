import { Redacted } from "../../crypto/redacted.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";

/** A certificate and its private key. */
export interface KeyPair {
  /** One certificate, PEM. */
  readonly certPem: string;
  /** PKCS #8, PEM, not encrypted. */
  readonly keyPem: Redacted<string>;
}

/** The bytes in which a key pair is stored; they hold the private key, so they go to encrypted storage only. */
export function encodeKeyPair(pair: KeyPair): Uint8Array {
  return Buffer.from(JSON.stringify({ version: 1, certPem: pair.certPem, keyPem: pair.keyPem.reveal() }));
}

/** The inverse of {@link encodeKeyPair}. Raises `corrupt`, without anything of the content. */
export function decodeKeyPair(bytes: Uint8Array): KeyPair {
  const value = parse(bytes);
  if (typeof value === "object" && value !== null && "version" in value && value.version === 1) {
    const { certPem, keyPem } = value as { certPem?: unknown; keyPem?: unknown }; // an object; both are checked next
    if (typeof certPem === "string" && typeof keyPem === "string") return { certPem, keyPem: new Redacted(keyPem) };
  }
  throw new StrongroomError("corrupt", "a stored key pair must be of version 1 and hold a certificate and a key");
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined; // the parser's message quotes the text, which holds a private key
  }
}
