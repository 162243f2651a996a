/** Who may do what at this door: the authorizers, and what they decide by. */
import type { Authorizer } from "../../../access/authorizer.ts";
import { groupAuthorizer } from "../../../access/group-authorizer.ts";
import { rbacAuthorizer } from "../../../access/rbac-authorizer.ts";
import type { RbacFacts } from "../../../access/rbac-authorizer.ts";
import { unionAuthorizer } from "../../../access/union-authorizer.ts";
import { adminGroup, superAdminGroup } from "../../../identity/user.ts";
import type { Kind } from "../kinds/kind.ts";
import type { KindStorage } from "../storage/kind-storage.ts";
import { StoredRbacFacts } from "./stored-rbac-facts.ts";
import type { StoredRbacFactsOptions } from "./stored-rbac-facts.ts";

/**
 * Groups that may do everything whatever roles and bindings say: upstream's, and that of the host's administrator, who
 * could read the data directory anyway and must be able to repair what locked everybody out.
 */
export const allPowerfulGroups: readonly string[] = [superAdminGroup, adminGroup];

export interface OpenAccess extends AsyncDisposable {
  readonly authorizer: Authorizer;
  readonly facts: RbacFacts;
  /** The storages to serve from: what they have written, the authorizer knows. */
  readonly storage: (kind: Kind) => KindStorage;
}

/** Reads the roles and bindings in our own store and follows them. */
export async function openAccess(options: StoredRbacFactsOptions): Promise<OpenAccess> {
  const facts = await StoredRbacFacts.open(options);
  const observed = new Map<Kind, KindStorage>();
  return {
    authorizer: unionAuthorizer([groupAuthorizer(allPowerfulGroups), rbacAuthorizer(facts)]),
    facts,
    storage(kind) {
      const known = observed.get(kind) ?? facts.observed(kind, options.storage(kind));
      observed.set(kind, known);
      return known;
    },
    [Symbol.asyncDispose]: () => facts[Symbol.asyncDispose](),
  };
}
