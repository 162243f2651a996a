/**
 * Decisions by RBAC over roles and bindings that change one at a time.
 *
 * Knows no store and no requests: attributes in, decision out. The work of a decision grows with the number of rules
 * divided by 32, and with the groups of the user; a change costs what the changed role or binding is large.
 *
 * Source: k/k plugin/pkg/auth/authorizer/rbac/rbac.go, pkg/registry/rbac/validation/rule.go.
 */
import type { Attributes, Decision, Reach, ResourceAttributes } from "../authorizer.ts";
import { unionOfReaches } from "../reach.ts";
import { BindingIndex } from "./binding-index.ts";
import type { Holder, IndexedBinding } from "./binding-index.ts";
import { namesAllowed } from "./policy-rule.ts";
import type { Action, PolicyRule } from "./policy-rule.ts";
import { aggregateText, describeGrant, principalOf, unresolvedText } from "./role-binding.ts";
import type { Quote, Role, RoleBinding, RoleRef, Subject } from "./role-binding.ts";
import { RuleIndex } from "./rule-index.ts";
import type { IndexedRule } from "./rule-index.ts";
import { SlotNumbers, clearBit, setBit, withRoom } from "./slot-set.ts";

/** A role that exists or that bindings refer to. */
interface KnownRole {
  readonly number: number;
  readonly ref: RoleRef;
  /** Undefined while only bindings speak of it. */
  rules: readonly IndexedRule[] | undefined;
  bindings: number;
}

/** The rules a user has, and what kept them from being all. */
export interface UserRules {
  readonly rules: readonly PolicyRule[];
  /** What bindings refer to and is not there. */
  readonly unresolved: readonly RoleRef[];
  /** Why some of it may be denied all the same, in words. */
  readonly narrowedBy?: string;
}

export class RbacIndex {
  readonly #quote: Quote;
  readonly #numbers = new SlotNumbers();
  readonly #roles = new Map<string, KnownRole>();
  readonly #byNumber: KnownRole[] = [];
  readonly #bindings = new Map<string, IndexedBinding>();
  readonly #rules = new RuleIndex();
  readonly #held = new BindingIndex();
  /** The texts of grants that were the reason of a decision. */
  readonly #reasons = new WeakMap<Subject, string>();
  /** Numbers of roles that bindings refer to and that are not there. */
  #unresolved = new Uint32Array(0);
  #unresolvedCount = 0;
  #allowing = new Uint32Array(0);

  /** `quote` writes names in the texts of reasons. */
  constructor(quote: Quote) {
    this.#quote = quote;
  }

