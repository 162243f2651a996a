/** What roles allow: those of the source, their aggregations, and those that every cluster has. */
import type { RoleRef } from "../../access/rbac/role-binding.ts";
import type { FactSet } from "../facts/fact-set.ts";
import type { LabelSelector, RoleFact, RuleFact } from "../facts/facts.ts";
import { builtIn } from "../facts/provenance.ts";
import { defaultRoles } from "./default-roles.ts";

export class RoleResolver {
  readonly #facts: FactSet;
  readonly #resolved = new Map<RoleFact, RoleFact>();

  constructor(facts: FactSet) {
    this.#facts = facts;
  }

  /** The roles that a binding of a namespace refers to: none when unknown, several when the source contradicts itself. */
  rolesOf({ kind, name }: RoleRef, bindingNamespace: string): readonly RoleFact[] {
    if (kind === "Role") return this.#found("Role", bindingNamespace, name);
    if (kind !== "ClusterRole") return [];
    const found = this.#found("ClusterRole", "", name);
    const own = defaultRoles.get(name);
    return found.length > 0 || own === undefined ? found : [this.#resolve(own)];
  }

  #found(kind: "Role" | "ClusterRole", namespace: string, name: string): RoleFact[] {
    return this.#facts.named(kind, namespace, name).flatMap((fact) => ("rules" in fact ? [this.#resolve(fact)] : []));
  }

  /** With the rules of the roles it aggregates, as a controller writes them into it. */
  #resolve(role: RoleFact): RoleFact {
    if (role.aggregates.length === 0) return role;
    const known = this.#resolved.get(role);
    if (known !== undefined) return known;
    // In manifests its own rules are what the controller will overwrite; in a dump, what it wrote.
    const overwritten = this.#facts.source === "manifests" && role.at !== builtIn;
    const rules = new Set<RuleFact>(overwritten ? [] : role.rules);
    const seen = new Set<RoleFact>([role]);
    this.#collect(role, rules, seen);
    const resolved = { ...role, rules: [...rules] };
    this.#resolved.set(role, resolved);
    return resolved;
  }

  /** Through aggregated roles that aggregate; a circle ends where it began. */
  #collect(role: RoleFact, rules: Set<RuleFact>, seen: Set<RoleFact>): void {
    for (const other of this.#facts.of("ClusterRole")) {
      if (seen.has(other) || !role.aggregates.some((selector) => selects(selector, other.labels))) continue;
      seen.add(other);
      for (const rule of other.rules) rules.add(rule);
      this.#collect(other, rules, seen);
    }
  }
}

/** Source: apimachinery pkg/apis/meta/v1/helpers.go (LabelSelectorAsSelector); an empty selector selects everything. */
function selects({ labels, expressions }: LabelSelector, of: ReadonlyMap<string, string>): boolean {
  for (const [key, value] of labels) if (of.get(key) !== value) return false;
  return expressions.every(({ key, operator, values }) => {
    const value = of.get(key);
    switch (operator) {
      case "In":
        return value !== undefined && values.includes(value);
      case "NotIn":
        return value === undefined || !values.includes(value);
      case "Exists":
        return value !== undefined;
      case "DoesNotExist":
        return value === undefined;
      default:
        return false;
    }
  });
}
