/**
 * The ways that rights over roles and bindings open. The verbs `bind` and `escalate` are exceptions to the rule that
 * nobody gives away, or writes into a role, what they do not hold; without them nothing is gained here.
 *
 * Source: k/k pkg/registry/rbac/{role,clusterrole,rolebinding,clusterrolebinding}/policybased/storage.go.
 */
import type { RoleRef } from "../../access/rbac/role-binding.ts";
import type { BindingFact, RoleFact } from "../facts/facts.ts";
import type { Ask, EdgeId } from "./edge-rule.ts";
import { byName } from "./holders.ts";
import { isSaidElsewhere, rightsOf } from "./right-edges.ts";
import type { Holding } from "./right-edges.ts";
import type { Grant, Rights } from "./rights.ts";
import type { RoleResolver } from "./role-resolver.ts";
import type { GraphBuilder } from "./unit.ts";

const group = "rbac.authorization.k8s.io";

function ask(verb: string, resource: string, named: Ask["named"], clusterWide = false): Ask {
  return { verb, group, resource, subresource: "", clusterWide, named };
}

const bindAny = [ask("bind", "roles", "any"), ask("bind", "clusterroles", "any")];

/** A role of any content, to be bound afterwards. */
const writeAnyRole = [
  [ask("create", "roles", "none"), ask("update", "roles", "any"), ask("patch", "roles", "any")],
  [ask("escalate", "roles", "target")],
];

const makeAnyClusterRole = [
  [ask("create", "clusterroles", "none", true)],
  [ask("escalate", "clusterroles", "target", true)],
];

const changeClusterRole = [
  [ask("update", "clusterroles", "target", true), ask("patch", "clusterroles", "target", true)],
  [ask("escalate", "clusterroles", "target", true)],
];

export class RoleEdges {
  readonly #builder: GraphBuilder;
  readonly #roles: RoleResolver;

  constructor(builder: GraphBuilder, roles: RoleResolver) {
    this.#builder = builder;
    this.#roles = roles;
  }

  /** Adds what a holder can bind to itself or write into its own roles. Roles that are gained are nodes. */
  add(holding: Holding): void {
    const rights = rightsOf(this.#builder, holding);
    this.#addEscalation(holding, rights);
    // Who may bind nothing gains nothing by bindings; who may bind everything has every right without single roles.
    if (rights.findOne(bindAny, "") === undefined || this.#addBind(holding, rights) === "everything") return;
    this.#addChangedBindings(holding, rights);
  }

  #addBind(holding: Holding, rights: Rights): "everything" | "some" {
    const { scope } = holding;
    const bindings = scope === "" ? ["clusterrolebindings", "rolebindings"] : ["rolebindings"];
    const create = rights.findOne(
      bindings.map((each) => ask("create", each, "none")),
      "",
    );
    if (create === undefined) return "some";
    const every = rights.findOne([ask("bind", "clusterroles", "target")], "");
    if (every !== undefined) {
      // Every ClusterRole includes cluster-admin, which is always there.
      this.#addAnyRight(holding, "bind-role", [create, every]);
      return "everything";
    }
    this.#addBindNamed("clusterroles", holding, rights, create);
    const all = rights.findOne([ask("bind", "roles", "target")], "");
    if (all === undefined) this.#addBindNamed("roles", holding, rights, create);
    else this.#addBindAllRoles(holding, rights, [create, all]);
    return "some";
  }

  #addBindAllRoles(holding: Holding, rights: Rights, grants: readonly Grant[]): void {
    const written = rights.findAll(writeAnyRole, "");
    if (written !== undefined) this.#addAnyRight(holding, "bind-role", [...grants, ...written]);
    const { facts } = this.#builder;
    for (const role of holding.scope === "" ? facts.of("Role") : facts.inNamespace("Role", holding.scope)) {
      this.#addGained(holding, "bind-role", { grants, role, scope: role.namespace });
    }
  }