  /** Adds a role or replaces the one of its name. */
  setRole(role: Role): void {
    const ref = { kind: role.namespace === "" ? "ClusterRole" : "Role", name: role.name };
    const known = this.#know(ref, role.namespace);
    this.#dropRules(known);
    known.rules = role.rules.map((rule) => this.#rules.add(rule, known.number));
    this.#noteUnresolved(known);
  }

  /** Removes a role; nothing when there is none. */
  removeRole(namespace: string, name: string): void {
    const key = roleKey({ kind: namespace === "" ? "ClusterRole" : "Role", name }, namespace);
    const known = this.#roles.get(key);
    if (known === undefined) return;
    this.#dropRules(known);
    this.#noteUnresolved(known);
    this.#forgetUnused(known, key);
  }

  /** Adds a binding or replaces the one of its name. */
  setBinding(binding: RoleBinding): void {
    this.removeBinding(binding.namespace, binding.name);
    const known = this.#know(binding.roleRef, binding.namespace);
    known.bindings++;
    const indexed = { binding, role: known.number };
    this.#bindings.set(bindingKey(binding.namespace, binding.name), indexed);
    this.#held.add(indexed);
    this.#noteUnresolved(known);
  }

  /** Removes a binding; nothing when there is none. */
  removeBinding(namespace: string, name: string): void {
    const key = bindingKey(namespace, name);
    const indexed = this.#bindings.get(key);
    if (indexed === undefined) return;
    this.#bindings.delete(key);
    this.#held.delete(indexed);
    const roleRefKey = roleKey(indexed.binding.roleRef, namespace);
    const known = this.#roles.get(roleRefKey);
    if (known === undefined) return;
    known.bindings--;
    this.#noteUnresolved(known);
    this.#forgetUnused(known, roleRefKey);
  }

  /** Allow with the grant as reason, else no opinion; then the reason names the roles that are not there, if any. */
  decide(attributes: Attributes): Decision {
    const { user, resource } = attributes;
    this.#allowing.fill(0);
    if (this.#rules.rolesAllowing(attributes, this.#allowing)) {
      const grant = this.#grant(user, resource?.namespace ?? "");
      if (grant !== undefined) return { type: "allow", reason: this.#reason(grant, user) };
    }
    const errors = this.#unresolvedTexts(user, resource?.namespace ?? "");
    return { type: "no-opinion", reason: errors.length === 0 ? "" : `RBAC: ${aggregateText(errors)}` };
  }

  /** The rules that apply to a user in a namespace; with "", those that apply everywhere. */
  rulesFor(holder: Holder, namespace: string): UserRules {
    const rules: PolicyRule[] = [];
    const unresolved: RoleRef[] = [];
    for (const { binding, role } of this.#bindingsOf(holder, namespace)) {
      const known = this.#byNumber[role];
      if (known?.rules === undefined) unresolved.push(binding.roleRef);
      else for (const { rule } of known.rules) rules.push(rule);
    }
    return { rules, unresolved };
  }

  /** See Authorizer.reach: by the rules that the user holds, so that nothing has to be looked for. */
  reach(attributes: ResourceAttributes): Reach {
    const { user, resource } = attributes;
    const names = this.#namesAllowed(user, "", attributes);
    if (resource.namespace !== "") {
      const own = this.#namesAllowed(user, resource.namespace, attributes);
      return unionOfReaches([
        [{ namespace: resource.namespace, names }],
        [{ namespace: resource.namespace, names: own }],
      ]);
    }
    if (names === "all") return "all";
    // Names in whatever namespace they are.
    if (names.length > 0) return "unknown";
    return unionOfReaches(
      this.#held
        .namespacesOf(user)
        .map((namespace) => [{ namespace, names: this.#namesAllowed(user, namespace, attributes) }]),
    );
  }

  #namesAllowed(holder: Holder, scope: string, action: Action): "all" | readonly string[] {
    const found = new Set<string>();
    for (const roles of this.#held.held(holder, scope)) {
      for (const { role } of roles) {
        for (const { rule } of this.#byNumber[role]?.rules ?? []) {
          const names = namesAllowed(rule, action);
          if (names === "all") return "all";
          for (const name of names) found.add(name);
        }
      }
    }
    return [...found];
  }

  /** Every binding with the rules it gives; those of roles that are not there are left out. */
  *grants(): Generator<{ readonly binding: RoleBinding; readonly rules: readonly PolicyRule[] }> {
    for (const { binding, role } of this.#bindings.values()) {
      const rules = this.#byNumber[role]?.rules;
      if (rules !== undefined) yield { binding, rules: rules.map(({ rule }) => rule) };
    }
  }

  /** The rules of the role that a binding in a namespace would refer to; undefined when it is not there. */
  rulesOf(roleRef: RoleRef, bindingNamespace: string): readonly PolicyRule[] | undefined {
    return this.#roles.get(roleKey(roleRef, bindingNamespace))?.rules?.map(({ rule }) => rule);
  }

  /** ClusterRoleBindings come first, as upstream; which one of several is not determined. */
  #grant(holder: Holder, namespace: string): IndexedBinding | undefined {
    for (const scope of scopesOf(namespace)) {
      for (const roles of this.#held.held(holder, scope)) {
        const found = roles.firstOf(this.#allowing);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  #reason({ binding }: IndexedBinding, holder: Holder): string {
    const subject = firstSubjectOf(binding, holder);
    let reason = this.#reasons.get(subject);
    if (reason === undefined) {
      reason = `RBAC: allowed by ${describeGrant(binding, subject, this.#quote)}`;
      this.#reasons.set(subject, reason);
    }
    return reason;
  }

  #unresolvedTexts(holder: Holder, namespace: string): string[] {
    if (this.#unresolvedCount === 0) return [];
    const held = scopesOf(namespace).flatMap((scope) => this.#held.held(holder, scope));
    if (held.every((roles) => roles.firstOf(this.#unresolved) === undefined)) return [];
    return this.#bindingsOf(holder, namespace)
      .filter(({ role }) => this.#byNumber[role]?.rules === undefined)
      .map(({ binding }) => unresolvedText(binding.roleRef, this.#quote, "singular"));
  }

  /** In the order of their names, those for everywhere first; each once. */
  #bindingsOf(holder: Holder, namespace: string): IndexedBinding[] {
    return scopesOf(namespace).flatMap((scope) => {
      const found = new Set(this.#held.held(holder, scope).flatMap((roles) => [...roles]));
      return [...found].sort((a, b) => (a.binding.name < b.binding.name ? -1 : 1));
    });
  }

  #know(ref: RoleRef, namespace: string): KnownRole {
    const key = roleKey(ref, namespace);
    let known = this.#roles.get(key);
    if (known === undefined) {
      known = { number: this.#numbers.take(), ref, rules: undefined, bindings: 0 };
      this.#roles.set(key, known);
      this.#byNumber[known.number] = known;
      this.#allowing = withRoom(this.#allowing, known.number);
      this.#unresolved = withRoom(this.#unresolved, known.number);
    }
    return known;
  }

  #dropRules(known: KnownRole): void {
    for (const rule of known.rules ?? []) this.#rules.remove(rule);
    known.rules = undefined;
  }

  #noteUnresolved({ number, rules, bindings }: KnownRole): void {
    const [word, bit] = [number >>> 5, 1 << (number & 31)];
    const before = (this.#unresolved[word]! & bit) !== 0; // room was made for the number
    const now = rules === undefined && bindings > 0;
    if (now === before) return;
    this.#unresolvedCount += now ? 1 : -1;
    if (now) setBit(this.#unresolved, number);
    else clearBit(this.#unresolved, number);
  }

  #forgetUnused(known: KnownRole, key: string): void {
    if (known.rules !== undefined || known.bindings > 0) return;
    this.#roles.delete(key);
    this.#numbers.give(known.number);
  }
}

/** Where a request is decided: everywhere, then in its namespace. */
function scopesOf(namespace: string): readonly string[] {
  return namespace === "" ? everywhere : ["", namespace];
}

const everywhere: readonly string[] = [""];

/** Unambiguous: a namespace contains no line break, and a name, which may, comes last. */
function roleKey({ kind, name }: RoleRef, bindingNamespace: string): string {
  return kind === "Role" ? `Role\n${bindingNamespace}\n${name}` : `${kind}\n${name}`;
}

function bindingKey(namespace: string, name: string): string {
  return `${namespace}\n${name}`;
}

/** The first subject of a binding that stands for a user: it is there, or the binding would not have been found. */
function firstSubjectOf(binding: RoleBinding, holder: Holder): Subject {
  const [only] = binding.subjects;
  if (binding.subjects.length === 1 && only !== undefined) return only;
  const groups = new Set(holder.groups);
  const found = binding.subjects.find((subject) => isHolder(subject, binding.namespace, { name: holder.name, groups }));
  if (found === undefined) throw new TypeError("a binding must be asked for a user it applies to");
  return found;
}

/** As {@link principalOf}, without making anything: a binding may have thousands of subjects. */
function isHolder(
  subject: Subject,
  bindingNamespace: string,
  holder: { readonly name: string; readonly groups: ReadonlySet<string> },
): boolean {
  if (subject.kind === "User") return subject.name === holder.name;
  if (subject.kind === "Group") return holder.groups.has(subject.name);
  return (
    holder.name.startsWith("system:serviceaccount:") && principalOf(subject, bindingNamespace)?.name === holder.name
  );
}
