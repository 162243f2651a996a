/**
 * Who comes to which secrets in one graph and not in another.
 *
 * Only what can have changed is looked at: secrets, and namespaces of secrets, that are reached from an edge which one of
 * the graphs lacks. Secrets with the same ways in are asked about together, so that the answer needs a search for each
 * kind of way, not for each secret. A principal that comes to all of a namespace is not named for single secrets of it.
 */
import type { LastEdge, SecretName, SecurityGraph } from "../graph/security-graph.ts";
import { edgeNumber } from "../graph/edge-rules.ts";
import { noProof } from "../graph/security-graph.ts";
import { pathsTo } from "../graph/shortest-paths.ts";
import { newEdges, numbersIn, reachedFrom, reachingTo } from "./reach.ts";
import type { EdgePlaces } from "./reach.ts";
import { SearchesFromPrincipals, SearchesFromTargets, sourcesKey } from "./reach-searches.ts";
import type { Reach } from "./reach-searches.ts";
import { PathSteps } from "./path-steps.ts";
import type { Step } from "./path-steps.ts";
import { objectText, principalsOf } from "./principal.ts";
import type { NumberedPrincipal, Principal } from "./principal.ts";

/** Secrets that somebody comes to; "*" stands for every one, also those made later. */
export interface SecretsReached {
  readonly namespace: string;
  readonly name: string;
}

export interface AccessGain {
  readonly principal: Principal;
  readonly secrets: SecretsReached;
  readonly direct: boolean;
  readonly hops: number;
  readonly ease: number;
  /** In the graph that has it. */
  readonly path: readonly Step[];
}

/** Up to so many principals are followed to all they reach; of more, each kind of target is followed to all that reach it. */
const searchesMax = 200;

/** What `after` gives to whom that `before` does not, the widest first. What is lost is this with the graphs exchanged. */
export function accessGained(before: SecurityGraph, after: SecurityGraph): AccessGain[] {
  return new Comparison(before, after).gains();
}

interface Target {
  readonly secrets: SecretsReached;
  readonly before: readonly LastEdge[];
  readonly after: readonly LastEdge[];
}

interface Found {
  readonly target: Target;
  readonly gains: readonly AccessGain[];
}

class Comparison {
  readonly #before: SecurityGraph;
  readonly #after: SecurityGraph;
  /** Of the places of `after` in `before`; -1 for new ones. */
  readonly #numbers: Int32Array;
  readonly #newEdges: EdgePlaces;
  /** The places of `after` that are reached through a new edge. */
  readonly #touched: Uint8Array;
  /** Who comes to several secrets at once in `after`: by namespace and name, "*" standing for all. */
  readonly #wide = new Map<string, ReadonlySet<NumberedPrincipal>>();
  #reach: Reach;

  constructor(before: SecurityGraph, after: SecurityGraph) {
    this.#before = before;
    this.#after = after;
    this.#numbers = numbersIn(before, after);
    this.#newEdges = newEdges(before, after, this.#numbers);
    this.#touched = reachedFrom(after, this.#newEdges.heads);
    this.#reach = new SearchesFromTargets(before, after);
  }

