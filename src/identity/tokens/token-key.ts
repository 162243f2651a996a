/**
 * A key that signs tokens, or that signed some which still count.
 * Source of names and algorithms: k/k pkg/serviceaccount/jwt.go.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPair } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { promisify } from "node:util";

import { StrongroomError } from "../../errors/strongroom-error.ts";

export const tokenAlgorithms = ["RS256", "ES256", "ES384", "ES512"] as const;
export type TokenAlgorithm = (typeof tokenAlgorithms)[number];

/** The part of a key that everybody may have. */
export interface TokenPublicKey {
  /** Unpadded base64url of the SHA-256 of the public key's DER. */
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  readonly publicKey: KeyObject;
}

export interface TokenKey extends TokenPublicKey {
  readonly privateKey: KeyObject;
  /** From when on it signs, in ms since 1970; before that it is only told to who verifies. */
  readonly signsFromMs: number;
}

const generate = promisify(generateKeyPair);

/** A new key: RSA of 2,048 bits for RS256, as most clouds want of an issuer; else the curve of the algorithm. */
export async function generateTokenKey(algorithm: TokenAlgorithm, signsFromMs: number): Promise<TokenKey> {
  const pair =
    algorithm === "RS256"
      ? await generate("rsa", { modulusLength: 2048 })
      : await generate("ec", { namedCurve: curves[algorithm] });
  return tokenKey(pair.privateKey, signsFromMs);
}

const curves = { ES256: "prime256v1", ES384: "secp384r1", ES512: "secp521r1" } as const;

/** Raises `corrupt` for a key that no algorithm is for. */
export function tokenKey(privateKey: KeyObject, signsFromMs: number): TokenKey {
  const publicKey = createPublicKey(privateKey);
  return { kid: keyIdOf(publicKey), algorithm: algorithmOf(publicKey), publicKey, privateKey, signsFromMs };
}

function keyIdOf(publicKey: KeyObject): string {
  const der = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("base64url");
}

function algorithmOf(publicKey: KeyObject): TokenAlgorithm {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  if (type === "rsa" && (details?.modulusLength ?? 0) >= 2048) return "RS256";
  const known = tokenAlgorithms.find((name) => name !== "RS256" && curves[name] === details?.namedCurve);
  if (type === "ec" && known !== undefined) return known;
  throw new StrongroomError("corrupt", "a key of tokens must be RSA of 2,048 bits or more, P-256, P-384 or P-521");
}

interface StoredKey {
  readonly pkcs8Pem: string;
  readonly signsFromMs: number;
}

/** Holds private keys: to be stored encrypted. */
export function encodeTokenKeys(keys: readonly TokenKey[]): Uint8Array {
  const stored = keys.map(({ privateKey, signsFromMs }): StoredKey => {
    return { pkcs8Pem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(), signsFromMs };
  });
  return Buffer.from(JSON.stringify({ keys: stored }), "utf8");
}

/** Raises `corrupt`. */
export function decodeTokenKeys(bytes: Uint8Array): TokenKey[] {
  try {
    const { keys } = JSON.parse(Buffer.from(bytes).toString("utf8")) as { keys: StoredKey[] }; // as encoded above
    return keys.map(({ pkcs8Pem, signsFromMs }) => tokenKey(createPrivateKey(pkcs8Pem), signsFromMs));
  } catch {
    // Not the cause: it may quote the text, which holds keys.
    throw new StrongroomError("corrupt", "the stored keys of tokens must be readable");
  }
}
