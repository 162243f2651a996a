/** From who has rights to what the rights amount to, by the conditions of the table. */
import type { FactReader } from "../facts/fact-set.ts";
import type { FactKind } from "../facts/facts.ts";
import { holdsOnVersion } from "../facts/server-profile.ts";
import { attenuatorsOf } from "./attenuators-of.ts";
import { capabilityOver } from "./capability.ts";
import type { Capability } from "./capability.ts";
import { edgeIds } from "./edge-rule.ts";
import type { EdgeRule, RightsCondition } from "./edge-rule.ts";
import { edgeNumber, edgeRules } from "./edge-rules.ts";
import { Rights } from "./rights.ts";
import { deniableVerbs, denialOf } from "./secret-denials.ts";
import type { Denial } from "./secret-denials.ts";
import type { PrincipalNode } from "./graph-node.ts";
import type { Grant, HeldRole } from "./rights.ts";
import type { GraphBuilder } from "./unit.ts";

/** What somebody holds in one scope. */
export interface Holding {
  /** The number of who it is. */
  readonly from: number;
  /** Undefined for a role that somebody may come to hold. */
  readonly who: PrincipalNode | undefined;
  /** "" for everywhere. */
  readonly scope: string;
  /** By bindings of their own; those for everywhere come last. */
  readonly own: readonly HeldRole[];
  /** As a member of groups that everybody of a kind is in. */
  readonly shared: readonly HeldRole[];
}

type RightsRule = EdgeRule & { readonly condition: RightsCondition };

const rightRules = edgeIds
  .map((id) => edgeRules[edgeNumber(id)])
  .filter((rule): rule is RightsRule => rule?.condition.type === "rights");

/** Adds the capabilities of one holding. */
export function addRightEdges(builder: GraphBuilder, holding: Holding): void {
  const rights = rightsOf(builder, holding);
  for (const rule of rightRules) {
    const holds = holdsHere(builder.facts, rule, holding.scope);
    if (holds === "no") continue;
    const { needs } = rule.condition;
    for (const target of ["", ...rights.namedTargets(needs)]) {
      const grants = rights.findAll(needs, target);
      if (grants === undefined || isSaidElsewhere(grants, holding)) continue;
      const denial = denialAt(builder.facts, rule, holding, target);
      if (denial === "all") continue;
      const to = builder.node({ type: "capability", capability: capabilityOf(rule, holding.scope, target) });
      const by = attenuatorsOf(builder.facts, rule, { scope: holding.scope, rights, holds, denial });
      builder.edge(holding.from, to, by.length === 0 ? rule.id : { id: rule.id, by }, { grants, facts: [] });
      if (target === "") break; // names add nothing to all
    }
  }
}

function denialAt(facts: FactReader, { id }: RightsRule, { who, scope }: Holding, name: string): Denial {
  const verb = deniableVerbs.get(id);
  return verb === undefined || who === undefined ? "none" : denialOf(facts, who, { verb, namespace: scope, name });
}

function holdsHere(facts: FactReader, { condition, servers, since, until }: RightsRule, scope: string) {
  const { within, present } = condition;
  if (!servers.includes(facts.server.kind)) return "no";
  if (within !== undefined && scope !== "" && scope !== within) return "no";
  if (present !== undefined && !present.some((place) => isPresent(facts, place))) return "no";
  return holdsOnVersion(facts.server.version, { since, until });
}

function capabilityOf({ condition }: RightsRule, scope: string, target: string): Capability {
  const { gives, needs, reach } = condition;
  if (reach === "cluster") return { kind: gives, namespace: "", name: "" };
  const isNamespace = target !== "" && needs.flat().some(({ named }) => named === "namespace");
  return isNamespace ? { kind: gives, namespace: target, name: "" } : capabilityOver(gives, scope, target);
}

/** `KIND NAMESPACE/NAME` of an object that makes a way possible. */
function isPresent(facts: FactReader, place: string): boolean {
  const [kind = "", namespace = "", name = ""] = place.split(/[ /]/);
  return facts.named(kind as FactKind, namespace, name).length > 0; // the table names kinds of facts
}

/** Rights that find their reasons among what is the holder's own first. */
export function rightsOf({ facts }: GraphBuilder, { own, shared, scope }: Holding): Rights {
  const isFree = (name: string) =>
    facts.knows("Secret", scope || undefined) && facts.named("Secret", scope, name).length === 0;
  return new Rights([...own, ...shared], isFree, scope);
}

/** What only bindings for everywhere give is said there; what only a group gives is said of the group. */
export function isSaidElsewhere(grants: readonly Grant[], { own, scope }: Holding): boolean {
  const held = (grant: Grant) => own.some(({ binding, role }) => binding === grant.binding && role === grant.role);
  return !grants.some(held) || (scope !== "" && grants.every((grant) => grant.scope === ""));
}
