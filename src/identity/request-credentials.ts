/**
 * Who sends a request: the credentials that it may carry, in upstream's order. The first that counts has it. What was
 * presented and counts for nobody is refused; only who presented nothing may be anonymous, and only where that is open.
 *
 * Source: k/k pkg/kubeapiserver/authenticator/config.go; apiserver pkg/authentication/{group,request/union,request/anonymous}.
 */
import { StrongroomError, isStrongroomError } from "../errors/strongroom-error.ts";
import { anonymousUserName, authenticatedGroup, unauthenticatedGroup } from "./user.ts";
import type { User } from "./user.ts";
import type { ClientConnection } from "./x509/client-certificate-user.ts";

/** What of a request says who sent it. */
export interface PresentedRequest {
  readonly connection: ClientConnection;
  /** The path of the URL, as it was sent. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Names and values in turn, as they were sent. */
  readonly rawHeaders: readonly string[];
}

export interface AuthenticatedRequest {
  readonly user: User;
  /** What goes on record with the request. */
  readonly annotations?: readonly (readonly [key: string, value: string])[];
  /** What the caller is told with the answer. */
  readonly warnings?: readonly string[];
}

export interface RequestAuthenticator {
  /** Undefined when the request has no credential of this kind; raises `unauthenticated` for one that does not count. */
  authenticate(request: PresentedRequest): Promise<AuthenticatedRequest | undefined>;
}

/** All kinds of credentials. Raises `unauthenticated` where nobody is known. */
export function requestUnion(
  authenticators: readonly RequestAuthenticator[],
  /** Whether anybody may ask for a path. */
  anonymous: { readonly opens: (path: string) => boolean },
): (request: PresentedRequest) => Promise<AuthenticatedRequest> {
  return async (request) => {
    let refusal: StrongroomError | undefined;
    for (const authenticator of authenticators) {
      try {
        const found = await authenticator.authenticate(request);
        if (found !== undefined) return { ...found, user: inGroup(found.user) };
      } catch (error) {
        if (!isStrongroomError(error, "unauthenticated")) throw error;
        refusal ??= error;
      }
    }
    if (refusal !== undefined) throw refusal;
    if (anonymous.opens(request.path)) return { user: anonymousUser };
    throw new StrongroomError("unauthenticated", "a credential must be presented");
  };
}

const anonymousUser: User = {
  name: anonymousUserName,
  uid: undefined,
  groups: [unauthenticatedGroup],
  extra: new Map(),
};

/** The user in the group of all who are known. */
export function inGroup(user: User): User {
  const { name, groups } = user;
  const isSaid = groups.includes(authenticatedGroup) || groups.includes(unauthenticatedGroup);
  if (isSaid || name === anonymousUserName) return user;
  return { ...user, groups: [...groups, authenticatedGroup] };
}
