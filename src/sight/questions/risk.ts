/**
 * How bad it is that somebody can read a secret: from 0 to 10, with the factors that give the same number again.
 *
 * `10 x sqrt(likelihood x ease x sensitivity)`: how likely it is that whoever is asked about is, or acts as, an
 * attacker; how easy the way is; how much the secret opens. 9 is critical, 7 high, 4 medium, 1 low.
 */
import type { FactSet } from "../facts/fact-set.ts";
import { superGroups } from "../facts/server-profile.ts";
import type { ServerKind } from "../facts/server-profile.ts";
import type { SecretName } from "../graph/security-graph.ts";
import type { Principal } from "./principal.ts";

export interface RiskFactors {
  readonly likelihood: number;
  readonly ease: number;
  readonly sensitivity: number;
}

/** To one decimal. */
export function riskOf({ likelihood, ease, sensitivity }: RiskFactors): number {
  return Math.min(10, Math.round(100 * Math.sqrt(likelihood * ease * sensitivity)) / 10);
}

/**
 * By who it is: anybody at all is certain to be an attacker, the platform's own controllers hardly. A node is of the platform;
 * a pod that gets out of its container comes to it by a way of its own.
 */
export function likelihoodOf({ kind, name, namespace }: Principal, server: ServerKind): number {
  if (name === "system:anonymous" || name === "system:unauthenticated") return 1;
  if (name === "system:authenticated") return 0.8;
  if (kind === "Group" && superGroups[server].includes(name)) return 0.1;
  if (kind === "ServiceAccount") return namespace === "kube-system" ? 0.05 : 0.5;
  if (name.startsWith("system:serviceaccounts")) return 0.5;
  return kind === "Node" || name.startsWith("system:") ? 0.05 : 0.4;
}

const byType: Readonly<Record<string, number>> = {
  "kubernetes.io/tls": 0.8,
  "kubernetes.io/dockerconfigjson": 0.8,
  "kubernetes.io/dockercfg": 0.8,
  "bootstrap.kubernetes.io/token": 1,
};
const unknownSensitivity = 0.5;

/** By the secret's type; what is not known counts as an Opaque one. */
export function sensitivityOf(facts: FactSet, { namespace, name }: SecretName): number {
  const types = facts.named("Secret", namespace, name).flatMap((fact) => ("keys" in fact ? [fact.type] : []));
  return Math.max(unknownSensitivity, ...types.map((type) => byType[type] ?? unknownSensitivity));
}
