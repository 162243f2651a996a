/** The roles for people that sight knows by itself amount to what the server's default policy gives them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultPolicy } from "../../src/doors/kubernetes/access/default-policy.ts";
import { edgeRules } from "../../src/sight/graph/edge-rules.ts";
import { nodeKey } from "../../src/sight/graph/graph-node.ts";
import { graphOf } from "./fixture-cluster.ts";

const apiVersion = "rbac.authorization.k8s.io/v1";
const policy = defaultPolicy().map(({ kind, tree }) => ({ apiVersion, kind: kind.kind, ...tree }));

/**
 * What a user comes to by a role that is bound in a namespace, or everywhere: edges with the capability of each. Bindings
 * and groups of the policy itself are left out: they are there in one case only.
 */
function capabilities(role: string, namespace: string, roles: readonly object[]): Set<string> {
  const binding = {
    apiVersion,
    kind: namespace === "" ? "ClusterRoleBinding" : "RoleBinding",
    metadata: { name: "b", namespace },
    roleRef: { kind: "ClusterRole", name: role },
    subjects: [{ kind: "User", name: "jane" }],
  };
  const graph = graphOf(JSON.stringify({ apiVersion: "v1", kind: "List", items: [binding, ...roles] }));
  const jane = graph.find({ type: "user", name: "jane" });
  const found = new Set<string>();
  for (const [edge, from] of graph.edges.from.entries()) {
    const to = graph.nodes[graph.edges.to[edge] ?? -1];
    const id = edgeRules[graph.edges.rule[edge] ?? -1]?.id;
    if (from === jane && to?.type === "capability") found.add(`${id} ${nodeKey(to)}`);
  }
  return found;
}

for (const role of ["cluster-admin", "admin", "edit", "view"]) {
  test(`${role} amounts to the same whether the source has it or not`, () => {
    for (const namespace of ["", "a"]) {
      const without = capabilities(role, namespace, []);
      assert.deepEqual(without, capabilities(role, namespace, policy));
      const reads = [...without].some((edge) => /read-secret|any-right/.test(edge));
      assert.deepEqual([without.size > 0, reads], [true, role !== "view"]);
    }
  });
}
