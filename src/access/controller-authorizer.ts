import type { Authorizer } from "./authorizer.ts";

/**
 * Allows everything on resources to the server's own controllers and has no opinion on anyone else. For a gate that
 * only they can reach: a name is no proof of being one of them.
 */
export function controllerAuthorizer(names: readonly string[]): Authorizer {
  return {
    async authorize({ user, resource }) {
      if (resource === undefined || !names.includes(user.name)) return { type: "no-opinion", reason: "" };
      return { type: "allow", reason: `controller ${JSON.stringify(user.name)} of this server` };
    },
  };
}
