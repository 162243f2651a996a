import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { refused } from "./signed-token.ts";
import type { TokenAuthenticator } from "./token-authenticator.ts";

/**
 * Asks each in turn; the first whose token it is and for whom it counts has it. Raises what all said who refused it, and
 * anything else that goes wrong at once. Source: apiserver pkg/authentication/token/union.
 */
export function tokenUnion(authenticators: readonly TokenAuthenticator[]): TokenAuthenticator {
  return {
    async authenticate(token, audiences) {
      const refusals = new Set<string>();
      for (const authenticator of authenticators) {
        try {
          const verified = await authenticator.authenticate(token, audiences);
          if (verified !== undefined) return verified;
        } catch (error) {
          if (!isStrongroomError(error, "unauthenticated")) throw error;
          refusals.add(error.message);
        }
      }
      if (refusals.size === 0) return undefined;
      const texts = [...refusals];
      throw refused(texts.length === 1 ? texts.join("") : `[${texts.join(", ")}]`);
    },
  };
}
