/**
 * Credentials that no honest client presents: each is 401, never anonymous, and none of them is anywhere on the host
 * afterwards. What signatures and claims are refused for is tested beside src/identity/tokens.
 */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { defaultAuthentication } from "../../src/doors/kubernetes/authentication/authentication-config.ts";
import { forgedToken, byHmac, byRsa, partsOf, unsigned } from "../support/jwt.ts";
import { create } from "../support/api-objects.ts";
import { issueCertificate } from "../support/issued-certificates.ts";
import { tokenClient, tokenOf } from "../support/token-client.ts";
import { connectWith, startTestServer } from "../running-server.ts";

const server = await startTestServer({ authentication: { ...defaultAuthentication, anonymousPaths: ["/version"] } });
after(() => server[Symbol.asyncDispose]());

const anybody = connectWith(server.url, { ca: server.credentials.ca });
const token = await tokenOf(server, "default");
const { header, claims } = partsOf(token);

test("Without a credential only what is open can be asked for, and only as far as roles allow", async () => {
  assert.equal((await anybody("GET", "/version")).status, 200, "system:public-info-viewer is everybody's");
  assert.equal((await anybody("GET", "/api")).status, 401);
  assert.equal((await anybody("GET", "/version/")).status, 401, "the path is compared as it is");
  assert.equal((await anybody("POST", "/version", { body: {} })).status, 403);
  assert.equal((await anybody("GET", "/livez")).status, 200);
});

test("A token that is not ours is 401, also where anonymous requests are open", async () => {
  const own = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const keys = await server.call("GET", "/openid/v1/jwks");
  const [{ n }] = keys.json.keys;
  const bad = {
    garbage: "garbage",
    none: forgedToken({ ...header, alg: "none" }, claims, unsigned),
    hmac: forgedToken({ ...header, alg: "HS256" }, claims, byHmac(Buffer.from(n, "base64url"))),
    "another key": forgedToken(header, claims, byRsa(own.privateKey)),
    "a path as kid": forgedToken({ alg: "RS256", kid: "/strongroom/pki/token-keys" }, claims, byRsa(own.privateKey)),
    "another issuer": forgedToken(header, { ...claims, iss: "https://evil" }, byRsa(own.privateKey)),
    "another account": [
      token.split(".")[0],
      tampered({ sub: "system:serviceaccount:kube-system:x" }),
      token.split(".")[2],
    ].join("."),
    long: `${token}${"A".repeat(8000)}`,
    bootstrap: "abcdef.0123456789abcdef",
  };
  for (const [name, each] of Object.entries(bad)) {
    const answer = await tokenClient(server, each)("GET", "/version");
    assert.equal(answer.status, 401, name);
    assert.equal(answer.json.message, "Unauthorized", name);
  }
  const oversized = await tokenClient(server, "A".repeat(20_000))("GET", "/version");
  assert.equal(oversized.status, 431);
});

function tampered(fields: object): string {
  return Buffer.from(JSON.stringify({ ...claims, ...fields })).toString("base64url");
}

test("A review of a large token costs nothing and counts for nobody", async () => {
  const body = { spec: { token: `${"A".repeat(1_000_000)}.${"B".repeat(1_000_000)}.C` } };
  const answer = await server.call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", { body });
  assert.equal(answer.status, 201);
  assert.deepEqual(answer.json.status, { user: {}, error: "invalid bearer token" });
});

test("Authorization headers of other forms are no tokens", async () => {
  for (const value of ["Basic dTpw", "Bearer", "Bearer ", token, `Token ${token}`, `Bearer  ${token}`]) {
    assert.equal((await anybody("GET", "/api", { headers: { Authorization: value } })).status, 401, value.slice(0, 10));
  }
  assert.equal((await anybody("GET", "/api", { headers: { authorization: `bEARER ${token}` } })).status, 200);
});

test("A certificate that is expired, for another use, or by another authority is 401, but a token beside it counts", async () => {
  const other = issueCertificate({ name: "strongroom authority" });
  const bad = {
    "of another authority": issueCertificate({ name: "admin", by: other }),
    "expired, of another authority": issueCertificate({ name: "admin", by: other, days: -1 }),
    "for servers": issueCertificate({ name: "admin", by: other, usage: "serverAuth" }),
    "of its own": other,
  };
  for (const [name, { certPem, keyPem }] of Object.entries(bad)) {
    const client = connectWith(server.url, { ca: server.credentials.ca, cert: certPem, key: keyPem });
    assert.equal((await client("GET", "/version")).status, 401, name);
    const headers = { Authorization: `Bearer ${token}` };
    assert.equal((await client("GET", "/version", { headers })).status, 200, name);
  }
});

test("No token is in the log of requests, in an answer, or on record", async () => {
  const secret = await create(server, "/api/v1/namespaces/kube-system/secrets", {
    metadata: { name: "bootstrap-token-canary" },
    type: "bootstrap.kubernetes.io/token",
    stringData: { "token-id": "canary", "token-secret": "c4n4ryc4n4ryc4n4", "usage-bootstrap-authentication": "true" },
  });
  assert.ok(secret.metadata.uid);
  const tokens = [token, "canary.c4n4ryc4n4ryc4n4", "canary.c4n4ryc4n4ryc4n5"];
  for (const each of tokens) {
    const answer = await tokenClient(server, each)("GET", "/api/v1/nowhere");
    assert.ok(!answer.text.includes(each));
    const review = { body: { spec: { token: each, audiences: ["other"] } } };
    const reviewed = await server.call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review);
    assert.ok(!JSON.stringify(reviewed.json.status).includes(each));
  }
  for (const name of await readdir(server.dataDir, { recursive: true })) {
    const bytes = await readFile(join(server.dataDir, name)).catch(() => Buffer.alloc(0));
    for (const part of [token.split(".")[2] ?? "", "c4n4ryc4n4ryc4n4"]) assert.ok(!bytes.includes(part), name);
  }
});
