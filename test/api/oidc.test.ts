/** JWTs of a real issuer elsewhere, by a file AuthenticationConfiguration that changes while the server runs. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { UnsecuredJWT, SignJWT, generateKeyPair } from "jose";
import type { JWTPayload } from "jose";
import { stringify } from "yaml";
import { defaultAuthentication } from "../../src/doors/kubernetes/authentication/authentication-config.ts";
import { create } from "../support/api-objects.ts";
import { audience, startIssuer } from "../support/oidc-issuer.ts";
import type { OidcIssuer } from "../support/oidc-issuer.ts";
import { startTestServer } from "../running-server.ts";
import type { TestServer } from "../running-server.ts";

let issuer: OidcIssuer;
let server: TestServer;
const folder = await mkdtemp(join(tmpdir(), "strongroom-oidc-"));
const file = join(folder, "authentication.yaml");

before(async () => {
  issuer = await startIssuer();
  await configure();
  server = await startTestServer({ authentication: { ...defaultAuthentication, configurationFile: file } });
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await issuer[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const mappings = {
  username: { claim: "sub", prefix: "oidc:" },
  groups: { claim: "groups", prefix: "oidc:" },
  uid: { claim: "id" },
  extra: [{ key: "example.com/team", valueExpression: "has(claims.team) ? claims.team : ''" }],
};

async function configure(jwt: object = {}, more: object = {}): Promise<void> {
  const { url, caPem: certificateAuthority } = issuer;
  const entry = { issuer: { url, certificateAuthority, audiences: [audience] }, claimMappings: mappings, ...jwt };
  const text = stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AuthenticationConfiguration",
    jwt: [entry],
    ...more,
  });
  await writeFile(file, text);
}

interface Who {
  readonly status: number;
  readonly user: { username: string; groups: string[]; uid?: string; extra?: Record<string, string[]> } | undefined;
}

/** Who the server says a token is, without any certificate. */
function whoIs(
  token: string,
  path = "/apis/authentication.k8s.io/v1/selfsubjectreviews",
  method = "POST",
): Promise<Who> {
  const headers = { ...(token !== "" && { Authorization: `Bearer ${token}` }), "Content-Type": "application/json" };
  return new Promise((resolve, reject) => {
    const options = { method, ca: server.credentials.ca, headers, agent: false };
    const asked = httpsRequest(new URL(path, server.url), options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        const user = answer.statusCode === 201 ? JSON.parse(text).status.userInfo : undefined;
        resolve({ status: answer.statusCode ?? 0, user });
      });
    });
    asked.on("error", reject);
    asked.end(
      method === "POST"
        ? JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" })
        : undefined,
    );
  });
}

const person: JWTPayload = { groups: ["devs"], id: "u-1", team: ["red", "blue"] };

test("A token of the issuer is the user that the file maps its claims to", async () => {
  const { status, user } = await whoIs(await issuer.token(person));
  assert.equal(status, 201);
  assert.equal(user?.username, "oidc:tester");
  assert.deepEqual(user.groups, ["oidc:devs", "system:authenticated"]);
  assert.equal(user.uid, "u-1");
  assert.deepEqual(user.extra?.["example.com/team"], ["red", "blue"]);
  assert.match(user.extra["authentication.kubernetes.io/credential-id"]?.[0] ?? "", /^JTI=/);
});

test("Rights are by its names, and a TokenReview says who it is", async () => {
  const path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" };
  await create(server, path, { metadata: { name: "devs" }, roleRef, subjects: [{ kind: "Group", name: "oidc:devs" }] });
  const token = await issuer.token(person);
  assert.equal((await whoIs(token, "/api/v1/namespaces/default/configmaps", "GET")).status, 200);
  assert.equal((await whoIs(token, "/api/v1/namespaces/default/secrets", "GET")).status, 403);
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } };
  const { json } = await server.call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", { body: review });
  assert.deepEqual([json.status.authenticated, json.status.user.username], [true, "oidc:tester"]);
});

const seconds = () => Math.floor(Date.now() / 1000);
const good = (): JWTPayload => ({
  iss: issuer.url,
  aud: audience,
  sub: "ann",
  id: "u",
  iat: seconds(),
  exp: seconds() + 300,
});

