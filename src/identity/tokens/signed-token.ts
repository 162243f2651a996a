/**
 * Tokens as compact JWS: signed, and read back only with a key of ours and the one algorithm that the key is for.
 *
 * The library is loaded with the first token: a server that has none yet does without its 9 MB.
 *
 * Source: RFC 7515, RFC 8725 (best practices); k/k pkg/serviceaccount/jwt.go for what is asked of `iss` and `kid`.
 */

import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { TokenKey, TokenPublicKey } from "./token-key.ts";

/** Longer ones are nobody's: the header section of a request ends there. */
export const tokenBytesMax = 16 * 1024;

/** The claims of a token, whose values are still to be read. */
export type Claims = Readonly<Record<string, unknown>>;

/** A token with these claims, in the order of their names. */
export async function signToken(claims: Claims, key: TokenKey): Promise<string> {
  const names = Object.keys(claims).toSorted();
  const payload = JSON.stringify(Object.fromEntries(names.map((name) => [name, claims[name]])));
  const { CompactSign } = await import("jose");
  return new CompactSign(Buffer.from(payload, "utf8"))
    .setProtectedHeader({ alg: key.algorithm, kid: key.kid })
    .sign(key.privateKey);
}

/**
 * The claim `iss` of what may be a token, not verified: it says who is to read it. Undefined for what is none of the
 * compact form.
 */
export function unverifiedIssuer(token: string): string | undefined {
  if (token.length > tokenBytesMax) return undefined;
  const parts = token.split(".");
  if (parts.length !== 3) return undefined;
  const issuer = jsonPart(parts[1] ?? "")?.["iss"];
  return typeof issuer === "string" ? issuer : undefined;
}

/**
 * The claims of a token whose signature is by one of the keys. The header's `kid` chooses among our keys, its `alg` only
 * has to be that of the key; keys inside of a header are not looked at. Raises `unauthenticated`.
 */
export async function verifyToken(
  token: string,
  keysFor: (kid?: string) => readonly TokenPublicKey[],
): Promise<Claims> {
  const keys = keysFor(keyIdOf(token));
  if (keys.length === 0) throw refused("invalid signature, no keys found");
  for (const { publicKey, algorithm } of keys) {
    const claims = await claimsBy(token, publicKey, algorithm);
    if (claims !== undefined) return claims;
  }
  throw refused("invalid signature");
}

async function claimsBy(
  token: string,
  publicKey: TokenPublicKey["publicKey"],
  algorithm: string,
): Promise<Claims | undefined> {
  const { compactVerify, errors } = await import("jose");
  try {
    const { payload } = await compactVerify(token, publicKey, { algorithms: [algorithm] });
    return jsonObjectOf(Buffer.from(payload).toString("utf8"));
  } catch (error) {
    // Which of the checks refused is not told: all of them look alike from outside.
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function keyIdOf(token: string): string | undefined {
  const kid = jsonPart(token.split(".", 1)[0] ?? "")?.["kid"];
  return typeof kid === "string" && kid !== "" ? kid : undefined;
}

/** Base64url without padding; another alphabet decodes to something too, which the signature then does not cover. */
function jsonPart(part: string): Claims | undefined {
  return base64url.test(part) ? jsonObjectOf(Buffer.from(part, "base64url").toString("utf8")) : undefined;
}

const base64url = /^[A-Za-z0-9_-]+$/;

function jsonObjectOf(text: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
  } catch {
    return undefined; // no token of ours
  }
}

/** A credential that was presented and does not count; the text is for who may review tokens. */
export function refused(text: string): StrongroomError {
  return new StrongroomError("unauthenticated", text);
}