  #addBindNamed(kind: "clusterroles" | "roles", holding: Holding, rights: Rights, create: Grant): void {
    for (const name of rights.namedTargets([[ask("bind", kind, "target")]])) {
      const bind = rights.findOne([ask("bind", kind, "target")], name);
      if (bind === undefined) continue;
      const ref = { kind: kind === "roles" ? "Role" : "ClusterRole", name };
      for (const role of this.#rolesNamed(ref, holding.scope)) {
        const scope = kind === "roles" ? role.namespace : holding.scope;
        this.#addGained(holding, "bind-role", { grants: [create, bind], role, scope });
      }
    }
  }

  #rolesNamed(ref: RoleRef, scope: string): readonly RoleFact[] {
    if (ref.kind === "Role" && scope === "")
      return this.#builder.facts.of("Role").filter(({ name }) => name === ref.name);
    return this.#roles.rolesOf(ref, scope);
  }

  /** A subject is added to a binding that is there: its role is what is gained. */
  #addChangedBindings(holding: Holding, rights: Rights): void {
    for (const kind of ["RoleBinding", "ClusterRoleBinding"] as const) {
      const clusterWide = kind === "ClusterRoleBinding";
      const resource = clusterWide ? "clusterrolebindings" : "rolebindings";
      const change = [ask("update", resource, "target", clusterWide), ask("patch", resource, "target", clusterWide)];
      if (clusterWide && holding.scope !== "") continue;
      const all = rights.findOne(change, "");
      const names = all === undefined ? rights.namedTargets([change]) : undefined;
      if (names?.size === 0) continue;
      for (const binding of this.#bindingsIn(kind, holding.scope)) {
        if (names?.has(binding.name) === false) continue;
        const write = rights.findOne(change, binding.name);
        if (write !== undefined) this.#addChangedBinding(holding, rights, binding, write);
      }
    }
  }

  /** In the order of their names, so that of several the same one is given as the reason. */
  #bindingsIn(kind: BindingFact["kind"], scope: string): BindingFact[] {
    const { facts } = this.#builder;
    return [...(scope === "" ? facts.of(kind) : facts.inNamespace(kind, scope))].sort(byName);
  }

  #addChangedBinding(holding: Holding, rights: Rights, binding: BindingFact, write: Grant): void {
    const scope = binding.namespace;
    const kind = binding.roleRef.kind === "Role" ? "roles" : "clusterroles";
    const bind = rights.findOne([ask("bind", kind, "target", scope === "")], binding.roleRef.name);
    if (bind === undefined) return;
    for (const role of this.#roles.rolesOf(binding.roleRef, scope)) {
      this.#addGained(holding, "change-binding", { grants: [write, bind], role, scope, binding });
    }
  }

  /** Writing into a role helps who has the role. */
  #addEscalation(holding: Holding, rights: Rights): void {
    const escalating = [ask("escalate", "roles", "any"), ask("escalate", "clusterroles", "any", true)];
    if (rights.findOne(escalating, "") === undefined) return;
    for (const held of rights.held) {
      if (held.scope !== holding.scope) continue;
      const clusterWide = held.role.kind === "ClusterRole";
      const resource = clusterWide ? "clusterroles" : "roles";
      const { name } = held.role;
      const writes = ["update", "patch"].map((verb) => ask(verb, resource, "target", clusterWide));
      const needs = [writes, [ask("escalate", resource, "target", clusterWide)]];
      const grants = rights.findAll(needs, name) ?? this.#gathering(held.role, rights);
      if (grants !== undefined) return this.#addAnyRight(holding, "escalate-role", grants); // others add nothing
    }
  }

  /** Writing a ClusterRole that another one gathers by its labels is writing into that one. */
  #gathering({ aggregates }: RoleFact, rights: Rights): readonly Grant[] | undefined {
    if (aggregates.length === 0) return undefined;
    const made = rights.findAll(makeAnyClusterRole, "");
    if (made !== undefined) return made;
    const { facts } = this.#builder;
    const isThere = (name: string) =>
      name === "" || !facts.knows("ClusterRole") || facts.named("ClusterRole", "", name).length > 0;
    for (const name of ["", ...rights.namedTargets(changeClusterRole)]) {
      const grants = isThere(name) ? rights.findAll(changeClusterRole, name) : undefined;
      if (grants !== undefined) return grants;
    }
    return undefined;
  }

  #addAnyRight(holding: Holding, id: EdgeId, grants: readonly Grant[]): void {
    if (id !== "escalate-role" && isSaidElsewhere(grants, holding)) return;
    const capability = { kind: "any-right", namespace: holding.scope, name: "" } as const;
    const to = this.#builder.node({ type: "capability", capability });
    this.#builder.edge(holding.from, to, id, { grants, facts: [] });
  }

  #addGained(
    holding: Holding,
    id: EdgeId,
    gained: {
      readonly grants: readonly Grant[];
      readonly role: RoleFact;
      readonly scope: string;
      readonly binding?: BindingFact;
    },
  ): void {
    const { grants, role, scope, binding } = gained;
    if (isSaidElsewhere(grants, holding)) return;
    const to = this.#builder.node({ type: "role", role, scope });
    if (to === holding.from) return;
    this.#builder.edge(holding.from, to, id, { grants, facts: binding === undefined ? [role] : [binding, role] });
  }
}