test("What is forged, of another time, audience or issuer counts for nobody, and is not anonymous", async () => {
  assert.equal((await whoIs(await issuer.forged(good()))).status, 201, "the forge works");
  const { privateKey: other } = await generateKeyPair("RS256");
  const secret = Buffer.from(issuer.caPem);
  const cases: readonly [why: string, token: string][] = [
    ["expired", await issuer.forged({ ...good(), exp: seconds() - 1 })],
    ["without an end", await issuer.forged(withoutEnd(good()))],
    ["not yet valid", await issuer.forged({ ...good(), nbf: seconds() + 3600 })],
    ["for another audience", await issuer.forged({ ...good(), aud: "https://other.example" })],
    ["of another issuer", await issuer.forged({ ...good(), iss: "https://other.example" })],
    ["signed by another key", await issuer.forged(good(), { key: other })],
    ["by a key that nobody has", await issuer.forged(good(), { kid: "../../key-2" })],
    ["not signed", new UnsecuredJWT(good()).encode()],
    [
      "signed with a public text as secret",
      await new SignJWT(good()).setProtectedHeader({ alg: "HS256", kid: "key-1" }).sign(secret),
    ],
    ["without a name", await issuer.forged({ ...good(), sub: "", id: 7 })],
    ["changed", `${(await issuer.forged(good())).slice(0, -10)}AAAAAAAAAA`],
    ["no token", "a.b.c"],
  ];
  for (const [why, token] of cases) assert.equal((await whoIs(token)).status, 401, why);
  assert.equal((await whoIs("")).status, 401);
  const long = await issuer.forged({ ...good(), fill: "x".repeat(20_000) });
  assert.equal((await whoIs(long)).status, 431, "longer than a request's headers may be");
});

function withoutEnd({ exp: _end, ...claims }: JWTPayload): JWTPayload {
  return claims;
}

test("Tokens with unknown keys do not make the issuer be asked each time", async () => {
  const before = issuer.keyReads();
  for (let n = 0; n < 20; n++) await whoIs(await issuer.forged(good(), { kid: `unknown-${n}` }));
  assert.ok(issuer.keyReads() - before <= 1);
});

/** Changes the file and waits until the server answers by it. */
async function reconfigured(jwt: object, more: object, expected: () => Promise<boolean>): Promise<void> {
  await configure(jwt, more);
  const until = Date.now() + 15_000;
  while (!(await expected())) assert.ok(Date.now() < until, "the changed file must count within 10 seconds");
}

test("A changed file counts while the server runs: other names, rules on claims and users, anonymous paths; a bad one changes nothing", async () => {
  const claimValidationRules = [
    { claim: "hd", requiredValue: "example.com" },
    { expression: "claims.exp - claims.iat <= 3600", message: "the token lives too long" },
  ];
  const userValidationRules = [{ expression: "!user.username.startsWith('system:')", message: "no system names" }];
  const claimMappings = {
    username: { expression: "claims.sub" },
    groups: { expression: "claims.groups.map(group, 'x:' + group)" },
  };
  const member = await issuer.forged({ ...good(), hd: "example.com", groups: ["a"] });
  const jwt = { claimMappings, claimValidationRules, userValidationRules };
  await reconfigured(jwt, { anonymous: { enabled: true, conditions: [{ path: "/version" }] } }, async () => {
    return (await whoIs(member)).user?.username === "ann";
  });
  assert.deepEqual((await whoIs(member)).user?.groups, ["x:a", "system:authenticated"]);
  const elsewhere = await issuer.forged({ ...good(), hd: "example.org", groups: [] });
  const long = await issuer.forged({ ...good(), hd: "example.com", groups: [], exp: seconds() + 7200 });
  const system = await issuer.forged({ ...good(), hd: "example.com", groups: [], sub: "system:admin" });
  for (const token of [elsewhere, long, system]) assert.equal((await whoIs(token)).status, 401);
  assert.equal((await whoIs("", "/version", "GET")).status, 200, "anonymous, where roles allow it");
  assert.equal((await whoIs("", "/api/v1/namespaces", "GET")).status, 401);
  await writeFile(file, "kind: Nonsense");
  assert.equal((await whoIs(member)).status, 201);
});
