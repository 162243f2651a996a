/** ClusterRoles that are made of others follow them. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { create, secretsPath } from "../support/api-objects.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../support/rbac-objects.ts";
import { userClient } from "../support/user-client.ts";
import { openWatch } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());
const rolesPath = `${rbacPath}/clusterroles`;

const part = (name: string, labels: object, ...rules: object[]) => ({ metadata: { name, labels }, rules });

/** Resolves when the role has these rules. */
async function untilRules(name: string, rules: readonly object[]): Promise<{ metadata: { managedFields: object[] } }> {
  const stream = await openWatch(server, `${rolesPath}?watch=true&fieldSelector=metadata.name%3D${name}`);
  try {
    for (;;) {
      const event = await stream.next();
      assert.ok(event !== undefined, "the watch must go on");
      const { object } = event as { object: { rules: object[] | null; metadata: { managedFields: object[] } } };
      if (JSON.stringify(object.rules ?? []) === JSON.stringify(rules)) return object;
    }
  } finally {
    stream.close();
  }
}

test("An aggregated role has the rules of those it selects, by name, each once, and follows every change", async () => {
  const [a, b, c] = [coreRule("get", "secrets"), coreRule("list", "secrets"), coreRule("get", "nodes")];
  await create(server, rolesPath, part("x-2", { to: "sum" }, a, b));
  await create(server, rolesPath, part("x-1", { to: "sum" }, b));
  await create(server, rolesPath, part("x-3", { to: "other" }, c));
  const aggregationRule = {
    clusterRoleSelectors: [
      { matchLabels: { to: "sum" } },
      { matchExpressions: [{ key: "to", operator: "In", values: ["more"] }] },
    ],
  };
  await create(server, rolesPath, { ...roleObject("sum", coreRule("*", "*")), aggregationRule });
  const sum = await untilRules("sum", [b, a]);
  const managers = sum.metadata.managedFields as { manager: string; fieldsV1: object }[];
  assert.ok(managers.some(({ manager }) => manager === "clusterrole-aggregation-controller"));
  const headers = { "Content-Type": "application/merge-patch+json" };
  await server.call("PATCH", `${rolesPath}/x-3`, { body: { metadata: { labels: { to: "more" } } }, headers });
  await untilRules("sum", [b, a, c]);
  await server.call("DELETE", `${rolesPath}/x-2`);
  await untilRules("sum", [b, c]);
});

test("Rules written into an aggregated role are overwritten, and a role that gathers it follows", async () => {
  const rule = coreRule("get", "events");
  const gather = (label: string) => ({ clusterRoleSelectors: [{ matchLabels: { [label]: "1" } }] });
  await create(server, rolesPath, part("leaf", { one: "1" }, rule));
  await create(server, rolesPath, { ...part("middle", { two: "1" }), aggregationRule: gather("one") });
  await create(server, rolesPath, { ...part("top", {}), aggregationRule: gather("two") });
  await untilRules("top", [rule]);
  const body = { rules: [] };
  await server.call("PATCH", `${rolesPath}/middle`, {
    body,
    headers: { "Content-Type": "application/merge-patch+json" },
  });
  await untilRules("middle", [rule]);
  await untilRules("top", [rule]);
});

test("Who has view gets what is added to it by a label", async () => {
  await create(server, `${rbacPath}/clusterrolebindings`, bindingObject("v", "ClusterRole view", "User v"));
  const viewer = await userClient(server, "v");
  assert.equal((await viewer("GET", secretsPath)).status, 403);
  const before = (await server.call("GET", `${rolesPath}/view`)).json.rules;
  const rule = coreRule("list", "secrets");
  const label = { "rbac.authorization.k8s.io/aggregate-to-view": "true" };
  await create(server, rolesPath, part("secrets-viewer", label, rule));
  // By name, it comes before system:aggregate-to-view.
  await untilRules("view", [rule, ...before]);
  assert.equal((await viewer("GET", secretsPath)).status, 200);
});
