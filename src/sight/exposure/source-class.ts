/**
 * Where an attack may begin, in classes: how likely it is that whoever is there is, or acts as, an attacker. The
 * numbers are a judgement, not a measurement; they order what is found.
 */
import { superGroups } from "../facts/server-profile.ts";
import type { ServerKind } from "../facts/server-profile.ts";
import type { GraphNode } from "../graph/graph-node.ts";
import { accountOf } from "../graph/graph-node.ts";
import type { Exposure } from "./exposure-of.ts";

/** From 0 to 1. */
export const likelihoodOfClass = {
  /** Anybody at all. */
  anonymous: 1,
  /** Whoever found a credential where it does not belong. */
  "leaked-credential": 1,
  exposed: 0.9,
  /** Anybody with any credential of the cluster. */
  authenticated: 0.8,
  /** Reached from outside, past something that asks who it is. */
  "exposed-behind-authentication": 0.75,
  workload: 0.5,
  people: 0.4,
  /** For emergencies only. */
  "break-glass": 0.1,
  platform: 0.05,
} as const;

export type SourceClass = keyof typeof likelihoodOfClass;

/** The class of a workload by its exposure. */
export function sourceClassOfExposure({ ways }: Exposure): SourceClass {
  if (ways.some(({ authenticates }) => !authenticates)) return "exposed";
  return ways.length > 0 ? "exposed-behind-authentication" : "workload";
}

const platformNamespace = "kube-system";

/** The class of who or what a node is; undefined for what is no beginning: capabilities, roles, secrets. */
export function sourceClassOf(
  node: GraphNode,
  server: ServerKind,
  exposureOf: (workload: GraphNode) => Exposure,
): SourceClass | undefined {
  switch (node.type) {
    case "workload":
      return sourceClassOfExposure(exposureOf(node));
    case "node":
      return "workload";
    case "user":
    case "group":
      return classOfName(node.name, server);
    default:
      return undefined;
  }
}

/** The class of a user or a group, of a server of a kind. */
export function classOfName(name: string, server: ServerKind): SourceClass {
  if (name === "system:anonymous" || name === "system:unauthenticated") return "anonymous";
  if (name === "system:authenticated") return "authenticated";
  if (superGroups[server].includes(name)) return "break-glass";
  const account = accountOf(name);
  if (account !== undefined) return account.namespace === platformNamespace ? "platform" : "workload";
  if (name.startsWith("system:serviceaccounts")) return "workload";
  return name.startsWith("system:") ? "platform" : "people";
}
