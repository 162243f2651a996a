/**
 * JWTs of an issuer elsewhere (OpenID Connect).
 *
 * Source: apiserver plugin/pkg/authenticator/token/oidc/oidc.go; go-oidc oidc/verify.go for the times; RFC 8725.
 */
import { compactVerify, errors } from "jose";
import type { CompactVerifyGetKey } from "jose";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { refused, tokenBytesMax, unverifiedIssuer } from "../tokens/signed-token.ts";
import type { Claims } from "../tokens/signed-token.ts";
import { sharedAudiences } from "../tokens/token-authenticator.ts";
import type { TokenAuthenticator, VerifiedToken } from "../tokens/token-authenticator.ts";
import type { JwtConfiguration } from "./authentication-configuration.ts";
import { issuersChange } from "./issuers-change.ts";

/** Signatures with public keys only: with a shared secret, whoever can verify could sign. */
const algorithms = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"];
/** How much earlier than its `nbf` a token counts. */
const notBeforeLeewayMs = 5 * 60_000;
/** Issuers have a few keys; anybody can send tokens that name none, and each try costs a verification. */
const triedKeysMax = 8;

export interface JwtAuthenticatorOptions {
  readonly configuration: Pick<JwtConfiguration, "issuer"> & {
    readonly rules: Pick<JwtConfiguration["rules"], "userOf">;
  };
  readonly keyOf: CompactVerifyGetKey;
  /** What requests to this server are for: tokens of the issuer are for it, whatever they call it. */
  readonly ownAudiences: readonly string[];
  readonly nowMs: () => number;
}

/** Has no opinion on tokens of other issuers. */
export function jwtAuthenticator(options: JwtAuthenticatorOptions): TokenAuthenticator {
  const { configuration, ownAudiences, nowMs } = options;
  const { issuer, rules } = configuration;
  return {
    async authenticate(token, audiences): Promise<VerifiedToken | undefined> {
      if (token.length > tokenBytesMax || unverifiedIssuer(token) !== issuer.url) return undefined;
      const shared = sharedAudiences(ownAudiences, audiences);
      if (shared.length === 0) return undefined;
      const claims = await verifiedClaims(token, options.keyOf);
      const endsAtMs = requireClaims(claims, issuer, nowMs());
      const user = rules.userOf(claims);
      return { user, audiences: shared, dependsOn: [issuersChange], endsAtMs, annotations: [], warnings: [] };
    },
  };
}

async function verifiedClaims(token: string, keyOf: CompactVerifyGetKey): Promise<Claims> {
  try {
    const payload = await verifiedPayload(token, keyOf);
    const claims: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
    if (typeof claims === "object" && claims !== null && !Array.isArray(claims)) return { ...claims };
  } catch (error) {
    if (error instanceof StrongroomError) throw asRefusal(error);
    // Which of the checks refused is not told: all of them look alike from outside.
    if (!(error instanceof errors.JOSEError || error instanceof SyntaxError || error instanceof TypeError)) throw error;
  }
  throw refused("oidc: verify token: failed to verify signature");
}

/** A token need not name its key: then each that fits is tried, as go-oidc does, up to a bound. */
async function verifiedPayload(token: string, keyOf: CompactVerifyGetKey): Promise<Uint8Array> {
  try {
    return (await compactVerify(token, keyOf, { algorithms })).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let tried = 0;
    for await (const key of error) {
      if (++tried > triedKeysMax) break;
      try {
        return (await compactVerify(token, key, { algorithms })).payload;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw error;
  }
}

/** While the issuer's keys are not known, none of its tokens counts; other credentials are not concerned. */
function asRefusal(error: StrongroomError): StrongroomError {
  return error.code === "unavailable" ? refused(`oidc: verify token: ${error.message}`) : error;
}

/** Resolves to when the token ends. */
function requireClaims(claims: Claims, issuer: JwtConfiguration["issuer"], nowMs: number): number {
  if (claims["iss"] !== issuer.url) throw refused("oidc: verify token: id token issued by a different provider");
  const audiences = [claims["aud"]].flat();
  if (!audiences.some((audience) => typeof audience === "string" && issuer.audiences.includes(audience))) {
    throw refused("oidc: verify token: the token is for another audience");
  }
  const [expiry, notBefore] = [claims["exp"], claims["nbf"]];
  if (typeof expiry !== "number" || !Number.isFinite(expiry)) throw refused("oidc: verify token: the token must end");
  if (nowMs > expiry * 1000) throw refused("oidc: verify token: token is expired");
  if (notBefore !== undefined && typeof notBefore !== "number") throw refused("oidc: verify token: nbf must be a time");
  if (notBefore !== undefined && nowMs + notBeforeLeewayMs < notBefore * 1000) {
    throw refused("oidc: verify token: current time is before the nbf (not before) time");
  }
  return expiry * 1000;
}
