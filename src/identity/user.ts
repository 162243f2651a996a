/**
 * Who is asking, after authentication. Every credential of every door becomes
 * one of these (kubernetes/apiserver pkg/authentication/user).
 */
export interface User {
  readonly name: string;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: ReadonlyMap<string, readonly string[]>;
  /** When the credential ends, in ms since 1970; undefined when it does not. Streams that it opened end then. */
  readonly expiresAtMs?: number | undefined;
  /**
   * Whether the credential has been taken back since. Asked for every open stream twice a second, so it reads what is
   * known and waits for nothing.
   */
  readonly revoked?: (() => boolean) | undefined;
}

/** The group that upstream gives everything, unconditionally. */
export const superAdminGroup = "system:masters";
/** The group of the administrators of this server. */
export const adminGroup = "strongroom:admins";
/** Added to every authenticated user. */
export const authenticatedGroup = "system:authenticated";
/** The name and group of a caller without a credential. */
export const anonymousUserName = "system:anonymous";
export const unauthenticatedGroup = "system:unauthenticated";
