/** Where an attack on a cluster may begin. */
import { Exposures } from "../exposure/exposure-of.ts";
import { likelihoodOfClass, sourceClassOf } from "../exposure/source-class.ts";
import type { SourceClass } from "../exposure/source-class.ts";
import { accountOf } from "../graph/graph-node.ts";
import type { GraphNode } from "../graph/graph-node.ts";
import type { SecurityGraph } from "../graph/security-graph.ts";
import { nodeText, objectText } from "../questions/principal.ts";
import type { Source } from "./nearest-sources.ts";

export interface ClassedSource extends Source {
  readonly class: SourceClass;
}

export interface SourcesOfGraph {
  readonly sources: readonly ClassedSource[];
  /** What is not known about them, in words. */
  readonly unknown: readonly string[];
}

/** All of a graph. Pods of one account are one source with it, the worst of them counts. */
export function sourcesOf(graph: SecurityGraph): SourcesOfGraph {
  const exposures = new Exposures(graph.facts);
  const exposureOf = (node: GraphNode) =>
    node.type === "workload" ? exposures.of(node.workload) : { ways: [], deniedBy: [] };
  const sources = graph.nodes.flatMap((node, number): ClassedSource[] => {
    // A node's software is the platform's; a pod that gets out of its container comes to it by an edge.
    const found = node.type === "node" ? "platform" : sourceClassOf(node, graph.facts.server.kind, exposureOf);
    if (found === undefined) return [];
    return [{ name: foldedName(node), node: number, class: found, likelihood: likelihoodOfClass[found] }];
  });
  const lacking = (["Service", "Ingress"] as const).filter((kind) => !graph.facts.knows(kind));
  const unknown = lacking.map((kind) => `whether workloads are reached from outside: the source has no ${kind}`);
  return { sources, unknown };
}

function foldedName(node: GraphNode): string {
  if (node.type === "workload") {
    const { namespace, account } = node.workload;
    return objectText({ kind: "ServiceAccount", namespace, name: account });
  }
  const account = node.type === "user" ? accountOf(node.name) : undefined;
  return account === undefined ? nodeText(node) : objectText({ kind: "ServiceAccount", ...account });
}
