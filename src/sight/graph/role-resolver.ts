/** What roles allow: those of the source, their aggregations, and those that every cluster has. */
import type { RoleRef } from "../../access/rbac/role-binding.ts";
import type { FactReader } from "../facts/fact-set.ts";
import type { LabelSelector, RoleFact, RuleFact } from "../facts/facts.ts";
import { builtIn } from "../facts/provenance.ts";
import { defaultRoles } from "./default-roles.ts";
import { Dependencies } from "./dependencies.ts";

export class RoleResolver {
  readonly #facts: FactReader;
  readonly #tracked: FactReader;
  readonly #dependencies: Dependencies;
  readonly #resolved = new Map<RoleFact, RoleFact>();
  /** In the order of their names, so that the order of the input does not matter. */
  #clusterRoles: readonly RoleFact[] | undefined;

  /** `tracked` are the same facts, with their readers noted. */
  constructor(facts: FactReader, tracked = facts, dependencies = new Dependencies()) {
    this.#facts = facts;
    this.#tracked = tracked;
    this.#dependencies = dependencies;
  }

  /** To be called when a ClusterRole changed: tells those who read a role that gathers, if what it gathers is another. */
  refresh(): void {
    this.#clusterRoles = undefined;
    for (const [role, resolved] of this.#resolved) {
      const isThere = role.at === builtIn || this.#facts.named(role.kind, "", role.name).includes(role);
      const rules = isThere ? this.#gather(role) : undefined;
      if (rules !== undefined && sameItems(rules, resolved.rules)) continue;
      this.#resolved.delete(role);
      this.#dependencies.changed(gatheredKey(role));
    }
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
    return this.#tracked.named(kind, namespace, name).flatMap((fact) => ("rules" in fact ? [this.#resolve(fact)] : []));
  }

  /** With the rules of the roles it aggregates, as a controller writes them into it. */
  #resolve(role: RoleFact): RoleFact {
    if (role.aggregates.length === 0) return role;
    this.#dependencies.note(gatheredKey(role));
    const known = this.#resolved.get(role);
    if (known !== undefined) return known;
    const resolved = { ...role, rules: this.#gather(role) };
    this.#resolved.set(role, resolved);
    return resolved;
  }

  #gather(role: RoleFact): RuleFact[] {
    // In manifests its own rules are what the controller will overwrite; in a dump, what it wrote.
    const overwritten = this.#facts.source === "manifests" && role.at !== builtIn;
    const rules = new Set<RuleFact>(overwritten ? [] : role.rules);
    this.#collect(role, rules, new Set<RoleFact>([role]));
    return [...rules];
  }

  /** Through aggregated roles that aggregate; a circle ends where it began. */
  #collect(role: RoleFact, rules: Set<RuleFact>, seen: Set<RoleFact>): void {
    this.#clusterRoles ??= [...this.#facts.of("ClusterRole")].sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const other of this.#clusterRoles) {
      if (seen.has(other) || !role.aggregates.some((selector) => selects(selector, other.labels))) continue;
      seen.add(other);
      for (const rule of other.rules) rules.add(rule);
      this.#collect(other, rules, seen);
    }
  }
}

function gatheredKey({ name }: RoleFact): string {
  return `gathered\n${name}`;
}

function sameItems<Item>(a: readonly Item[], b: readonly Item[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
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
