/**
 * The default roles and bindings at the start of a server: made where they are missing, completed where an older
 * release made them.
 *
 * Source: k/k pkg/registry/rbac/rest/storage_rbac.go.
 */
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import { cloneJson, equalJson } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import { clusterRoleKind, roleKind } from "../kinds/role.ts";
import { fillSystemFields, ownMetadata } from "../kinds/system-fields.ts";
import type { KindStorage, StoredObject } from "../storage/kind-storage.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import { aggregatedRules, isAggregated } from "./aggregate-rules.ts";
import { defaultPolicy } from "./default-policy.ts";
import type { DefaultObject } from "./default-policy.ts";
import { isProtected, reconciledBinding, reconciledRole } from "./reconcile-policy.ts";

const writer = { author: "system:apiserver", door: "kubernetes" } as const;
const retriesMax = 5;

export interface DefaultPolicyFacts {
  readonly storage: (kind: Kind) => KindStorage;
  readonly uuid: () => string;
  readonly now: () => Date;
}

/** Resolves when all are as they should be. The system namespaces must be there. */
export async function ensureDefaultPolicy(facts: DefaultPolicyFacts): Promise<void> {
  // All at once: the store syncs once for many.
  await Promise.all(withAggregatedRules(defaultPolicy()).map((object) => ensure(facts, object)));
}

/** Aggregated roles have their rules from the start: nobody waits for the controller. */
function withAggregatedRules(policy: readonly DefaultObject[]): DefaultObject[] {
  const rules = new Map<string, JsonObject>();
  const roles = policy.filter(({ kind }) => kind === clusterRoleKind).map(({ tree }) => tree);
  // A role can gather from one that gathers: after as many rounds as there are, none is missing.
  const aggregated = roles.filter(isAggregated);
  for (let round = 0; round < aggregated.length; round++) {
    const sofar = roles.map((role) => rules.get(nameOf(role)) ?? role);
    for (const role of aggregated) {
      const filled = cloneJson(role);
      filled["rules"] = cloneJson(aggregatedRules(role, sofar));
      rules.set(nameOf(role), filled);
    }
  }
  return policy.map(({ kind, tree }) => ({
    kind,
    tree: kind === clusterRoleKind ? (rules.get(nameOf(tree)) ?? tree) : tree,
  }));
}

async function ensure(facts: DefaultPolicyFacts, { kind, tree }: DefaultObject): Promise<void> {
  const storage = facts.storage(kind);
  for (let attempt = 1; ; attempt++) {
    const existing = await storage.get(stringField(metadataOf(tree), "namespace"), nameOf(tree));
    try {
      if (existing === undefined) await create(facts, storage, tree);
      else await update(facts, storage, { kind, existing, tree });
      return;
    } catch (error) {
      // Another replica starts too.
      const overtaken = isStrongroomError(error, "already-exists") || isStrongroomError(error, "conflict");
      if (!overtaken || attempt >= retriesMax) throw error;
    }
  }
}

async function create(facts: DefaultPolicyFacts, storage: KindStorage, tree: JsonObject): Promise<void> {
  const created = cloneJson(tree);
  fillSystemFields(created, { uid: facts.uuid(), now: facts.now() });
  await storage.create(created, writer);
}

async function update(
  facts: DefaultPolicyFacts,
  storage: KindStorage,
  { kind, existing, tree }: { readonly kind: Kind; readonly existing: StoredObject; readonly tree: JsonObject },
): Promise<void> {
  const current = existing.tree();
  if (isProtected(current)) return;
  const isRole = kind === roleKind || kind === clusterRoleKind;
  const next = isRole ? reconciledRole(current, tree) : reconciledBinding(current, tree);
  if (next === undefined) {
    await storage.delete(existing, writer);
    await create(facts, storage, tree);
    return;
  }
  if (equalJson(next, current)) return;
  delete ownMetadata(next)["resourceVersion"];
  await storage.replace(existing, next, writer);
}

function nameOf(tree: Readonly<JsonObject>): string {
  return stringField(metadataOf(tree), "name");
}
