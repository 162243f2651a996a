/**
 * The graph of facts that change.
 *
 * It is made of units ({@link Unit}): one for each principal and scope with rights, one for each workload, account and
 * token, one for each node that leads on. A change makes anew the units that read what changed, and nothing else; a
 * graph built from scratch is the case of everything having changed.
 */
import { factKey } from "../facts/fact-set.ts";
import type { FactPlace, FactSet } from "../facts/fact-set.ts";
import type { BindingFact, Fact } from "../facts/facts.ts";
import type { FactChange } from "../sources/source.ts";
import { indexKeysOf, valuesOf } from "../facts/fact-indexes.ts";
import { allKinds } from "../facts/facts.ts";
import { Dependencies } from "./dependencies.ts";
import { groupsOf, saysMore } from "./graph-node.ts";
import type { GraphNode, PrincipalNode } from "./graph-node.ts";
import { GraphTable } from "./graph-table.ts";
import { byName, holderKey, Holders } from "./holders.ts";
import type { HolderPlace } from "./holders.ts";
import { addRightEdges } from "./right-edges.ts";
import type { Holding } from "./right-edges.ts";
import { RoleEdges } from "./role-edges.ts";
import { RoleResolver } from "./role-resolver.ts";
import type { HeldRole } from "./rights.ts";
import { SecretUsers } from "./secret-users.ts";
import { SecurityGraph } from "./security-graph.ts";
import { addFact, addNode, addSuperUsers, leadsOn } from "./structure-edges.ts";
import { keysOf, knownKey, TrackedFacts } from "./tracked-facts.ts";
import { Unit, UnitWriter } from "./unit.ts";
import type { GraphBuilder } from "./unit.ts";

/** All facts of one kind, namespace and name, as they are from now on; none when there is no such object any more. */
export interface FactsOfPlace extends FactPlace {
  readonly facts: readonly Fact[];
}

export class LiveGraph {
  readonly #facts: FactSet;
  readonly #dependencies = new Dependencies();
  readonly #table = new GraphTable();
  readonly #roles: RoleResolver;
  readonly #holders: Holders;
  readonly #users = new SecretUsers();
  readonly #writer: UnitWriter;
  readonly #units = new Map<string, Unit>();
  /** Of the nodes that are there, by number. */
  readonly #nodeUnits: (Unit | undefined)[] = [];
  readonly #outdated = new Set<string>();
  #graph: SecurityGraph | undefined;

