/**
 * Who is asking, after authentication. Every credential of every door becomes
 * one of these (kubernetes/apiserver pkg/authentication/user).
 */
export interface User {
  readonly name: string;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: ReadonlyMap<string, readonly string[]>;
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
