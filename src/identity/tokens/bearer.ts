/** Tokens in the header `Authorization`. Source: apiserver pkg/authentication/request/bearertoken; RFC 6750. */
import type { RequestAuthenticator } from "../request-credentials.ts";
import type { CredentialCache } from "./credential-cache.ts";
import { refused } from "./signed-token.ts";

export function bearerAuthenticator(credentials: Pick<CredentialCache, "authenticate">): RequestAuthenticator {
  return {
    async authenticate({ headers }) {
      const { authorization } = headers;
      const token = typeof authorization === "string" ? bearerToken(authorization) : undefined;
      if (token === undefined) return undefined;
      const found = await credentials.authenticate(token);
      if (found === undefined) throw refused("invalid bearer token");
      const { annotations, warnings } = found.verified;
      return { user: found.user, annotations, warnings };
    },
  };
}

/** The token of a header's value, undefined when it has none: another scheme, or nothing where the token should be. */
export function bearerToken(authorization: string): string | undefined {
  const [scheme = "", token = ""] = authorization.trim().split(" ", 2);
  return scheme.toLowerCase() === "bearer" && token !== "" ? token : undefined;
}
