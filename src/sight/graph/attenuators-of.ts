/** Which attenuators of a rule are at work in a namespace. */
import type { FactReader } from "../facts/fact-set.ts";
import type { PolicyFact } from "../facts/policy-facts.ts";
import type { AttenuatorId } from "./attenuator.ts";
import type { Ask, EdgeRule } from "./edge-rule.ts";
import type { Rights } from "./rights.ts";
import type { Denial } from "./secret-denials.ts";

/** Requests by which what a pod writes comes back to who made it. */
const readBack: readonly Ask[] = [
  ["get", "pods", "log"],
  ["get", "pods", ""],
  ["list", "pods", ""],
  ["watch", "pods", ""],
  ["create", "pods", "exec"],
  ["get", "pods", "exec"],
  ["create", "pods", "attach"],
  ["create", "pods", "portforward"],
  ["get", "pods", "proxy"],
  ["patch", "pods", "ephemeralcontainers"],
].map(([verb = "", resource = "", subresource = ""]) => {
  return { verb, resource, subresource, group: "", clusterWide: false, named: "any" };
});

/** What is known of where a rule is at work. */
export interface AtWork {
  readonly scope: string;
  readonly rights?: Rights;
  readonly holds: "yes" | "unknown";
  readonly denial?: Denial;
}

/** In the order of the rule's own list. `scope` is "" for everywhere, where a namespace without hindrance is chosen. */
export function attenuatorsOf(
  facts: FactReader,
  { attenuators }: EdgeRule,
  { scope, rights, holds, denial }: AtWork,
): AttenuatorId[] {
  return attenuators.filter((id) => {
    switch (id) {
      case "pod-security":
        return holdsPodsBack(facts, scope);
      case "admission-policy":
        return mayRefusePods(facts, scope);
      case "closed-egress":
        return isClosed(facts, scope) && rights?.findOne(readBack, "") === undefined;
      case "version-unknown":
        return holds === "unknown";
      case "secret-policy":
        return denial === "in-part";
      case "may-have-ended":
        return false; // said of tokens, not of rights
      default:
        return id satisfies never;
    }
  });
}

/** Whether the namespace's level keeps privileged pods out: both levels that are not `privileged` do. */
function holdsPodsBack(facts: FactReader, namespace: string): boolean {
  const found = namespace === "" ? [] : facts.named("Namespace", "", namespace);
  const levels = found.map((fact) => (fact.kind === "Namespace" ? fact.podSecurity : undefined));
  return levels.length > 0 && levels.every((level) => level === "baseline" || level === "restricted");
}

/** Whether something that can refuse pods of the namespace is there. What it refuses is not known. */
function mayRefusePods(facts: FactReader, namespace: string): boolean {
  const concerning = [
    ...facts.of("ClusterPolicy"),
    ...facts.of("ValidatingPolicy"),
    ...facts.of("Constraint"),
    ...(namespace === "" ? [] : facts.inNamespace("Policy", namespace)),
    ...boundPolicies(facts),
  ];
  return concerning.some((policy) => policy.enforces && policy.concernsPods && isFor(policy, namespace));
}

/** A ValidatingAdmissionPolicy refuses by a binding that says Deny. */
function boundPolicies(facts: FactReader): PolicyFact[] {
  const bindings = facts.of("ValidatingAdmissionPolicyBinding").filter(({ enforces }) => enforces);
  const names = new Set(bindings.map(({ policyName }) => policyName));
  return facts.of("ValidatingAdmissionPolicy").filter(({ name }) => names.has(name));
}

function isFor({ namespaces, exceptNamespaces }: PolicyFact, namespace: string): boolean {
  if (namespace === "") return namespaces.length === 0 && exceptNamespaces.length === 0;
  return (namespaces.length === 0 || namespaces.includes(namespace)) && !exceptNamespaces.includes(namespace);
}

/** Whether nothing gets out of any pod of the namespace, whatever its labels. */
function isClosed(facts: FactReader, namespace: string): boolean {
  const policies = namespace === "" ? [] : facts.inNamespace("NetworkPolicy", namespace);
  const closing = policies.some(
    (policy) => policy.deniesEgress && policy.podLabels.size === 0 && !policy.hasExpressions,
  );
  return closing && !policies.some(({ allowsEgress }) => allowsEgress);
}
