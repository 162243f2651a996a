/** Secrets that hold tokens: those of accounts, and bootstrap tokens. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { base64, create, patchTypes, secretsIn, secretsPath } from "../support/api-objects.ts";
import { auditEvents } from "../support/audit-events.ts";
import { tokenClient, tokenOf } from "../support/token-client.ts";
import { userCredentials } from "../support/user-client.ts";
import { watchUntil } from "../support/watch-until.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());
const accounts = "/api/v1/namespaces/default/serviceaccounts";
const whoAmI = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const today = () => new Date().toISOString().slice(0, 10);
const lastUsed = "kubernetes.io/legacy-token-last-used";

function accountSecret(name: string, account: string, fields: object = {}): object {
  const annotations = { "kubernetes.io/service-account.name": account };
  return { metadata: { name, annotations, ...fields }, type: "kubernetes.io/service-account-token" };
}

/** Makes an account and a secret of it; resolves to the secret once it is filled. */
async function filledSecret(account: string): Promise<{ secret: Answer["json"]; token: string }> {
  await create(server, accounts, { metadata: { name: account } });
  await create(server, secretsPath, accountSecret(`${account}-token`, account));
  const secret = await watchUntil(server, secretsPath, `${account}-token`, ({ data }) => data?.token !== undefined);
  return { secret, token: Buffer.from(secret.data.token, "base64").toString() };
}

const me = (token: string) => tokenClient(server, token)("POST", whoAmI, { body: {} });

test("A secret of an account is filled, its token is the account, and its use is noted on it and on record", async () => {
  const { secret, token } = await filledSecret("legacy");
  const account = (await server.call("GET", `${accounts}/legacy`)).json;
  assert.equal(secret.metadata.annotations["kubernetes.io/service-account.uid"], account.metadata.uid);
  assert.equal(Buffer.from(secret.data.namespace, "base64").toString(), "default");
  assert.equal(Buffer.from(secret.data["ca.crt"], "base64").toString(), server.credentials.ca);
  const answer = await me(token);
  assert.equal(answer.status, 201, answer.text);
  assert.deepEqual(answer.json.status.userInfo, {
    username: "system:serviceaccount:default:legacy",
    uid: account.metadata.uid,
    groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
  });
  const noted = await watchUntil(server, secretsPath, "legacy-token", ({ metadata }) => metadata.labels !== undefined);
  assert.equal(noted.metadata.labels[lastUsed], today());
  const used = (await auditEvents(server)).filter(({ user }) => user.username.endsWith(":legacy"));
  const annotations = used.at(-1)?.annotations;
  assert.equal(annotations?.["authentication.k8s.io/legacy-token-manual-secret"], "legacy-token");
  assert.equal(annotations["authentication.k8s.io/legacy-token"], "system:serviceaccount:default:legacy");
});

test("A token of a secret counts while the secret holds exactly it, and is not marked invalid", async () => {
  const { token } = await filledSecret("exact");
  const path = `${secretsPath}/exact-token`;
  const patch = (body: object) => server.call("PATCH", path, { body, headers: { "Content-Type": patchTypes.merge } });
  assert.equal((await me(token)).status, 201);
  await patch({ metadata: { labels: { "kubernetes.io/legacy-token-invalid-since": today() } } });
  assert.equal((await me(token)).status, 401);
  const review = await server.call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {
    body: { spec: { token } },
  });
  assert.match(review.json.status.error, /^the token in secret default\/exact-token .* has been marked invalid\./);
  await patch({ metadata: { labels: { "kubernetes.io/legacy-token-invalid-since": null } } });
  assert.equal((await me(token)).status, 201);
  await patch({ data: { token: base64("x") } });
  assert.equal((await me(token)).status, 401);
  await patch({ data: { token: base64(token) } });
  assert.equal((await me(token)).status, 201);
  await server.call("DELETE", path);
  assert.equal((await me(token)).status, 401);
});

test("Secrets of an account that is gone, or another one, are deleted; a deleted secret is not named any more", async () => {
  await filledSecret("leaves");
  await server.call("DELETE", `${accounts}/leaves`);
  await watchUntil(server, secretsPath, "leaves-token", undefined);
  await create(server, secretsPath, accountSecret("stray", "nobody"));
  await watchUntil(server, secretsPath, "stray", undefined);
  await create(server, accounts, { metadata: { name: "names" }, secrets: [{ name: "named" }, { name: "other" }] });
  await create(server, secretsPath, accountSecret("named", "names"));
  await watchUntil(server, secretsPath, "named", ({ data }) => data?.token !== undefined);
  await server.call("DELETE", `${secretsPath}/named`);
  const account = await watchUntil(server, accounts, "names", ({ secrets }) => secrets.length === 1);
  assert.deepEqual(account.secrets, [{ name: "other" }]);
});

