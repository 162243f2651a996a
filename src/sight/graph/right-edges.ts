/** From who has rights to what the rights amount to, by the conditions of the table. */
import { capabilityOver } from "./capability.ts";
import type { EdgeCondition, EdgeRule } from "./edge-rule.ts";
import { edgeRules } from "./edge-rules.ts";
import { Rights } from "./rights.ts";
import type { Grant, HeldRole } from "./rights.ts";
import type { GraphBuilder } from "./unit.ts";

/** What somebody holds in one scope. */
export interface Holding {
  /** The number of who it is. */
  readonly from: number;
  /** "" for everywhere. */
  readonly scope: string;
  /** By bindings of their own; those for everywhere come last. */
  readonly own: readonly HeldRole[];
  /** As a member of groups that everybody of a kind is in. */
  readonly shared: readonly HeldRole[];
}

type RightsCondition = Extract<EdgeCondition, { type: "rights" }>;

const rightRules = edgeRules.filter(
  (rule): rule is EdgeRule & { readonly condition: RightsCondition } => rule.condition.type === "rights",
);

/** Adds the capabilities of one holding. */
export function addRightEdges(builder: GraphBuilder, holding: Holding): void {
  const rights = rightsOf(builder, holding);
  for (const rule of rightRules) {
    const { gives, needs } = rule.condition;
    for (const target of ["", ...rights.namedTargets(needs)]) {
      const grants = rights.findAll(needs, target);
      if (grants === undefined || isSaidElsewhere(grants, holding)) continue;
      const capability = capabilityOver(gives, holding.scope, target);
      const to = builder.node({ type: "capability", capability });
      builder.edge(holding.from, to, rule.id, { grants, facts: [] });
      if (target === "") break; // names add nothing to all
    }
  }
}

/** Rights that find their reasons among what is the holder's own first. */
export function rightsOf({ facts }: GraphBuilder, { own, shared, scope }: Holding): Rights {
  const isFree = (name: string) =>
    facts.knows("Secret", scope || undefined) && facts.named("Secret", scope, name).length === 0;
  return new Rights([...own, ...shared], isFree);
}

/** What only bindings for everywhere give is said there; what only a group gives is said of the group. */
export function isSaidElsewhere(grants: readonly Grant[], { own, scope }: Holding): boolean {
  const held = (grant: Grant) => own.some(({ binding, role }) => binding === grant.binding && role === grant.role);
  return !grants.some(held) || (scope !== "" && grants.every((grant) => grant.scope === ""));
}
