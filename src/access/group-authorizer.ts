import type { User } from "../identity/user.ts";
import type { Authorizer } from "./authorizer.ts";

/**
 * Allows everything to the members of some groups and has no opinion on anyone
 * else (who is thereby refused: deny is the zero value).
 */
export function groupAuthorizer(groups: readonly string[]): Authorizer {
  const groupOf = (user: User) => groups.find((candidate) => user.groups.includes(candidate));
  return {
    async authorize({ user }) {
      const group = groupOf(user);
      return group === undefined
        ? { type: "no-opinion", reason: "" }
        : { type: "allow", reason: `group ${JSON.stringify(group)} may do everything` };
    },
    reach: async ({ user }) => (groupOf(user) === undefined ? [] : "all"),
  };
}
