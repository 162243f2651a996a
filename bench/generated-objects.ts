/** The objects of a generated cluster as a store has them, for what is fed with JSON. */
import type { FactSet } from "../src/sight/facts/fact-set.ts";
import type { Fact } from "../src/sight/facts/facts.ts";
import { factKinds } from "../src/sight/facts/facts.ts";
import type { ObjectState } from "../src/sight/live/object-feed.ts";

const rbac = "rbac.authorization.k8s.io/v1";

/** Each object of the facts; of kinds that the generator does not make, none. */
export function generatedObjects(facts: FactSet): ObjectState[] {
  return factKinds.flatMap((kind) => facts.of(kind).map(stateOf));
}

function stateOf(fact: Fact): ObjectState {
  const { kind, namespace, name } = fact;
  const metadata = { name, ...(namespace !== "" && { namespace }), resourceVersion: "1" };
  const json = new TextEncoder().encode(JSON.stringify({ metadata, ...contentOf(fact) }));
  return { apiVersion: "roleRef" in fact || "rules" in fact ? rbac : "v1", kind, namespace, name, json };
}

function contentOf(fact: Fact): object {
  if ("roleRef" in fact) return { roleRef: fact.roleRef, subjects: fact.subjects };
  if ("rules" in fact) return { rules: fact.rules.map(({ rule }) => rule) };
  if (fact.kind === "ServiceAccount") return { automountServiceAccountToken: fact.automount };
  if (fact.kind === "Secret") return { type: fact.type };
  if (!("references" in fact)) return {};
  const [mounted, read] = fact.references.map(({ name }) => name);
  return {
    spec: {
      serviceAccountName: fact.account,
      nodeName: fact.node,
      volumes: [{ name: "v", secret: { secretName: mounted } }],
      containers: [{ name: "c", image: "i", envFrom: [{ secretRef: { name: read } }] }],
    },
  };
}
