/** What a private key of SSH says of itself. */
import { privateKeyOf, weaknessOf } from "./certificates.ts";

export interface SshKey {
  /** Whether a passphrase is needed to use it. */
  readonly locked: boolean;
  /** `RSA of 1024 bits`; "" for one that is strong enough, or cannot be read. */
  readonly weakness: string;
}

const opensshMagic = "openssh-key-v1\0";

/** Undefined for what is no private key. Source: OpenSSH PROTOCOL.key. */
export function readSshKey(pem: string): SshKey | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]{1,20000})-----END/.exec(pem)?.[1];
  if (body !== undefined) return readOpenssh(Buffer.from(body, "base64"));
  if (!pem.includes("PRIVATE KEY-----")) return undefined;
  const locked = pem.includes("ENCRYPTED");
  const key = locked ? undefined : privateKeyOf(pem);
  const bits = key?.asymmetricKeyDetails?.modulusLength ?? 0;
  const weakness = key === undefined ? "" : weaknessOf(key) || (bits > 0 && bits < 3072 ? `RSA of ${bits} bits` : "");
  return { locked, weakness };
}

function readOpenssh(bytes: Buffer): SshKey | undefined {
  if (bytes.toString("latin1", 0, opensshMagic.length) !== opensshMagic) return undefined;
  const strings: Buffer[] = [];
  let at = opensshMagic.length;
  const next = (): Buffer | undefined => {
    if (at + 4 > bytes.length) return undefined;
    const length = bytes.readUInt32BE(at);
    if (at + 4 + length > bytes.length) return undefined;
    const found = bytes.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    return found;
  };
  for (let each = 0; each < 3; each++) strings.push(next() ?? Buffer.alloc(0)); // cipher, kdf, its options
  at += 4; // the number of keys
  return { locked: strings[0]?.toString("latin1") !== "none", weakness: weaknessOfPublic(next() ?? Buffer.alloc(0)) };
}

/** Source: RFC 4253, section 6.6: the name of the algorithm, then for RSA exponent and modulus. */
function weaknessOfPublic(blob: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 4 <= blob.length && parts.length < 3;) {
    const length = blob.readUInt32BE(at);
    parts.push(blob.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  const [algorithm, , modulus] = parts;
  if (algorithm?.toString("latin1") === "ssh-dss") return "of DSA";
  if (algorithm?.toString("latin1") !== "ssh-rsa" || modulus === undefined) return "";
  const bits = (modulus[0] === 0 ? modulus.length - 1 : modulus.length) * 8;
  return bits < 3072 ? `RSA of ${bits} bits` : "";
}
