/** Builds the graph from facts: first who has which rights, then what there is to reach. */
import { principalOf } from "../../access/rbac/role-binding.ts";
import type { FactSet } from "../facts/fact-set.ts";
import { workloadKinds } from "../facts/facts.ts";
import type { BindingFact, RoleFact } from "../facts/facts.ts";
import { addRightEdges } from "./right-edges.ts";
import { RoleEdges } from "./role-edges.ts";
import { RoleResolver } from "./role-resolver.ts";
import type { HeldRole } from "./rights.ts";
import { GraphBuilder } from "./security-graph.ts";
import type { SecurityGraph } from "./security-graph.ts";
import { accountUser, groupsOf } from "./graph-node.ts";
import type { PrincipalNode } from "./graph-node.ts";
import { addStructure } from "./structure-edges.ts";

/** The roles of a principal by scope, each once: a second binding of a role gives nothing more. */
type Held = Map<string, Map<RoleFact, HeldRole>>;

/** The graph of a source. Costs time in proportion to bindings times their roles' rules, and to workloads. */
export function buildGraph(facts: FactSet): SecurityGraph {
  const builder = new GraphBuilder(facts);
  const roles = new RoleResolver(facts);
  const holders = collectHolders(builder, roles);
  addKnownAccounts(builder);
  const roleEdges = new RoleEdges(builder, roles);
  for (const [number, held] of holders) {
    const node = builder.nodes[number];
    const groups = node?.type === "user" ? groupsOf(node.name) : [];
    for (const scope of scopesOf(held)) {
      const shared = groups.flatMap((group) => heldBy(builder, holders, group, scope));
      const rights = { own: inScope(held, scope), shared };
      addRightEdges(builder, { from: number, scope, ...rights });
      roleEdges.add({ from: number, scope, ...rights });
    }
  }
  roleEdges.addRightsOfRoles();
  addStructure(builder);
  return builder.finish();
}

function collectHolders(builder: GraphBuilder, roles: RoleResolver): Map<number, Held> {
  const holders = new Map<number, Held>();
  const bindings = [...builder.facts.of("ClusterRoleBinding"), ...builder.facts.of("RoleBinding")];
  // In the order of names, so that of several reasons the same one is given whatever the order of the input.
  for (const binding of bindings.sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))) {
    const bound = roles.rolesOf(binding.roleRef, binding.namespace);
    if (bound.length === 0) builder.noteUnresolved(binding);
    const held = bound.map((role) => ({ binding, role, scope: binding.namespace }));
    for (const principal of principalsOf(binding)) addHeld(holders, builder.node(principal), held);
  }
  return holders;
}

function placeOf({ namespace, name }: BindingFact): string {
  return `${namespace}\n${name}`;
}

function principalsOf(binding: BindingFact): PrincipalNode[] {
  return binding.subjects.flatMap((subject) => principalOf(subject, binding.namespace) ?? []);
}

function addHeld(holders: Map<number, Held>, number: number, held: readonly HeldRole[]): void {
  const scopes: Held = holders.get(number) ?? new Map();
  holders.set(number, scopes);
  for (const each of held) {
    const known = scopes.get(each.scope) ?? new Map<RoleFact, HeldRole>();
    scopes.set(each.scope, known);
    if (!known.has(each.role)) known.set(each.role, each);
  }
}

/** Accounts, and those that workloads run as: they can be reached without having any right. */
function addKnownAccounts(builder: GraphBuilder): void {
  builder.node({ type: "group", name: "system:masters" });
  for (const { namespace, name } of knownAccounts(builder.facts)) builder.node(accountUser(namespace, name));
}

function* knownAccounts(facts: FactSet): Generator<{ readonly namespace: string; readonly name: string }> {
  yield* facts.of("ServiceAccount");
  for (const kind of workloadKinds) {
    for (const { namespace, account } of facts.of(kind)) yield { namespace, name: account };
  }
}

function heldBy(builder: GraphBuilder, holders: Map<number, Held>, group: string, scope: string): HeldRole[] {
  const number = builder.find({ type: "group", name: group });
  const held = number === undefined ? undefined : holders.get(number);
  return held === undefined ? [] : inScope(held, scope);
}

/** Everywhere first, so that what holds everywhere is not said again for each namespace. */
function scopesOf(held: Held): string[] {
  return [...held.keys()].sort();
}

function inScope(held: Held, scope: string): HeldRole[] {
  const own = [...(held.get(scope)?.values() ?? [])];
  return scope === "" ? own : [...own, ...(held.get("")?.values() ?? [])];
}
