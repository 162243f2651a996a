/** Keeps the graph of objects that are told one after the other. Runs in a thread of its own (graph-worker.ts). */
import { factKindOf, factNamespace } from "../facts/fact-kind.ts";
import { FactSet } from "../facts/fact-set.ts";
import type { ClusterOrigin } from "../facts/fact-set.ts";
import { allKinds } from "../facts/facts.ts";
import type { Problem } from "../facts/facts.ts";
import { readFact } from "../facts/read-fact.ts";
import { LiveGraph } from "../graph/live-graph.ts";
import type { FactsOfPlace } from "../graph/live-graph.ts";
import { withoutValues } from "../sources/secret-values.ts";
import type { ObjectState } from "./object-feed.ts";
import { answerQuestion } from "./sight-question.ts";
import type { SightAnswer, SightQuestion } from "./sight-question.ts";

export class GraphKeeper {
  readonly #facts: FactSet;
  readonly #graph: LiveGraph;

  constructor(origin: ClusterOrigin) {
    this.#facts = new FactSet("cluster");
    this.#facts.origin = origin;
    // All that a store of ours can hold is told: what is not told is not there.
    for (const kind of allKinds) this.#facts.markListed(kind);
    this.#graph = new LiveGraph(this.#facts);
  }

  take(states: readonly ObjectState[]): void {
    this.#graph.apply(states.flatMap((state) => this.#factsOf(state) ?? []));
  }

  /** Raises `invalid` for a question that names nothing. */
  answer(question: SightQuestion): SightAnswer {
    return answerQuestion(this.#graph.graph(), question);
  }

  #factsOf(state: ObjectState): FactsOfPlace | undefined {
    const { apiVersion, kind: kindName, name, json } = state;
    const kind = factKindOf(apiVersion, kindName);
    if (kind === undefined) return undefined;
    const place = { kind, namespace: factNamespace(kind, state.namespace), name };
    if (json === undefined) return { ...place, facts: [] };
    const at = { file: placeOf(state), document: 1, item: undefined, line: undefined };
    const parsed = JSON.parse(new TextDecoder().decode(json)) as object;
    const value = withoutValues({ apiVersion, kind: kindName, ...parsed });
    const fact = readFact(kind, { value, at, placeOf: () => at }, this.#facts.material);
    if (typeof fact !== "string") return { ...place, facts: [fact] };
    const problem: Problem = { message: fact, at };
    this.#facts.report(problem);
    return { ...place, facts: [] };
  }
}

/** As one types it after `kubectl get`. */
function placeOf({ kind, namespace, name }: ObjectState): string {
  const word = kind.toLowerCase();
  return namespace === "" ? `${word}/${name}` : `${word}/${name} -n ${namespace}`;
}