  /** Takes the facts over: from now on they are changed by {@link LiveGraph.apply} only. */
  constructor(facts: FactSet) {
    this.#facts = facts;
    const tracked = new TrackedFacts(facts, this.#dependencies);
    this.#roles = new RoleResolver(facts, tracked, this.#dependencies);
    this.#holders = new Holders(this.#roles, this.#dependencies);
    this.#writer = new UnitWriter(this.#table, tracked, this.#dependencies);
    this.#need("super-users", addSuperUsers);
    for (const kind of allKinds) {
      for (const fact of facts.of(kind)) {
        this.#noteAdded(fact);
        if (valuesOf(fact).some(({ fingerprint }) => facts.shared(fingerprint) !== undefined)) this.#needFact(fact);
      }
    }
  }

  /**
   * Takes changes over, in their order. Returns the changes that undo them, in the order in which to apply them. A graph
   * handed out before is of no use any more.
   */
  apply(changes: readonly FactsOfPlace[]): FactsOfPlace[] {
    const undo: FactsOfPlace[] = [];
    this.#table.nextState();
    for (const { kind, namespace, name, facts } of changes) {
      const place = { kind, namespace, name };
      const wasKnown = this.#facts.knows(kind);
      const before = this.#facts.replace(place, facts);
      undo.unshift({ ...place, facts: before });
      for (const fact of before) this.#noteRemoved(fact);
      for (const fact of facts) this.#noteAdded(fact);
      for (const fact of [...before, ...facts]) this.#needSharing(fact);
      if (kind === "ClusterRole") this.#roles.refresh();
      for (const key of [...keysOf(place), ...[...before, ...facts].flatMap(indexKeysOf)]) {
        this.#dependencies.changed(key);
      }
      if (this.#facts.knows(kind) !== wasKnown) this.#dependencies.changed(knownKey(kind));
    }
    this.#graph = undefined;
    return undo;
  }

  /** Takes over what a followed source tells, in its order. */
  take(changes: readonly FactChange[]): void {
    this.apply(changes.flatMap((change) => factsOfChange(change) ?? []));
    for (const change of changes) this.#takeCoverage(change);
  }

  /** Facts of a gap stay; that nothing of a name is there says less, or more, from now on. */
  #takeCoverage(change: FactChange): void {
    if (change.type === "problem") this.#facts.report(change.problem);
    else if (change.type === "gap") {
      this.#facts.addGap(change.gap);
      this.#dependencies.changed(knownKey(change.gap.kind));
    } else if (change.type === "known") {
      this.#facts.closeGap(change);
      this.#facts.markListed(change.kind);
      this.#dependencies.changed(knownKey(change.kind));
    }
  }

  /** What `ask` says of the graph as it would be after the changes, which are undone before this returns. */
  whatIf<Answer>(changes: readonly FactsOfPlace[], ask: (graph: SecurityGraph) => Answer): Answer {
    const undo = this.apply(changes);
    try {
      return ask(this.graph());
    } finally {
      this.apply(undo);
    }
  }

  /** The graph as it is now, the same one until something changes. */
  graph(): SecurityGraph {
    this.#graph ??= this.#freeze();
    return this.#graph;
  }

  /** What is kept: by how much it grows, and that it does not grow for ever. */
  get size(): { readonly units: number; readonly nodes: number; readonly edges: number; readonly readers: number } {
    return { units: this.#units.size, ...this.#table.counts, readers: this.#dependencies.size };
  }

  #noteAdded(fact: Fact): void {
    if ("roleRef" in fact) {
      this.#holders.add(fact);
      this.#needHolders(fact);
    } else if ("references" in fact) this.#users.add(fact);
    if (leadsOn(fact)) this.#needFact(fact);
  }

  /** What has a value in common with a fact says so, and no longer when it has none. */
  #needSharing(fact: Fact): void {
    for (const { fingerprint } of valuesOf(fact)) {
      for (const place of this.#facts.holding(fingerprint)) this.#needFact(place.fact);
    }
  }

  #noteRemoved(fact: Fact): void {
    if ("roleRef" in fact) {
      this.#holders.remove(fact);
      this.#needHolders(fact);
    } else if ("references" in fact) this.#users.remove(fact);
  }

