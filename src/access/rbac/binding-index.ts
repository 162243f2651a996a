/** Which roles a user has, everywhere and in each namespace, and through which bindings. */
import { principalOf } from "./role-binding.ts";
import type { Principal, RoleBinding } from "./role-binding.ts";
import { hasBit } from "./slot-set.ts";

/** A user as far as subjects go. */
export interface Holder {
  readonly name: string;
  readonly groups: readonly string[];
}

/** A binding with the number of its role. */
export interface IndexedBinding {
  readonly binding: RoleBinding;
  readonly role: number;
}

/** What one subject holds in one scope: role by role, the bindings that give it. */
export class HeldRoles {
  readonly #roles: number[] = [];
  readonly #bindings: Set<IndexedBinding>[] = [];
  readonly #places = new Map<number, number>();

  add(binding: IndexedBinding): void {
    const place = this.#places.get(binding.role);
    if (place !== undefined) {
      this.#bindings[place]?.add(binding);
      return;
    }
    this.#places.set(binding.role, this.#roles.length);
    this.#roles.push(binding.role);
    this.#bindings.push(new Set([binding]));
  }

  delete(binding: IndexedBinding): void {
    const place = this.#places.get(binding.role);
    const bindings = place === undefined ? undefined : this.#bindings[place];
    if (place === undefined || bindings === undefined) return;
    bindings.delete(binding);
    if (bindings.size === 0) this.#remove(place);
  }

  get isEmpty(): boolean {
    return this.#roles.length === 0;
  }

  /** A binding to one of the roles. */
  firstOf(roles: Uint32Array): IndexedBinding | undefined {
    for (let place = 0; place < this.#roles.length; place++) {
      if (!hasBit(roles, this.#roles[place]!)) continue; // place is below the length
      for (const binding of this.#bindings[place] ?? []) return binding;
    }
    return undefined;
  }

  *[Symbol.iterator](): Generator<IndexedBinding> {
    for (const bindings of this.#bindings) yield* bindings;
  }

  /** Fills the gap with the last role. */
  #remove(place: number): void {
    const [role, bindings] = [this.#roles.pop(), this.#bindings.pop()];
    if (role === undefined || bindings === undefined) return;
    if (place === this.#roles.length) {
      this.#places.delete(role);
      return;
    }
    this.#places.delete(this.#roles[place]!); // before the last
    this.#roles[place] = role;
    this.#bindings[place] = bindings;
    this.#places.set(role, place);
  }
}

/** By scope: "" for everywhere, else a namespace. */
type Scopes = Map<string, HeldRoles>;

export class BindingIndex {
  readonly #users = new Map<string, Scopes>();
  readonly #groups = new Map<string, Scopes>();

  add(binding: IndexedBinding): void {
    for (const principal of principalsOf(binding.binding)) {
      const held = this.#scopes(principal, true);
      const roles = held?.get(binding.binding.namespace) ?? new HeldRoles();
      held?.set(binding.binding.namespace, roles);
      roles.add(binding);
    }
  }

  delete(binding: IndexedBinding): void {
    const { namespace } = binding.binding;
    for (const principal of principalsOf(binding.binding)) {
      const held = this.#scopes(principal, false);
      const roles = held?.get(namespace);
      roles?.delete(binding);
      if (roles?.isEmpty === true) held?.delete(namespace);
      if (held?.size === 0) this.#byName(principal.type).delete(principal.name);
    }
  }

  /** What a user holds in a scope, as a user and by each of their groups. */
  held(holder: Holder, scope: string): HeldRoles[] {
    const found: HeldRoles[] = [];
    const own = this.#users.get(holder.name)?.get(scope);
    if (own !== undefined) found.push(own);
    for (const group of holder.groups) {
      const roles = this.#groups.get(group)?.get(scope);
      if (roles !== undefined) found.push(roles);
    }
    return found;
  }

  /** The namespaces in which a user holds anything, as a user and by each of their groups. */
  namespacesOf(holder: Holder): string[] {
    const scopes = [this.#users.get(holder.name), ...holder.groups.map((group) => this.#groups.get(group))];
    const found = new Set(scopes.flatMap((each) => [...(each?.keys() ?? [])]));
    found.delete("");
    return [...found];
  }

  #scopes({ type, name }: Principal, make: boolean): Scopes | undefined {
    const byName = this.#byName(type);
    const known = byName.get(name);
    if (known !== undefined || !make) return known;
    const scopes: Scopes = new Map();
    byName.set(name, scopes);
    return scopes;
  }

  #byName(type: Principal["type"]): Map<string, Scopes> {
    return type === "user" ? this.#users : this.#groups;
  }
}

function* principalsOf(binding: RoleBinding): Generator<Principal> {
  for (const subject of binding.subjects) {
    const principal = principalOf(subject, binding.namespace);
    if (principal !== undefined) yield principal;
  }
}