  gains(): AccessGain[] {
    const wide = this.#changed([...this.#wideTargets()]);
    const single = this.#changed([...this.#singleTargets()]);
    let principals = this.#candidates([...wide, ...single]);
    const found: Found[] = [];
    for (const target of [...wide, ...bySources(single)]) {
      if (principals.length === 0) break;
      found.push({ target, gains: this.#gainsOf(target, principals) });
      if (target.secrets.namespace !== "*" || target.secrets.name !== "*") continue;
      const everything = this.#wide.get("*/*");
      principals = principals.filter((principal) => everything?.has(principal) !== true);
      if (principals.length <= searchesMax) this.#reach = new SearchesFromPrincipals(this.#before, this.#after);
    }
    const order = new Map([...wide, ...single].map((target, index) => [target, index]));
    return found.sort((a, b) => (order.get(a.target) ?? 0) - (order.get(b.target) ?? 0)).flatMap(({ gains }) => gains);
  }

  /** Who comes to something new at all. */
  #candidates(targets: readonly Target[]): readonly NumberedPrincipal[] {
    const newLast = targets.flatMap(({ before, after }) => this.#newAmong(before, after).map(({ from }) => from));
    const reaching = reachingTo(this.#after, [...this.#newEdges.tails, ...newLast]);
    return principalsOf(this.#after).filter(({ number }) => reaching[number] === 1);
  }

  #gainsOf(target: Target, principals: readonly NumberedPrincipal[]): AccessGain[] {
    const { namespace, name } = target.secrets;
    const wider = [`${namespace}/*`, `*/${name}`].map((place) => this.#wide.get(place));
    const asked = principals.filter((principal) => !wider.some((reach) => reach?.has(principal) === true));
    const reaching = asked.filter(({ number }) => this.#reach.after(target.after, number));
    if (namespace === "*" || name === "*") this.#wide.set(`${namespace}/${name}`, new Set(reaching));
    const gaining = reaching.filter(({ number }) => {
      const known = this.#numbers[number]!; // every node has one
      return known < 0 || !this.#reach.before(target.before, known);
    });
    if (gaining.length === 0) return [];
    const steps = new PathSteps(this.#after, pathsTo(this.#after, target.after), secretsText(target.secrets));
    return gaining.map(({ number, principal }) => {
      const { steps: path, hops, ease, direct } = steps.from(number);
      return { principal, secrets: target.secrets, direct, hops, ease, path };
    });
  }

  /** What can have changed. */
  #changed(targets: readonly Target[]): Target[] {
    return targets.filter(({ before, after }) => {
      return after.some(({ from }) => this.#touched[from] === 1) || this.#newAmong(before, after).length > 0;
    });
  }

  #newAmong(before: readonly LastEdge[], after: readonly LastEdge[]): readonly LastEdge[] {
    const known = new Set(before.map(({ from, rule }) => `${from} ${rule}`));
    return after.filter(({ from, rule }) => !known.has(`${this.#numbers[from]} ${rule}`));
  }

  *#wideTargets(): Generator<Target> {
    const places: { namespace: string; name: string }[] = [];
    for (const node of this.#after.nodes) {
      if (node.type !== "capability" || node.capability.kind !== "read-secret") continue;
      const { namespace, name } = node.capability;
      if (name === "" || namespace === "") places.push({ namespace, name });
    }
    const width = (place: SecretName) => (place.namespace === "" ? 0 : 1) + (place.name === "" ? 0 : 2);
    places.sort((a, b) => width(a) - width(b) || (`${a.namespace}\n${a.name}` < `${b.namespace}\n${b.name}` ? -1 : 1));
    for (const { namespace, name } of places) {
      yield {
        secrets: { namespace: namespace || "*", name: name || "*" },
        before: edgesToAll(this.#before, namespace, name),
        after: edgesToAll(this.#after, namespace, name),
      };
    }
  }

  *#singleTargets(): Generator<Target> {
    const found = new Map<string, SecretName>();
    for (const graph of [this.#before, this.#after]) {
      for (const secret of graph.facts.of("Secret")) found.set(`${secret.namespace}/${secret.name}`, secret);
      for (const node of graph.nodes) {
        if (node.type === "workload") {
          for (const { kind, name } of node.workload.references) {
            const { namespace } = node.workload;
            if (kind === "secret") found.set(`${namespace}/${name}`, { namespace, name });
          }
        } else if (node.type === "secret") {
          const { namespace, name } = node.secret;
          found.set(`${namespace}/${name}`, { namespace, name });
        } else if (node.type === "capability" && node.capability.kind === "read-secret") {
          const { namespace, name } = node.capability;
          if (namespace !== "" && name !== "") found.set(`${namespace}/${name}`, { namespace, name });
        }
      }
    }
    for (const [, { namespace, name }] of [...found].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const secret = { namespace, name };
      yield { secrets: secret, before: this.#before.edgesTo(secret), after: this.#after.edgesTo(secret) };
    }
  }
}

/** The edges to every secret of a namespace and name, "" standing for all: from what reads at least those. */
function edgesToAll(graph: SecurityGraph, namespace: string, name: string): LastEdge[] {
  const places = new Set([`${namespace}\n${name}`, `\n${name}`, `${namespace}\n`, "\n"]);
  return [...places].flatMap((place) => {
    const [inside = "", word = ""] = place.split("\n");
    const capability = { kind: "read-secret", namespace: inside, name: word } as const;
    const from = graph.find({ type: "capability", capability });
    return from === undefined ? [] : [{ from, rule: edgeNumber("concerns"), proof: noProof }];
  });
}

/** Targets with the same ways in beside each other. */
function bySources(targets: readonly Target[]): readonly Target[] {
  const groups = Map.groupBy(targets, ({ before, after }) => `${sourcesKey(before)} ${sourcesKey(after)}`);
  return [...groups.values()].flat();
}

/** `every Secret`, `every Secret of NAMESPACE`, `Secret NAME of every namespace` or `Secret NAMESPACE/NAME`. */
export function secretsText({ namespace, name }: SecretsReached): string {
  if (namespace === "*" && name === "*") return "every Secret";
  if (namespace === "*") return `${objectText({ kind: "Secret", namespace: "", name })} of every namespace`;
  if (name === "*") return `every Secret of ${namespace}`;
  return objectText({ kind: "Secret", namespace, name });
}
