/** How what is there is tied to whom it can be reached by. */
import type { FactReader } from "../../facts/fact-set.ts";
import type { Fact } from "../../facts/facts.ts";
import type { Capability, CapabilityKind } from "../capability.ts";
import type { EdgeId } from "../edge-rule.ts";
import type { AttenuatedEdge } from "../edge-rules.ts";
import type { AttenuatorId } from "../attenuator.ts";
import type { Proof } from "../security-graph.ts";
import type { GraphBuilder } from "../unit.ts";

/** Whoever has one of the capabilities reaches it. */
export function connect(builder: GraphBuilder, capabilities: readonly Capability[], to: number): void {
  for (const from of new Set(capabilities.map((capability) => builder.node({ type: "capability", capability })))) {
    builder.link(from, to, "concerns");
  }
}

/** The number of a capability's node. */
export function capabilityNode(builder: GraphBuilder, kind: CapabilityKind, namespace = "", name = ""): number {
  return builder.node({ type: "capability", capability: { kind, namespace, name } });
}

/** Objects, or a field of one, that show an edge. */
export function shownBy(fact: Fact, field?: string): Proof {
  return { grants: [], facts: [fact], ...(field !== undefined && field !== "" && { field }) };
}

/** The rule with what makes it harder, if anything does. */
export function edgeWith(id: EdgeId, by: readonly AttenuatorId[]): EdgeId | AttenuatedEdge {
  return by.length === 0 ? id : { id, by };
}

/** Every namespace has the account `default`; of others, only a source with accounts can say that they are not there. */
export function accountExists(facts: FactReader, namespace: string, name: string): boolean {
  if (name === "default" || !facts.knows("ServiceAccount", namespace)) return true;
  return facts.named("ServiceAccount", namespace, name).length > 0;
}
