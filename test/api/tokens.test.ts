/** Tokens of service accounts: made, used, reviewed, and ended with what they are bound to. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertFailure, create, secretsPath } from "../support/api-objects.ts";
import { tokenClient, tokenOf } from "../support/token-client.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../support/rbac-objects.ts";
import { openWatch } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";
import { auditEvents } from "../support/audit-events.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());
const accounts = "/api/v1/namespaces/default/serviceaccounts";
const reviewsPath = "/apis/authentication.k8s.io/v1/tokenreviews";
const issuer = "https://kubernetes.default.svc.cluster.local";
const whoAmI = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

test("A token of an account is the account, for as long as was asked", async () => {
  const account = await create(server, accounts, { metadata: { name: "ann" } });
  const beforeSeconds = Math.floor(Date.now() / 1000);
  const answer = await server.call("POST", `${accounts}/ann/token`, { body: { spec: { expirationSeconds: 900 } } });
  assert.equal(answer.status, 201, answer.text);
  const { token, expirationTimestamp } = answer.json.status;
  assert.equal(answer.json.kind, "TokenRequest");
  assert.equal(answer.json.metadata.uid, account.metadata.uid);
  assert.deepEqual(answer.json.spec, { audiences: [issuer], expirationSeconds: 900, boundObjectRef: null });
  assert.ok(Date.parse(expirationTimestamp) / 1000 >= beforeSeconds + 900);
  const [header, claims] = token
    .split(".", 2)
    .map((part: string) => JSON.parse(Buffer.from(part, "base64url").toString()));
  assert.deepEqual(Object.keys(header).toSorted(), ["alg", "kid"]);
  assert.equal(claims.exp - claims.iat, 900);
  assert.deepEqual(claims["kubernetes.io"], {
    namespace: "default",
    serviceaccount: { name: "ann", uid: account.metadata.uid },
  });

  const me = await tokenClient(server, token)("POST", whoAmI, { body: {} });
  assert.deepEqual(me.json.status.userInfo, {
    username: "system:serviceaccount:default:ann",
    uid: account.metadata.uid,
    groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
    extra: { "authentication.kubernetes.io/credential-id": [`JTI=${claims.jti}`] },
  });
  const issued = (await auditEvents(server)).find(({ objectRef }) => objectRef?.subresource === "token");
  assert.equal(issued?.annotations?.["authentication.kubernetes.io/issued-credential-id"], `JTI=${claims.jti}`);
});

test("What an account may do, its token may, until the right is gone or the account is", async () => {
  await create(server, accounts, { metadata: { name: "reader" } });
  const roles = `${rbacPath}/namespaces/default`;
  await create(server, `${roles}/roles`, roleObject("reads", coreRule("get,list", "secrets")));
  const client = tokenClient(server, await tokenOf(server, "reader"));
  assert.equal((await client("GET", secretsPath)).status, 403);
  const subjects = [{ kind: "ServiceAccount", name: "reader", namespace: "default" }];
  await create(server, `${roles}/rolebindings`, { ...bindingObject("reads", "Role reads", "User nobody"), subjects });
  assert.equal((await client("GET", secretsPath)).status, 200);
  await server.call("DELETE", `${accounts}/reader`);
  assertFailure(await client("GET", secretsPath), 401, "Unauthorized", "Unauthorized");
  await create(server, accounts, { metadata: { name: "reader" } });
  assert.equal((await client("GET", secretsPath)).status, 401, "another account of that name has another uid");
});

test("A token that is bound to an object ends with it, whatever is made in its place", async () => {
  await create(server, accounts, { metadata: { name: "bound" } });
  const pod = {
    metadata: { name: "web" },
    spec: { serviceAccountName: "bound", containers: [{ name: "c", image: "i" }] },
  };
  const places = {
    Pod: ["/api/v1/namespaces/default/pods", pod],
    Secret: [secretsPath, { metadata: { name: "web" } }],
    Node: ["/api/v1/nodes", { metadata: { name: "web" } }],
  } as const;
  for (const [kind, [path, object]] of Object.entries(places)) {
    const { uid } = (await create(server, path, object)).metadata;
    const token = await tokenOf(server, "bound", { boundObjectRef: { kind, apiVersion: "v1", name: "web", uid } });
    const client = tokenClient(server, token);
    const me = await client("POST", whoAmI, { body: {} });
    assert.equal(me.status, 201, me.text);
    const { extra } = me.json.status.userInfo;
    if (kind === "Pod") assert.deepEqual(extra["authentication.kubernetes.io/pod-uid"], [uid]);
    if (kind === "Node") assert.deepEqual(extra["authentication.kubernetes.io/node-uid"], [uid]);
    assert.equal((await server.call("DELETE", `${path}/web`)).status, 200);
    assert.equal((await client("POST", whoAmI, { body: {} })).status, 401, kind);
    await create(server, path, object);
    assert.equal((await client("POST", whoAmI, { body: {} })).status, 401, kind);
  }
});

test("A request for a token is refused in upstream's words", async () => {
  await create(server, accounts, { metadata: { name: "asked" } });
  const ask = (body: object) => server.call("POST", `${accounts}/asked/token`, { body });
  const group = "authentication.k8s.io";
  const kind = "TokenRequest";
  const short = "may not specify a duration less than 10 minutes";
  assertFailure(
    await ask({ spec: { expirationSeconds: 599 } }),
    422,
    "Invalid",
    `${kind}.${group} "" is invalid: spec.expirationSeconds: Invalid value: 599: ${short}`,
    {
      group,
      kind,
      causes: [
        { reason: "FieldValueInvalid", message: `Invalid value: 599: ${short}`, field: "spec.expirationSeconds" },
      ],
    },
  );
  assert.match((await ask({ spec: { expirationSeconds: 2 ** 32 + 1 } })).json.message, /larger than 2\^32 seconds/);
  const other = await ask({ metadata: { name: "x" } });
  assert.equal(other.status, 422);
  assert.match(
    other.json.message,
    /metadata\.name: Invalid value: "x": must match the service account name if specified/,
  );
  assert.equal((await ask({ metadata: { namespace: "x" } })).status, 400);
  const uid = await ask({ metadata: { uid: "u" } });
  assert.equal(uid.status, 409);
  assert.match(
    uid.json.message,
    /^Operation cannot be fulfilled on TokenRequest\.authentication\.k8s\.io "asked": the UID in/,
  );
  const missing = await server.call("POST", `${accounts}/nobody/token`, { body: {} });
  assertFailure(missing, 404, "NotFound", 'serviceaccounts "nobody" not found', {
    name: "nobody",
    kind: "serviceaccounts",
  });
  const bind = (boundObjectRef: object) => ask({ spec: { boundObjectRef } });
  assert.equal((await bind({ kind: "Pod", apiVersion: "v1", name: "none" })).json.message, 'pods "none" not found');
  const type = await bind({ kind: "Deployment", apiVersion: "apps/v1", name: "d" });
  assertFailure(type, 400, "BadRequest", "cannot bind token to object of type apps/v1, Kind=Deployment");
  await create(server, secretsPath, { metadata: { name: "held" } });
  const stale = await bind({ kind: "Secret", apiVersion: "v1", name: "held", uid: "u" });
  assert.equal(stale.status, 409);
  assert.match(stale.json.message, /^Operation cannot be fulfilled on Secret "held": the UID in the bound object/);
  await create(server, "/api/v1/namespaces/default/pods", {
    metadata: { name: "others" },
    spec: { containers: [{ name: "c", image: "i" }] },
  });
  const text = 'cannot bind token for serviceaccount "asked" to pod running with different serviceaccount name.';
  assertFailure(await bind({ kind: "Pod", apiVersion: "v1", name: "others" }), 400, "BadRequest", text);
});

test("A review says whose a token is, for which of the asked audiences, or why it does not count", async () => {
  const account = await create(server, accounts, { metadata: { name: "reviewed" } });
  const review = async (token: string, audiences?: string[]) =>
    (await server.call("POST", reviewsPath, { body: { spec: { token, audiences } } })).json;
  const token = await tokenOf(server, "reviewed", { audiences: ["vault", "other"] });
  const { status } = await review(token, ["x", "vault"]);
  assert.equal(status.authenticated, true);
  assert.deepEqual(status.audiences, ["vault"]);
  assert.equal(status.user.uid, account.metadata.uid);
  assert.deepEqual((await review(token)).status, {
    user: {},
    error: `token audiences ["vault" "other"] is invalid for the target audiences ["${issuer}"]`,
  });
  assert.equal((await tokenClient(server, token)("GET", "/version")).status, 401, "it is not for this server");
  assert.deepEqual((await review("nonsense")).status, { user: {}, error: "invalid bearer token" });
  const none = await server.call("POST", reviewsPath, { body: { spec: {} } });
  assertFailure(none, 400, "BadRequest", "token is required for TokenReview in authentication");
});

test("Who verifies tokens elsewhere finds the keys", async () => {
  const token = await tokenOf(server, "default");
  const client = tokenClient(server, token);
  const configuration = await client("GET", "/.well-known/openid-configuration");
  assert.equal(configuration.status, 200, configuration.text);
  assert.equal(configuration.headers["cache-control"], "public, max-age=3600");
  assert.deepEqual(configuration.json, {
    issuer,
    jwks_uri: `${server.url}/openid/v1/jwks`,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
  });
  const keys = await client("GET", "/openid/v1/jwks");
  assert.equal(keys.headers["content-type"], "application/jwk-set+json");
  const [key] = keys.json.keys;
  assert.deepEqual(Object.keys(key).toSorted(), ["alg", "e", "kid", "kty", "n", "use"]);
  const [header] = token.split(".", 1).map((part) => JSON.parse(Buffer.from(part, "base64url").toString()));
  assert.equal(key.kid, header.kid);
});

test("An open watch ends when the account of its token is deleted", async () => {
  await create(server, accounts, { metadata: { name: "watches" } });
  const roles = `${rbacPath}/namespaces/default`;
  await create(server, `${roles}/roles`, roleObject("watches", coreRule("list,watch", "secrets")));
  const subjects = [{ kind: "ServiceAccount", name: "watches", namespace: "default" }];
  await create(server, `${roles}/rolebindings`, { ...bindingObject("watches", "Role watches", "User x"), subjects });
  const headers = { Authorization: `Bearer ${await tokenOf(server, "watches")}` };
  const credentials = { ca: server.credentials.ca };
  await using watch = await openWatch({ url: server.url, credentials }, `${secretsPath}?watch=1`, headers);
  assert.equal(watch.status, 200);
  await server.call("DELETE", `${accounts}/watches`);
  const events = await watch.rest();
  assert.equal(events.at(-1).object.code, 401);
});

test("Tokens outlive a restart of the server, and count nowhere else", async () => {
  await using first = await startTestServer();
  const token = await tokenOf(first, "default");
  assert.equal((await tokenClient(server, token)("GET", "/version")).status, 401, "another instance has other keys");
  await using again = await first.restart();
  assert.equal((await tokenClient(again, token)("GET", "/version")).status, 200);
});
