/** Who is bound to which roles, by principal and scope. */
import { principalOf } from "../../access/rbac/role-binding.ts";
import type { BindingFact, RoleFact } from "../facts/facts.ts";
import { DerivedValues } from "./dependencies.ts";
import type { Dependencies } from "./dependencies.ts";
import { nodeKey } from "./graph-node.ts";
import type { PrincipalNode } from "./graph-node.ts";
import type { HeldRole } from "./rights.ts";
import type { RoleResolver } from "./role-resolver.ts";

/** A principal and where a binding counts for it: a namespace, or "" for everywhere. */
export interface HolderPlace {
  readonly principal: PrincipalNode;
  readonly scope: string;
}

export class Holders {
  readonly #roles: RoleResolver;
  readonly #dependencies: Dependencies;
  readonly #held: DerivedValues<readonly HeldRole[]>;
  readonly #bindings = new Map<string, Set<BindingFact>>();

  constructor(roles: RoleResolver, dependencies: Dependencies) {
    this.#roles = roles;
    this.#dependencies = dependencies;
    this.#held = new DerivedValues(dependencies);
  }

  /** Whom the binding concerns, each once. */
  placesOf(binding: BindingFact): HolderPlace[] {
    const scope = binding.namespace;
    const places = new Map<string, HolderPlace>();
    for (const subject of binding.subjects) {
      const principal = principalOf(subject, scope);
      if (principal !== undefined) places.set(nodeKey(principal), { principal, scope });
    }
    return [...places.values()];
  }

  add(binding: BindingFact): void {
    for (const place of this.placesOf(binding)) {
      const key = holderKey(place);
      const bindings = this.#bindings.get(key);
      if (bindings === undefined) this.#bindings.set(key, new Set([binding]));
      else bindings.add(binding);
      this.#dependencies.changed(bindingsKey(key));
    }
  }

  remove(binding: BindingFact): void {
    for (const place of this.placesOf(binding)) {
      const key = holderKey(place);
      const bindings = this.#bindings.get(key);
      bindings?.delete(binding);
      if (bindings?.size === 0) this.#bindings.delete(key);
      this.#dependencies.changed(bindingsKey(key));
    }
  }

  hasBindings(place: HolderPlace): boolean {
    return this.#bindings.has(holderKey(place));
  }

  /** The roles held by bindings of exactly this scope, each once: a second binding of a role gives nothing more. */
  held(place: HolderPlace): readonly HeldRole[] {
    const key = holderKey(place);
    return this.#held.get(`held\n${key}`, () => {
      this.#dependencies.note(bindingsKey(key));
      const held = new Map<RoleFact, HeldRole>();
      for (const binding of [...(this.#bindings.get(key) ?? [])].sort(byName)) {
        for (const role of this.#roles.rolesOf(binding.roleRef, binding.namespace)) {
          if (!held.has(role)) held.set(role, { binding, role, scope: place.scope });
        }
      }
      return [...held.values()];
    });
  }
}

export function holderKey({ principal, scope }: HolderPlace): string {
  return `${nodeKey(principal)}\n${scope}`;
}

function bindingsKey(key: string): string {
  return `bindings\n${key}`;
}

/** So that of several reasons the same one is given whatever the order of the input. */
export function byName(a: BindingFact, b: BindingFact): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}
