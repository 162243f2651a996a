import assert from "node:assert/strict";
import { test } from "node:test";
import { placeNote } from "./provenance.ts";

test("A place in an API is left out after its object, and short after another", () => {
  const group = "/apis/rbac.authorization.k8s.io/v1";
  const cases: readonly (readonly [place: string, object: string, note: string])[] = [
    [`${group}/clusterroles/reader`, "ClusterRole reader", ""],
    [`${group}/clusterroles/reader`, "ClusterRole reader, rule 2", ""],
    [`${group}/clusterroles/system:aggregate-to-edit`, "ClusterRole edit", " (clusterroles/system:aggregate-to-edit)"],
    [`${group}/namespaces/prod/rolebindings/deploy`, "RoleBinding prod/deploy", ""],
    ["/api/v1/namespaces/prod/configmaps/a%20b", "ConfigMap prod/a b", ""],
    ["/api/v1/namespaces/prod/configmaps/other", "ConfigMap prod/an", " (configmaps/other)"],
    ["deploy/roles.yaml:12", "Role prod/reader", " (deploy/roles.yaml:12)"],
    ["/dump/api/v1/roles/reader.json", "Role prod/reader.json", " (/dump/api/v1/roles/reader.json)"],
    ["cluster.json (item 3)", "Role prod/reader", " (cluster.json (item 3))"],
    ["Kubernetes itself", "ClusterRole edit", " (Kubernetes itself)"],
  ];
  for (const [place, object, note] of cases) assert.equal(placeNote(place, object), note, place);
});
