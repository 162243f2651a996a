/** Whom a link writes as: `link NAMESPACE/NAME`, on record and as the author of what it writes. */
import type { Authorizer } from "../../../../access/authorizer.ts";
import { authenticatedGroup } from "../../../../identity/user.ts";
import type { User } from "../../../../identity/user.ts";

/** Nobody is one of them by a name: only who was made here. */
const linkUsers = new WeakSet<User>();

export function linkUser({ namespace, name }: { readonly namespace: string; readonly name: string }): User {
  const user = { name: `link ${namespace}/${name}`, uid: undefined, groups: [authenticatedGroup], extra: new Map() };
  linkUsers.add(user);
  return user;
}

/** Whether a link writes. */
export function isLinkUser(user: User): boolean {
  return linkUsers.has(user);
}

/** For the gate of links alone: whoever may write a link has been asked for the rights that it takes. */
export const linkAuthorizer: Authorizer = {
  async authorize({ user, resource }) {
    if (resource === undefined || !isLinkUser(user)) return { type: "no-opinion", reason: "" };
    return { type: "allow", reason: "a SecretLink of this server" };
  },
};