test("The user of a token that an account names is warned", async () => {
  await create(server, accounts, { metadata: { name: "warned" }, secrets: [{ name: "auto" }] });
  await create(server, secretsPath, accountSecret("auto", "warned"));
  const { data } = await watchUntil(server, secretsPath, "auto", (secret) => secret.data?.token !== undefined);
  const answer = await me(Buffer.from(data.token, "base64").toString());
  assert.match(String(answer.headers["warning"]), /^299 - "Use tokens from the TokenRequest API or manually created/);
});

const bootstrapPath = secretsIn("kube-system");

function bootstrapSecret(
  id: string,
  fields: Record<string, string> = {},
  type = "bootstrap.kubernetes.io/token",
): object {
  const stringData = {
    "token-id": id,
    "token-secret": "0123456789abcdef",
    "usage-bootstrap-authentication": "true",
    ...fields,
  };
  return { metadata: { name: `bootstrap-token-${id}` }, type, stringData };
}

test("A bootstrap token is who joins, in the groups that it names", async () => {
  const groups = "system:bootstrappers:workers,system:bootstrappers:a:b";
  await create(server, bootstrapPath, bootstrapSecret("abcdef", { "auth-extra-groups": groups, description: "d" }));
  const answer = await me("abcdef.0123456789abcdef");
  assert.equal(answer.status, 201, answer.text);
  assert.deepEqual(answer.json.status.userInfo, {
    username: "system:bootstrap:abcdef",
    groups: [
      "system:bootstrappers",
      "system:bootstrappers:a:b",
      "system:bootstrappers:workers",
      "system:authenticated",
    ],
  });
  await server.call("DELETE", `${bootstrapPath}/bootstrap-token-abcdef`);
  assert.equal((await me("abcdef.0123456789abcdef")).status, 401);
});

test("A bootstrap token counts only as its secret says in every key", async () => {
  const future = new Date(Date.now() + 3600_000).toISOString();
  const secrets: Record<string, [fields: Record<string, string>, token?: string]> = {
    right0: [{ expiration: future }],
    wrong1: [{}, "wrong1.0123456789abcdee"],
    other2: [{ "token-id": "other3" }],
    usage4: [{ "usage-bootstrap-authentication": "yes" }],
    group5: [{ "auth-extra-groups": "system:masters" }],
    group6: [{ "auth-extra-groups": "system:bootstrappers:a," }],
    short7: [{ "token-secret": "0123" }, "short7.0123"],
  };
  for (const [id, [fields, token = `${id}.0123456789abcdef`]] of Object.entries(secrets)) {
    await create(server, bootstrapPath, bootstrapSecret(id, fields));
    assert.equal((await me(token)).status, id === "right0" ? 201 : 401, id);
  }
  await create(server, bootstrapPath, bootstrapSecret("opaque", {}, "Opaque"));
  assert.equal((await me("opaque.0123456789abcdef")).status, 401);
});

test("Expired bootstrap tokens are deleted, those without a time that can be read too", async () => {
  const soon = new Date(Date.now() + 1000).toISOString();
  for (const [id, expiration] of Object.entries({ gone00: "2020-01-01T00:00:00Z", soon00: soon, odd000: "tomorrow" })) {
    await create(server, bootstrapPath, bootstrapSecret(id, { expiration }));
    await watchUntil(server, bootstrapPath, `bootstrap-token-${id}`, undefined);
  }
});

test("A valid certificate counts beside a token that does not, and a token beside a certificate that does not", async () => {
  const token = await tokenOf(server, "default");
  const { headers } = { headers: { Authorization: "Bearer nonsense" } };
  assert.equal((await server.call("GET", "/version", { headers })).status, 200);
  assert.notEqual((await userCredentials(server, "x")).cert, undefined);
  assert.equal((await tokenClient(server, "nonsense")("GET", "/version")).status, 401);
  assert.equal((await tokenClient(server, token)("GET", "/version")).status, 200);
});
