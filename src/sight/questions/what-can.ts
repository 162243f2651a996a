/** What somebody can come to: which secrets, and as whom. */
import { capabilitiesReaching } from "../graph/capability.ts";
import { edgeRules } from "../graph/edge-rules.ts";
import type { LastEdge, SecretName, SecurityGraph } from "../graph/security-graph.ts";
import { pathsFrom } from "../graph/shortest-paths.ts";
import type { PathsFrom } from "../graph/shortest-paths.ts";
import { wayOf } from "./path-steps.ts";
import type { Step, Way, WalkedEdge } from "./path-steps.ts";
import { objectText, principalsOf } from "./principal.ts";
import type { Principal } from "./principal.ts";
import { findBeginning } from "./subject.ts";
import { answerCoverage } from "./who-can.ts";
import type { AnswerCoverage } from "./who-can.ts";

export interface WhatCanAnswer {
  readonly subject: string;
  /** `Group NAME` when nothing in the source names the subject: the answer is of that group. */
  readonly asMemberOf?: string;
  readonly coverage: AnswerCoverage;
  /** Namespaces of which every secret can be read, also those made later; "*" stands for all. */
  readonly namespaces: readonly Reached<{ readonly namespace: string; readonly secretsKnown: number }>[];
  /** Secrets that are reached one by one, in the source or named by a rule. */
  readonly secrets: readonly Reached<{ readonly secret: SecretName }>[];
  /** Others that the subject can act as. */
  readonly identities: readonly Reached<{ readonly principal: Principal }>[];
}

export type Reached<What> = What & { readonly hops: number; readonly ease: number; readonly path: readonly Step[] };

/** Raises `invalid` when the text names nothing that can be asked about. */
export function whatCan(graph: SecurityGraph, subject: string): WhatCanAnswer {
  const { number: start, asMemberOf } = findBeginning(graph, subject);
  const none = {
    subject,
    ...(asMemberOf !== undefined && { asMemberOf }),
    coverage: answerCoverage(graph),
    namespaces: [],
    secrets: [],
    identities: [],
  };
  if (start === undefined) return none;
  const reach = new Reach(graph, pathsFrom(graph, start));
  const identities = principalsOf(graph)
    .filter(({ number }) => number !== start && reach.cost(number) < Infinity)
    .map(({ number, principal }) => ({ principal, ...reach.wayTo(number, objectText(principal)) }));
  return { ...none, namespaces: reach.namespaces(), secrets: reach.secrets(), identities };
}

function shown({ steps: path, hops, ease }: Way): Pick<Reached<object>, "hops" | "ease" | "path"> {
  return { hops, ease, path };
}

class Reach {
  readonly #graph: SecurityGraph;
  readonly #paths: PathsFrom;

  constructor(graph: SecurityGraph, paths: PathsFrom) {
    this.#graph = graph;
    this.#paths = paths;
  }

  cost(number: number): number {
    return this.#paths.cost[number] ?? Infinity;
  }

  /** With everything, single namespaces are not said again. */
  namespaces(): WhatCanAnswer["namespaces"] {
    const wide = this.#readCapabilities().filter(({ name }) => name === "");
    const everywhere = wide.filter(({ namespace }) => namespace === "");
    return (everywhere.length > 0 ? everywhere : wide)
      .sort((a, b) => (a.namespace < b.namespace ? -1 : 1))
      .map(({ namespace, number }) => {
        const secrets = this.#graph.facts.of("Secret");
        const known = namespace === "" ? secrets : secrets.filter((each) => each.namespace === namespace);
        const target = namespace === "" ? "every Secret" : `every Secret of ${namespace}`;
        return { namespace: namespace || "*", secretsKnown: known.length, ...this.wayTo(number, target) };
      });
  }

  secrets(): WhatCanAnswer["secrets"] {
    const found = new Map<string, SecretName>();
    for (const secret of this.#graph.facts.of("Secret")) found.set(`${secret.namespace}/${secret.name}`, secret);
    for (const { namespace, name } of this.#readCapabilities()) {
      if (namespace !== "" && name !== "") found.set(`${namespace}/${name}`, { namespace, name });
    }
    return [...found]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, { namespace, name }]) => {
        const secret = { namespace, name };
        const last = this.#isInNamespace(secret) ? undefined : this.#best(this.#graph.edgesTo(secret));
        if (last === undefined) return [];
        return [{ secret, ...this.#way(last, objectText({ kind: "Secret", ...secret })) }];
      });
  }

  /** The way to a node, whose text is `target`. */
  wayTo(number: number, target: string): Pick<Reached<object>, "hops" | "ease" | "path"> {
    const walked = this.#walkTo(number);
    const last = walked.at(-1);
    if (last?.to?.type === "capability") walked.splice(-1, 1, { ...last, to: undefined });
    return shown(wayOf(walked, target));
  }

  #way(last: LastEdge, target: string): Pick<Reached<object>, "hops" | "ease" | "path"> {
    const from = this.#graph.nodes[last.from]!; // numbers in the graph are those of nodes
    const end: WalkedEdge = {
      from,
      to: undefined,
      toNumber: -1,
      number: -1,
      rule: edgeRules[last.rule]!,
      proof: last.proof,
    };
    return shown(wayOf([...this.#walkTo(last.from), end], target));
  }

  #isInNamespace({ namespace, name }: SecretName): boolean {
    return capabilitiesReaching("read-secret", namespace, name)
      .filter((capability) => capability.name === "")
      .some((capability) => {
        const number = this.#graph.find({ type: "capability", capability });
        return number !== undefined && this.cost(number) < Infinity;
      });
  }

  #best(edges: readonly LastEdge[]): LastEdge | undefined {
    const reached = edges.filter(({ from }) => this.cost(from) < Infinity);
    return reached.sort((a, b) => this.cost(a.from) - this.cost(b.from))[0];
  }

  #readCapabilities() {
    return this.#graph.nodes.flatMap((node, number) => {
      if (node.type !== "capability" || node.capability.kind !== "read-secret" || this.cost(number) === Infinity)
        return [];
      return [{ ...node.capability, number }];
    });
  }

  /** From the start on; a capability at the end is the place itself. */
  #walkTo(number: number): WalkedEdge[] {
    const { edges, nodes } = this.#graph;
    const walked: WalkedEdge[] = [];
    for (let node = number, edge = this.#paths.previous[node]!; edge >= 0; edge = this.#paths.previous[node]!) {
      const [from, to] = [nodes[edges.from[edge]!]!, nodes[node]!]; // edges are between nodes
      walked.push({
        from,
        to,
        toNumber: node,
        number: edge,
        rule: edgeRules[edges.rule[edge]!]!,
        proof: this.#graph.proof(edge),
      });
      node = edges.from[edge]!;
    }
    return walked.toReversed();
  }
}