  #needFact({ kind, namespace, name }: FactPlace): void {
    this.#need(`fact\n${factKey({ kind, namespace, name })}`, (builder) => {
      for (const fact of builder.facts.named(kind, namespace, name)) addFact(builder, fact);
    });
  }

  #needHolders(binding: BindingFact): void {
    for (const place of this.#holders.placesOf(binding)) {
      this.#need(`holder\n${holderKey(place)}`, (builder) => this.#addHolder(builder, place));
    }
  }

  /** A unit that is to be there, and made anew. */
  #need(key: string, derive: (builder: GraphBuilder) => void): void {
    if (!this.#units.has(key)) this.#units.set(key, new Unit(derive, () => void this.#outdated.add(key)));
    this.#outdated.add(key);
  }

  #addHolder(builder: GraphBuilder, place: HolderPlace): void {
    if (!this.#holders.hasBindings(place)) return;
    const from = builder.node(place.principal);
    builder.claim(from);
    const own = this.#holders.held(place);
    if (own.length === 0) return; // roles that are not known
    this.#addHolding(builder, { from, who: place.principal, ...this.#holding(place) });
  }

  /** Everywhere last, so that what holds everywhere is not said again for each namespace. */
  #holding({ principal, scope }: HolderPlace): Omit<Holding, "from" | "who"> {
    const inScope = (holder: PrincipalNode): HeldRole[] => {
      const own = this.#holders.held({ principal: holder, scope });
      return scope === "" ? [...own] : [...own, ...this.#holders.held({ principal: holder, scope: "" })];
    };
    const groups = principal.type === "user" ? groupsOf(principal.name) : [];
    return { scope, own: inScope(principal), shared: groups.flatMap((name) => inScope({ type: "group", name })) };
  }

  #addHolding(builder: GraphBuilder, holding: Holding): void {
    addRightEdges(builder, holding);
    new RoleEdges(builder, this.#roles).add(holding);
  }

  #addNode(builder: GraphBuilder, number: number, node: GraphNode): void {
    if (node.type !== "role") return addNode(builder, number, node);
    // What a role that somebody can come to hold gives: also roles that lead to others.
    const { role, scope } = node;
    const own = this.#roles.rolesOf(role, role.namespace).map((each) => ({ binding: undefined, role: each, scope }));
    if (own.length > 0) this.#addHolding(builder, { from: number, who: undefined, scope, own, shared: [] });
  }

  #freeze(): SecurityGraph {
    for (const key of this.#outdated) this.#write(key);
    this.#outdated.clear();
    const isThere = this.#whatIsThere();
    this.#dropNodeUnits(isThere);
    this.#table.sweep();
    const { nodes, edges, proofs, places } = this.#table.freeze(isThere);
    const graph: SecurityGraph = new SecurityGraph({
      facts: this.#facts,
      nodes,
      edges,
      proofs,
      find: (key) => {
        if (this.#graph !== graph) throw new TypeError("the graph must be asked before its facts change");
        const place = places[this.#table.find(key) ?? -1] ?? -1;
        return place < 0 ? undefined : place;
      },
      usersOf: (secret) => this.#users.of(secret),
      unresolved: () => this.#unresolved(),
    });
    return graph;
  }

  #write(key: string): void {
    const unit = this.#units.get(key);
    if (unit === undefined) return;
    this.#writer.write(unit, { claims: true });
    if (unit.edges.length > 0 || unit.nodes.length > 0) return;
    // It says nothing until something that makes it needed anew comes.
    this.#writer.erase(unit, { claims: true });
    this.#units.delete(key);
  }

  /** By number of the node. On the way, what follows from nodes that were not there before is written. */
  #whatIsThere(): boolean[] {
    const isThere = Array.from({ length: this.#table.size }, () => false);
    const waiting: number[] = [];
    const mark = (node: number) => {
      if (isThere[node] === true) return;
      isThere[node] = true;
      waiting.push(node);
    };
    for (let node = 0; node < this.#table.size; node++) if (this.#table.isClaimed(node)) mark(node);
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      for (const end of this.#nodeUnit(node)?.nodes ?? []) mark(end);
    }
    return isThere;
  }

  #nodeUnit(number: number): Unit | undefined {
    const node = this.#table.node(number);
    if (node === undefined || !saysMore(node)) return undefined;
    let unit = this.#nodeUnits[number];
    if (unit === undefined) {
      unit = new Unit(
        (builder) => this.#addNode(builder, number, node),
        () => {},
      );
      this.#nodeUnits[number] = unit;
    }
    if (!unit.isCurrent) this.#writer.write(unit, { claims: false });
    return unit;
  }

  #dropNodeUnits(isThere: readonly boolean[]): void {
    for (let number = 0; number < this.#nodeUnits.length; number++) {
      const unit = this.#nodeUnits[number];
      if (unit === undefined || isThere[number] === true) continue;
      this.#writer.erase(unit, { claims: false });
      this.#nodeUnits[number] = undefined;
    }
  }

  #unresolved(): BindingFact[] {
    const bindings = [...this.#facts.of("ClusterRoleBinding"), ...this.#facts.of("RoleBinding")];
    return bindings
      .filter(({ roleRef, namespace }) => this.#roles.rolesOf(roleRef, namespace).length === 0)
      .sort(byName);
  }
}

/** Undefined for what is no object. */
function factsOfChange(change: FactChange): FactsOfPlace | undefined {
  if (change.type === "put") {
    const { kind, namespace, name } = change.fact;
    return { kind, namespace, name, facts: [change.fact] };
  }
  if (change.type !== "delete") return undefined;
  const { kind, namespace, name } = change;
  return { kind, namespace, name, facts: [] };
}
