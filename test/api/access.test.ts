/** Who is let in, who may do what, and what the others learn: nothing. */
import assert from "node:assert/strict";
import { request as httpsRequest } from "node:https";
import type { RequestOptions } from "node:https";
import { dirname, join } from "node:path";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import { issueKubeconfig } from "../../src/instance/host-kubeconfig.ts";
import { failure, create, secret, secretsPath } from "../support/api-objects.ts";
import { makeCertificates } from "../support/certificates.ts";
import { credentialsOf, startTestServer } from "../running-server.ts";
import type { ClientCredentials } from "../running-server.ts";
import { looseAuditEvents } from "../support/audit-events.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());
const { ca } = server.credentials;

interface Reply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

/** A request on a connection of its own, with whatever credentials. */
function ask(method: string, path: string, options: RequestOptions, body?: object): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(new URL(path, server.url), { method, agent: false, ...options }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    request.on("error", reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function issued(user: string, groups: readonly string[]): Promise<ClientCredentials> {
  const folder = await mkdtemp(join(tmpdir(), "strongroom-access-"));
  try {
    const rootKey = { type: "file", path: join(dirname(server.dataDir), "root.key") } as const;
    const request = { user, groups, ttlSeconds: 600 };
    const text = await issueKubeconfig({ dataDir: server.dataDir, rootKey, host: "127.0.0.1", port: 1 }, request);
    const path = join(folder, "kubeconfig");
    await writeFile(path, text);
    return await credentialsOf(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const outsider = await issued("mallory <x>", ["developers"]);

for (const path of ["/livez", "/readyz", "/healthz", "/readyz?verbose", "/livez/ping"]) {
  test(`${path} is open to everyone`, async () => {
    const answer = await ask("GET", path, { ca });
    assert.equal(answer.status, 200);
    assert.match(answer.text, /ok|passed/);
  });
}

for (const path of [
  secretsPath,
  `${secretsPath}/a`,
  "/api",
  "/apis",
  "/version",
  "/metrics",
  "/openapi/v2",
  "/nope",
  "/livezz",
  "/livez/nope",
]) {
  test(`${path} without a certificate is a 401`, async () => {
    const answer = await ask("GET", path, { ca });
    assert.equal(answer.status, 401);
    assert.deepEqual(JSON.parse(answer.text), failure(401, "Unauthorized", "Unauthorized"));
  });
}

test("A header that claims a user gives none", async () => {
  const headers = { "X-Remote-User": "admin", "X-Remote-Group": "system:masters", Authorization: "Bearer x" };
  assert.equal((await ask("GET", secretsPath, { ca, headers })).status, 401);
});

test("However many requests come without a certificate, their records stay few and tell how many there were", async () => {
  await using visited = await startTestServer();
  const url = new URL(secretsPath, visited.url);
  const statuses: number[] = [];
  for (let n = 0; n < 40; n++) {
    statuses.push((await ask("GET", url.href, { ca: visited.credentials.ca })).status);
  }
  assert.deepEqual([...new Set(statuses)], [401]);
  await visited.stop();
  const events = await looseAuditEvents(visited);
  const refusals = events.filter(
    ({ user, stage }) => user.username === "system:anonymous" && stage === "ResponseComplete",
  );
  assert.equal(refusals.length, 11);
  const common = refusals.at(-1).refusals;
  assert.deepEqual(common, {
    count: 30,
    networks: { "127.0.0.1": 30 },
    otherNetworks: 0,
    asked: { "401 list secrets in default": 30 },
    otherAsked: 0,
  });
});

test("A certificate of another authority is refused or a 401", async () => {
  const { client } = makeCertificates();
  const outcome = await ask("GET", secretsPath, { ca, cert: client.certPem, key: client.keyPem }).then(
    ({ status }) => status,
    () => "refused",
  );
  assert.ok(outcome === 401 || outcome === "refused", String(outcome));
});

const inDefault = (verb: string) =>
  `User "mallory &lt;x&gt;" cannot ${verb} resource "secrets" in API group "" in the namespace "default"`;

const requests: [method: string, path: string, message: string, details: object][] = [
  ["GET", `${secretsPath}/NAME`, `secrets "NAME" is forbidden: ${inDefault("get")}`, { name: "NAME", kind: "secrets" }],
  [
    "PUT",
    `${secretsPath}/NAME`,
    `secrets "NAME" is forbidden: ${inDefault("update")}`,
    { name: "NAME", kind: "secrets" },
  ],
  [
    "PATCH",
    `${secretsPath}/NAME`,
    `secrets "NAME" is forbidden: ${inDefault("patch")}`,
    { name: "NAME", kind: "secrets" },
  ],
  [
    "DELETE",
    `${secretsPath}/NAME`,
    `secrets "NAME" is forbidden: ${inDefault("delete")}`,
    { name: "NAME", kind: "secrets" },
  ],
  ["GET", secretsPath, `secrets is forbidden: ${inDefault("list")}`, { kind: "secrets" }],
  ["GET", `${secretsPath}?watch=true`, `secrets is forbidden: ${inDefault("watch")}`, { kind: "secrets" }],
  ["POST", secretsPath, `secrets is forbidden: ${inDefault("create")}`, { kind: "secrets" }],
  ["DELETE", secretsPath, `secrets is forbidden: ${inDefault("deletecollection")}`, { kind: "secrets" }],
  [
    "GET",
    "/api/v1/secrets",
    'secrets is forbidden: User "mallory &lt;x&gt;" cannot list resource "secrets" in API group "" at the cluster scope',
    { kind: "secrets" },
  ],
  ["GET", "/metrics", 'forbidden: User "mallory &lt;x&gt;" cannot get path "/metrics"', {}],
];

for (const [method, path, message, details] of requests) {
  test(`${method} ${path} by a user in no admin group is a 403 in upstream's words`, async () => {
    const fill = (text: string) => text.replaceAll("NAME", "a");
    const answer = await ask(method, fill(path), { ...outsider }, method === "POST" ? secret("a") : undefined);
    assert.equal(answer.status, 403);
    assert.equal(answer.headers["x-content-type-options"], "nosniff");
    const expected = failure(403, "Forbidden", message, details);
    assert.deepEqual(JSON.parse(answer.text), JSON.parse(fill(JSON.stringify(expected))));
  });
}

test("A forbidden caller cannot tell what exists from what does not", async () => {
  await create(server, secretsPath, secret("exists"));
  const bodies: [string, object | undefined][] = [
    ["GET", undefined],
    ["DELETE", undefined],
    ["PUT", secret("exists")],
    ["PATCH", { data: "broken" }],
  ];
  for (const [method, body] of bodies) {
    const [there, missing] = await Promise.all(
      ["exists", "absent"].map((name) => ask(method, `${secretsPath}/${name}`, { ...outsider }, body)),
    );
    assert.equal(there?.status, 403);
    assert.equal(missing?.text.replaceAll("absent", "exists"), there?.text);
    const names = (answer: Reply | undefined) => Object.keys(answer?.headers ?? {}).sort();
    assert.deepEqual(names(missing), names(there));
  }
  const namespaces = await Promise.all(
    ["default", "missing"].map((name) =>
      ask("POST", `/api/v1/namespaces/${name}/secrets`, { ...outsider }, secret("a")),
    ),
  );
  assert.equal(namespaces[1]?.text.replaceAll('"missing\\"', '"default\\"'), namespaces[0]?.text);
  const kinds = await ask("GET", "/api/v1/namespaces/default/nothings", { ...outsider });
  assert.equal(kinds.status, 403);
});

for (const group of ["system:masters", "strongroom:admins"]) {
  test(`A user in ${group} may do everything`, async () => {
    const admin = await issued("root", [group]);
    assert.equal((await ask("GET", "/api/v1/secrets", { ...admin })).status, 200);
    assert.equal((await ask("GET", "/metrics", { ...admin })).status, 200);
  });
}

test("A web page of another site is refused, whatever certificate the browser adds", async () => {
  for (const headers of [{ Origin: "https://evil.example" }, { "Sec-Fetch-Site": "cross-site" }]) {
    const answer = await ask("GET", secretsPath, { ...server.credentials, headers });
    assert.equal(answer.status, 403);
    assert.equal(answer.headers["access-control-allow-origin"], undefined);
  }
});

test("No answer sets a cookie, and a cookie is no credential", async () => {
  const answer = await ask("GET", secretsPath, { ca, headers: { Cookie: "session=x" } });
  assert.equal(answer.status, 401);
  assert.equal(answer.headers["set-cookie"], undefined);
});

for (const name of ["system:serviceaccount:kube-system:generic-garbage-collector", "system:apiserver"]) {
  test(`A certificate with the name ${name} has no right of the server's own`, async () => {
    const imitator = await issued(name, ["system:serviceaccounts", "system:serviceaccounts:kube-system"]);
    assert.equal((await ask("GET", secretsPath, imitator)).status, 403);
    assert.equal((await ask("DELETE", `${secretsPath}/x`, imitator)).status, 403);
  });
}
