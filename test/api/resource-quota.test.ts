/** Quotas on numbers of objects: what they refuse, also to many at the same time, and what they show. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertFailure, create, patchTypes, secret, secretsIn } from "../support/api-objects.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const quotasIn = (namespace: string) => `/api/v1/namespaces/${namespace}/resourcequotas`;
const quota = (name: string, hard: object, spec: object = {}) => ({ metadata: { name }, spec: { hard, ...spec } });

async function namespace(name: string): Promise<string> {
  await create(server, "/api/v1/namespaces", { metadata: { name } });
  return name;
}

/** The quota once its status is as expected; waits by watches of a second, as long as something changes. */
async function shown(path: string, name: string, used: object): Promise<object> {
  for (let version = ""; ;) {
    const { metadata, items } = (await server.call("GET", `${path}?fieldSelector=metadata.name%3D${name}`)).json;
    const [found] = items;
    if (JSON.stringify(found.status.used ?? {}) === JSON.stringify(used)) return found.status;
    assert.notEqual(metadata.resourceVersion, version, JSON.stringify(found.status));
    version = metadata.resourceVersion;
    const watch = `${path}?watch=true&fieldSelector=metadata.name%3D${name}&resourceVersion=${version}&timeoutSeconds=1`;
    await server.call("GET", watch);
  }
}

async function statusOf(ns: string, name: string, query = ""): Promise<number> {
  return (await server.call("POST", `${secretsIn(ns)}${query}`, { body: secret(name) })).status;
}

test("A quota holds for the next request, names what is exceeded, and frees a place with a deletion", async () => {
  const ns = await namespace("counted");
  await create(server, quotasIn(ns), quota("q", { secrets: "2", "count/secrets": "2", "requests.cpu": "1" }));
  assert.equal(await statusOf(ns, "a"), 201);
  assert.equal(await statusOf(ns, "b"), 201);
  const refused = await server.call("POST", secretsIn(ns), { body: secret("c") });
  const both = (count: number) => `count/secrets=${count},secrets=${count}`;
  const why = `exceeded quota: q, requested: ${both(1)}, used: ${both(2)}, limited: ${both(2)}`;
  assertFailure(refused, 403, "Forbidden", `secrets "c" is forbidden: ${why}`, { name: "c", kind: "secrets" });
  assert.equal(await statusOf(ns, "c", "?dryRun=All"), 403, "a dry run is refused alike");
  const update = await server.call("PUT", `${secretsIn(ns)}/a`, { body: secret("a", { stringData: { k: "v" } }) });
  assert.equal(update.status, 200, "changes need no place");
  await server.call("DELETE", `${secretsIn(ns)}/a`);
  assert.equal(await statusOf(ns, "c", "?dryRun=All"), 201);
  assert.equal(await statusOf(ns, "c"), 201, "a dry run takes no place");
  assert.equal(await statusOf(ns, "d"), 403);
  const raise = {
    body: { spec: { hard: { secrets: "3", "count/secrets": "3" } } },
    headers: { "Content-Type": patchTypes.merge },
  };
  await server.call("PATCH", `${quotasIn(ns)}/q`, raise);
  assert.equal(await statusOf(ns, "d"), 201);
  await server.call("DELETE", `${quotasIn(ns)}/q`);
  assert.equal(await statusOf(ns, "e"), 201);
});

test("Many creations at the same time are as many as the quota says, in whatever way they come", async () => {
  const ns = await namespace("raced");
  await create(server, quotasIn(ns), quota("q", { "count/secrets": "7" }));
  const generated = { metadata: { generateName: "g-" } };
  const creations = Array.from({ length: 40 }, (_, index) =>
    index % 2 === 0
      ? server.call("POST", secretsIn(ns), { body: index % 4 === 0 ? generated : secret(`n${index}`) })
      : server.call("PATCH", `${secretsIn(ns)}/a${index}?fieldManager=m`, {
          body: { apiVersion: "v1", kind: "Secret", metadata: { name: `a${index}` } },
          headers: { "Content-Type": "application/apply-patch+yaml" },
        }),
  );
  const statuses = (await Promise.all(creations)).map(({ status }) => status);
  assert.deepEqual(
    [statuses.filter((status) => status === 201).length, statuses.filter((status) => status === 403).length],
    [7, 33],
  );
  assert.equal((await server.call("GET", secretsIn(ns))).json.items.length, 7);
});

test("A creation that fails gives its place back", async () => {
  const ns = await namespace("failing");
  await create(server, secretsIn(ns), secret("there"));
  await create(server, quotasIn(ns), quota("q", { "count/secrets": "2" }));
  const failing = Array.from({ length: 10 }, () => server.call("POST", secretsIn(ns), { body: secret("there") }));
  for (const { status } of await Promise.all(failing)) assert.equal(status, 409);
  assert.equal(await statusOf(ns, "second"), 201);
  assert.equal(await statusOf(ns, "third"), 403);
});

test("Each kind is counted by itself, in its namespace; quotas of some pods count nothing", async () => {
  const ns = await namespace("kinds");
  await create(server, quotasIn(ns), quota("maps", { configmaps: "2", "count/roles.rbac.authorization.k8s.io": "0" }));
  await create(server, quotasIn(ns), quota("pods", { pods: "0" }, { scopes: ["Terminating"] }));
  assert.equal(await statusOf(ns, "s"), 201);
  const map = (name: string) =>
    server.call("POST", `/api/v1/namespaces/${ns}/configmaps`, { body: { metadata: { name } } });
  const counts = [];
  for (const name of ["a", "b", "c"]) counts.push((await map(name)).status);
  assert.equal(counts.filter((status) => status === 201).length <= 2, true, "with kube-root-ca.crt there are two");
  assert.equal(counts.at(-1), 403);
  const roles = `/apis/rbac.authorization.k8s.io/v1/namespaces/${ns}/roles`;
  const role = await server.call("POST", roles, { body: { metadata: { name: "r" } } });
  assert.match(
    role.json.message,
    /exceeded quota: maps, requested: count\/roles.rbac.authorization.k8s.io=1, used: .*=0, limited: .*=0/,
  );
});

test("A quota shows what it allows and what is used", async () => {
  const ns = await namespace("shown");
  await create(server, quotasIn(ns), quota("q", { secrets: "1k", "requests.memory": "1Gi" }));
  const { hard } = (await shown(quotasIn(ns), "q", { secrets: "0" })) as { hard: object };
  assert.deepEqual(hard, { "requests.memory": "1Gi", secrets: "1k" });
  for (const name of ["a", "b"]) await create(server, secretsIn(ns), secret(name));
  await shown(quotasIn(ns), "q", { secrets: "2" });
  await server.call("DELETE", `${secretsIn(ns)}/a`);
  await shown(quotasIn(ns), "q", { secrets: "1" });
});
