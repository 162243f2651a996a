/**
 * Which single removal takes a secret from most readers, and who still reads it then.
 *
 * Only what the easiest way of some reader stands on can change anything. Of those removals the ones that can matter most
 * are tried: the facts are changed, and the question is asked again. So what is claimed is the answer after the removal, and a
 * fix that closes one route of several is seen to leave the others.
 */
import type { FactSet } from "../facts/fact-set.ts";
import { edgeRules } from "../graph/edge-rules.ts";
import { LiveGraph } from "../graph/live-graph.ts";
import type { SecretName, SecurityGraph } from "../graph/security-graph.ts";
import { pathsTo } from "../graph/shortest-paths.ts";
import type { PathsTo } from "../graph/shortest-paths.ts";
import { gathered } from "./changed-facts.ts";
import type { Step, WalkedEdge } from "./path-steps.ts";
import { objectText, principalsOf } from "./principal.ts";
import type { Principal } from "./principal.ts";
import { effortWeight, removalsOf } from "./removal.ts";
import type { Effort, Removal, RemovalType } from "./removal.ts";
import { whoCan } from "./who-can.ts";
import type { AnswerCoverage, Reader } from "./who-can.ts";

export interface ChokeAnswer {
  readonly secret: SecretName;
  readonly coverage: AnswerCoverage;
  readonly readers: number;
  /** The sum of the readers' risks. */
  readonly risk: number;
  /** The best first: by what the risk falls, divided by the effort. */
  readonly removals: readonly TriedRemoval[];
  /** How many others there are that were not tried, since they can do less than those shown, or were too many. */
  readonly untried: number;
}

export interface TriedRemoval {
  readonly type: RemovalType;
  readonly what: string;
  readonly effort: Effort;
  /** After it. */
  readonly readers: number;
  readonly risk: number;
  /** Who no longer reads the secret. */
  readonly noLonger: readonly Principal[];
  /** Whose easiest way it closed, and who reads the secret by another. */
  readonly still: readonly Survivor[];
}

export interface Survivor {
  readonly principal: Principal;
  readonly risk: number;
  readonly hops: number;
  readonly path: readonly Step[];
}

const everything = { onlyDirect: false, hopsMax: Infinity };
/** Each costs some 0.1 s where there are 30,000 pods. */
const triedMax = 60;

/** At most `count` removals. Takes the facts over. */
export function choke(facts: FactSet, secret: SecretName, count: number): ChokeAnswer {
  const live = new LiveGraph(gathered(facts));
  const before = whoCan(live.graph(), secret, everything);
  const candidates = candidatesOf(live.graph(), secret, before.readers);
  const tried: { readonly gain: number; readonly removal: TriedRemoval }[] = [];
  let next = 0;
  for (; next < candidates.length && next < triedMax; next++) {
    const { removal, most, users } = candidates[next]!; // below the length
    const worst = tried[count - 1];
    if (worst !== undefined && most <= worst.gain) break;
    const readers = live.whatIf(removal.changes, (graph) => whoCan(graph, secret, everything).readers);
    const after = triedRemoval(removal, { users, before: before.readers, after: readers });
    const gain = (riskSum(before.readers) - after.risk) / effortWeight[removal.effort];
    tried.push({ gain, removal: after });
    tried.sort((a, b) => b.gain - a.gain);
  }
  return {
    secret,
    coverage: before.coverage,
    readers: before.readers.length,
    risk: riskSum(before.readers),
    removals: tried.flatMap(({ gain, removal }) => (gain > 0 ? [removal] : [])).slice(0, count),
    untried: candidates.length - next,
  };
}

/** To one decimal, as each of them is. */
function riskSum(readers: readonly Reader[]): number {
  return Math.round(10 * readers.reduce((sum, { risk }) => sum + risk, 0)) / 10;
}

function triedRemoval(
  { type, what, effort }: Removal,
  { users, before, after }: { users: ReadonlySet<string>; before: readonly Reader[]; after: readonly Reader[] },
): TriedRemoval {
  const left = new Map(after.map((reader) => [objectText(reader.principal), reader]));
  const still = [...left].filter(([who]) => users.has(who)).map(([, reader]) => survivorOf(reader));
  const noLonger = before.map(({ principal }) => principal).filter((principal) => !left.has(objectText(principal)));
  return { type, what, effort, readers: after.length, risk: riskSum(after), noLonger, still };
}

function survivorOf({ principal, risk, hops, path }: Reader): Survivor {
  return { principal, risk, hops, path };
}

interface Candidate {
  readonly removal: Removal;
  /** The risk of all who use it, divided by the effort: no removal can do more. */
  readonly most: number;
  readonly users: ReadonlySet<string>;
}

/** The removals that the readers' easiest ways stand on, those that can do most first. */
function candidatesOf(graph: SecurityGraph, secret: SecretName, readers: readonly Reader[]): Candidate[] {
  const onWay = new RemovalsOnWays(graph, secret);
  const found = new Map<string, { removal: Removal; risk: number; users: Set<string> }>();
  const risks = new Map(readers.map(({ principal, risk }) => [objectText(principal), risk]));
  for (const { number, principal } of principalsOf(graph)) {
    const who = objectText(principal);
    const risk = risks.get(who);
    if (risk === undefined) continue;
    for (const removal of onWay.from(number)) {
      const known = found.get(removal.id) ?? { removal, risk: 0, users: new Set<string>() };
      found.set(removal.id, known);
      known.risk += risk;
      known.users.add(who);
    }
  }
  return [...found.values()]
    .map(({ removal, risk, users }) => ({ removal, users, most: risk / effortWeight[removal.effort] }))
    .sort((a, b) => b.most - a.most || (a.removal.id < b.removal.id ? -1 : 1));
}

/** Ways that join share what follows, so that each edge is looked at once. */
class RemovalsOnWays {
  readonly #graph: SecurityGraph;
  readonly #secret: SecretName;
  readonly #paths: PathsTo;
  readonly #known = new Map<number, ReadonlyMap<string, Removal>>();

  constructor(graph: SecurityGraph, secret: SecretName) {
    this.#graph = graph;
    this.#secret = secret;
    this.#paths = pathsTo(graph, graph.edgesTo(secret));
  }

  from(node: number): Iterable<Removal> {
    return this.#from(node).values();
  }

  #from(node: number): ReadonlyMap<string, Removal> {
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    const edge = this.#edgeFrom(node);
    const found = new Map(edge === undefined || edge.toNumber < 0 ? [] : this.#from(edge.toNumber));
    if (edge !== undefined) {
      for (const removal of removalsOf(this.#graph.facts, edge, this.#secret)) found.set(removal.id, removal);
    }
    this.#known.set(node, found);
    return found;
  }

  #edgeFrom(node: number): WalkedEdge | undefined {
    const { nodes, edges } = this.#graph;
    const from = nodes[node]!; // numbers in the graph are those of nodes
    const last = this.#paths.last.get(node);
    if (last !== undefined) {
      return { from, to: undefined, toNumber: -1, number: -1, rule: edgeRules[last.rule]!, proof: last.proof };
    }
    const number = this.#paths.next[node] ?? -1;
    if (number < 0) return undefined;
    const toNumber = edges.to[number]!;
    const rule = edgeRules[edges.rule[number]!]!;
    return { from, to: nodes[toNumber], toNumber, number, rule, proof: this.#graph.proof(number) };
  }
}
