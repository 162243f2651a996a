/** Namespaces whose pods' tokens are kept to the secrets that their own pod refers to. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, patchTypes, secret, secretsIn } from "../support/api-objects.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../support/rbac-objects.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());
const secrets = secretsIn("shop");
let uid = "";

before(async () => {
  await create(server, "/api/v1/namespaces", { metadata: { name: "shop" } });
  for (const name of ["own", "other"]) await create(server, secrets, secret(name));
  await create(server, secretsIn("default"), secret("own"));
  const role = roleObject("reader", coreRule("*", "secrets"));
  await create(server, `${rbacPath}/clusterroles`, { ...role, kind: "ClusterRole" });
  const binding = bindingObject("reader", "ClusterRole reader", "User system:serviceaccount:shop:default");
  await create(server, `${rbacPath}/clusterrolebindings`, { ...binding, kind: "ClusterRoleBinding" });
  const volumes = [{ name: "v", secret: { secretName: "own" } }];
  const spec = { containers: [{ name: "c", image: "nginx" }], volumes };
  uid = (await create(server, "/api/v1/namespaces/shop/pods", { metadata: { name: "p" }, spec })).metadata.uid;
});

/** The administrator as the account, with what a token that is bound to a pod says of it. */
function asPod(pod: { readonly name: string; readonly uid: string } | undefined): Record<string, string> {
  return {
    "Impersonate-User": "system:serviceaccount:shop:default",
    ...(pod !== undefined && {
      "Impersonate-Extra-authentication.kubernetes.io%2Fpod-name": pod.name,
      "Impersonate-Extra-authentication.kubernetes.io%2Fpod-uid": pod.uid,
    }),
  };
}

async function label(value: string | null): Promise<void> {
  const body = { metadata: { labels: { "strongroom.dev/pod-token-secrets": value } } };
  const headers = { "Content-Type": patchTypes.merge };
  assert.equal((await server.call("PATCH", "/api/v1/namespaces/shop", { body, headers })).status, 200);
}

async function statusOf(method: string, path: string, pod = { name: "p", uid }): Promise<number> {
  return (await server.call(method, path, { headers: asPod(pod) })).status;
}

test("In a namespace without the label a pod's token has the rights of its account", async () => {
  for (const path of [
    `${secrets}/own`,
    `${secrets}/other`,
    secrets,
    "/api/v1/secrets",
    `${secretsIn("default")}/own`,
  ]) {
    assert.equal(await statusOf("GET", path), 200, path);
  }
});

test("In a labelled namespace it has the secrets that its pod refers to and no others, by no verb, from the next request on", async () => {
  await label("referenced");
  assert.equal(await statusOf("GET", `${secrets}/own`), 200);
  assert.equal(await statusOf("GET", `${secrets}?fieldSelector=metadata.name%3Down`), 200);
  const refused = await server.call("GET", `${secrets}/other`, { headers: asPod({ name: "p", uid }) });
  assert.equal(refused.status, 403);
  assert.match(
    refused.json.message,
    /tokens of this namespace's pods are limited to the secrets that their pod refers to/,
  );
  const missing = await server.call("GET", `${secrets}/other1`, { headers: asPod({ name: "p", uid }) });
  assert.equal(missing.text.replaceAll("other1", "other"), refused.text, "what is not there is refused alike");
  for (const [method, path] of [
    ["GET", secrets],
    ["GET", `${secrets}?watch=true`],
    ["GET", "/api/v1/secrets"],
    ["GET", `${secretsIn("default")}/own`],
    ["PATCH", `${secrets}/other`],
    ["PUT", `${secrets}/other`],
    ["DELETE", `${secrets}/other`],
    ["DELETE", secrets],
  ] as const) {
    assert.equal(await statusOf(method, path), 403, `${method} ${path}`);
  }
});

test("A token of a pod that was replaced by another of its name has nothing", async () => {
  assert.equal(await statusOf("GET", `${secrets}/own`, { name: "p", uid: "of-before" }), 403);
  assert.equal(await statusOf("GET", `${secrets}/own`, { name: "q", uid }), 403);
});

test("Only pods are limited, and only where the label has its value", async () => {
  const account = await server.call("GET", `${secrets}/other`, { headers: asPod(undefined) });
  assert.equal(account.status, 200, "a token that is bound to no pod");
  await label("else");
  assert.equal(await statusOf("GET", `${secrets}/other`), 200);
  await label(null);
  assert.equal(await statusOf("GET", `${secrets}/other`), 200);
});
