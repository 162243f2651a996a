import type { Authorizer } from "./authorizer.ts";
import type { RbacIndex } from "./rbac/rbac-index.ts";

/** Where roles and bindings come from: our store is one implementation, a remote cluster can be another. */
export interface RbacFacts {
  /**
   * The roles and bindings as of now, at least as new as every change that this server answered. Raises `unavailable`
   * while they are not known to be: nothing is decided by old facts.
   */
  index(): RbacIndex;
  /** See Authorizer.generation. */
  generation(): number;
}

/** Decides by Roles, ClusterRoles and their bindings; has no opinion on what they do not allow. */
export function rbacAuthorizer(facts: RbacFacts): Authorizer {
  return {
    authorize: async (attributes) => facts.index().decide(attributes),
    generation: () => facts.generation(),
    reach: async (attributes) => facts.index().reach(attributes),
  };
}
