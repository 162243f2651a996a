/** What the kinds of tokens have in common. Source: apiserver pkg/authentication/authenticator. */
import type { User } from "../user.ts";
import type { TokenObject } from "./token-facts.ts";

/** What a token ends with: an object of ours, or the configuration of issuers elsewhere. */
export type TokenDependency = TokenObject | { readonly kind: "issuers"; readonly namespace: ""; readonly name: "" };

/** A token that counts. */
export interface VerifiedToken {
  /** Without `system:authenticated`. */
  readonly user: User;
  /** Those of the asked audiences that it is for. */
  readonly audiences: readonly string[];
  /** It is to be looked at again when one of these changes. */
  readonly dependsOn: readonly TokenDependency[];
  /** It no longer counts from then on, in ms since 1970. */
  readonly endsAtMs: number | undefined;
  /** What goes on record with each request that it is used for. */
  readonly annotations: readonly (readonly [key: string, value: string])[];
  /** What the caller is told with each answer. */
  readonly warnings: readonly string[];
}

export interface TokenAuthenticator {
  /**
   * The user of a token, for one of `audiences`. Undefined for a token that is not of this kind; raises
   * `unauthenticated`, with a text for who may review tokens, for one that is and does not count.
   */
  authenticate(token: string, audiences: readonly string[]): Promise<VerifiedToken | undefined>;
}

/** What both lists have, in the order of the first. */
export function sharedAudiences(of: readonly string[], asked: readonly string[]): string[] {
  return of.filter((audience) => asked.includes(audience));
}
