import assert from "node:assert/strict";
import { test } from "node:test";
import { checkKindName } from "./kind-name.ts";
import { jsonObject } from "./json.ts";

const rbac = "rbac.authorization.k8s.io/v1";

function refusal(kind: string, apiVersion: string, expected: readonly [kind: string, apiVersion: string]): string {
  const tree = jsonObject([
    ["kind", kind],
    ["apiVersion", apiVersion],
  ]);
  try {
    checkKindName(tree, { kind: expected[0], apiVersion: expected[1] });
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}

test("A kind that upstream knows cannot be converted; one that it does not know is not registered", () => {
  const handled = (text: string) => `Role in version "v1" cannot be handled as a RoleBinding: ${text}`;
  assert.equal(
    refusal("Role", rbac, ["RoleBinding", rbac]),
    handled("converting (v1.Role) to (rbac.RoleBinding): unknown conversion"),
  );
  assert.match(
    refusal("Pod", "v1", ["Lease", "coordination.k8s.io/v1"]),
    /converting \(v1\.Pod\) to \(coordination\.Lease\)/,
  );
  assert.match(
    refusal("Lease", "coordination.k8s.io/v1", ["Event", "events.k8s.io/v1"]),
    /\(v1\.Lease\) to \(core\.Event\)/,
  );
  assert.match(refusal("Odd", "v1", ["Pod", "v1"]), /no kind "Odd" is registered for version "v1"/);
  assert.match(refusal("Role", "v1", ["Role", rbac]), /no kind "Role" is registered for version "v1"/);
});

test("An Event of the other group is one of another version", () => {
  assert.equal(
    refusal("Event", "v1", ["Event", "events.k8s.io/v1"]),
    "the API version in the data (v1) does not match the expected API version (events.k8s.io/v1)",
  );
  assert.equal(refusal("Event", "v1", ["Event", "v1"]), "");
});
