/** The graph of facts that do not change. */
import type { FactSet } from "../facts/fact-set.ts";
import { LiveGraph } from "./live-graph.ts";
import type { SecurityGraph } from "./security-graph.ts";

/** The graph of a source. Costs time in proportion to bindings times their roles' rules, and to workloads. */
export function buildGraph(facts: FactSet): SecurityGraph {
  return new LiveGraph(facts).graph();
}
