import assert from "node:assert/strict";
import { test } from "node:test";
import { isBuiltIn, isDefinedBy, resourceOf } from "./fact-kind.ts";
import { FactSet } from "./fact-set.ts";

test("Resources have the plurals of the API", () => {
  const plurals = [
    "Ingress",
    "NetworkPolicy",
    "SecretProviderClass",
    "Gateway",
    "Certificate",
    "ClusterPolicy",
  ] as const;
  assert.deepEqual(plurals.map(resourceOf), [
    "ingresses",
    "networkpolicies",
    "secretproviderclasses",
    "gateways",
    "certificates",
    "clusterpolicies",
  ]);
});

test("Of a kind without a definition there is nothing, where definitions are known", () => {
  assert.deepEqual([isBuiltIn("Ingress"), isBuiltIn("SecretStore"), isBuiltIn("Constraint")], [true, false, false]);
  assert.ok(isDefinedBy("SecretStore", "secretstores.external-secrets.io"));
  assert.ok(isDefinedBy("Constraint", "k8sallowedrepos.constraints.gatekeeper.sh"));
  assert.ok(!isDefinedBy("SecretStore", "secretstores.example.com"));
  const facts = new FactSet("dump");
  assert.ok(!facts.knows("SecretStore") && facts.coverage.unknown.includes("SecretStore"));
  const at = { file: "f", document: 1, item: undefined, line: 1 };
  facts.add({ kind: "CustomResourceDefinition", namespace: "", name: "externalsecrets.external-secrets.io", at });
  assert.ok(facts.knows("SecretStore") && !facts.coverage.unknown.includes("SecretStore"));
  assert.ok(!facts.knows("ExternalSecret"), "the cluster has the kind, and the dump has none of it");
  assert.ok(!facts.knows("Ingress"), "kinds of Kubernetes itself have no definition");
});
