/** Users that a proxy in front names, and tokens from a file. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  defaultAuthentication,
  defaultFrontProxyNames,
} from "../../src/doors/kubernetes/authentication/authentication-config.ts";
import type { KeyPair } from "../support/certificates.ts";
import { issueCertificate } from "../support/issued-certificates.ts";
import { tokenClient } from "../support/token-client.ts";
import { connectWith, startTestServer } from "../running-server.ts";

const folder = await mkdtemp(join(tmpdir(), "strongroom-proxy-"));
const authority = issueCertificate({ name: "front proxies" });
const [authoritiesFile, tokenFile] = [join(folder, "ca.crt"), join(folder, "tokens.csv")];
await writeFile(authoritiesFile, authority.certPem);
await writeFile(tokenFile, '"s3cret, with ""quotes""",eve,e1,"system:masters,ops"\nplain,bob,\n\n', { mode: 0o600 });
const frontProxy = { ...defaultFrontProxyNames, authoritiesFile, allowedNames: ["proxy"] };
const server = await startTestServer({ authentication: { ...defaultAuthentication, tokenFile, frontProxy } });
after(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const whoAmI = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const headers = {
  "X-Remote-User": "ann",
  "X-Remote-Uid": "a1",
  "X-Remote-Group": "devs",
  "X-Remote-Extra-Scopes%2fx": "read",
};

function client({ certPem, keyPem }: KeyPair) {
  return connectWith(server.url, { ca: server.credentials.ca, cert: certPem, key: keyPem });
}

test("A proxy's certificate makes its headers count, and nothing else of it", async () => {
  const proxy = client(issueCertificate({ name: "proxy", by: authority }));
  const answer = await proxy("POST", whoAmI, { body: {}, headers });
  assert.equal(answer.status, 201, answer.text);
  assert.deepEqual(answer.json.status.userInfo, {
    username: "ann",
    uid: "a1",
    groups: ["devs", "system:authenticated"],
    extra: { "scopes/x": ["read"] },
  });
  const bare = await proxy("GET", "/api");
  assert.equal(bare.status, 401, "the certificate itself is nobody, whatever groups it names");
});

test("Headers of anybody else say nothing", async () => {
  const strangers = issueCertificate({ name: "front proxies" });
  const refused = {
    "another name": issueCertificate({ name: "other", by: authority }),
    "another authority": issueCertificate({ name: "proxy", by: strangers }),
    "another use": issueCertificate({ name: "proxy", by: authority, usage: "serverAuth" }),
    expired: issueCertificate({ name: "proxy", by: authority, days: -1 }),
  };
  for (const [name, pair] of Object.entries(refused)) {
    assert.equal((await client(pair)("GET", "/api", { headers })).status, 401, name);
  }
  const admin = await server.call("POST", whoAmI, { body: {}, headers });
  assert.equal(admin.json.status.userInfo.username, "strongroom-admin");
  const none = connectWith(server.url, { ca: server.credentials.ca });
  assert.equal((await none("GET", "/api", { headers })).status, 401);
});

test("A token of the file is its user, in their groups", async () => {
  const me = async (token: string) => (await tokenClient(server, token)("POST", whoAmI, { body: {} })).json.status;
  const review = { body: { spec: { token: 's3cret, with "quotes"' } } };
  const found = await server.call("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review);
  assert.deepEqual(found.json.status, { user: {}, error: "invalid bearer token" }, "a blank ends a token in a header");
  assert.deepEqual((await me("plain")).userInfo, { username: "bob", groups: ["system:authenticated"] });
  assert.equal((await tokenClient(server, "Plain")("GET", "/api")).status, 401);
});
