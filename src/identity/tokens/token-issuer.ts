/** Makes tokens of service accounts. */
import { boundTokenClaims, legacyTokenClaims } from "./service-account-claims.ts";
import type { BoundTokenContent, LegacyTokenContent } from "./service-account-claims.ts";
import { signToken } from "./signed-token.ts";
import type { TokenKey } from "./token-key.ts";

export interface TokenIssuer {
  /** What tokens are for unless somebody asks for something else: this server. */
  readonly ownAudiences: readonly string[];
  /** Longest life of a bound token in seconds; 0: as long as is asked for. */
  readonly lifeSecondsMax: number;
  bound(content: Omit<BoundTokenContent, "issuer">): Promise<string>;
  legacy(content: LegacyTokenContent): Promise<string>;
}

export interface TokenIssuerOptions {
  readonly issuer: string;
  readonly ownAudiences: readonly string[];
  readonly lifeSecondsMax: number;
  /** The key that signs now. */
  readonly signing: () => TokenKey;
}

export function tokenIssuer({ issuer, signing, ownAudiences, lifeSecondsMax }: TokenIssuerOptions): TokenIssuer {
  return {
    ownAudiences,
    lifeSecondsMax,
    bound: (content) => signToken(boundTokenClaims({ ...content, issuer }), signing()),
    legacy: (content) => signToken(legacyTokenClaims(content), signing()),
  };
}
