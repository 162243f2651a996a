/** Changes of a cluster as they are told: by our own server, and by one that breaks off, forgets, refuses and lies. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerResponse } from "node:http";
import type { FactSet } from "../../../src/sight/facts/fact-set.ts";
import { factKey } from "../../../src/sight/facts/fact-set.ts";
import { buildGraph } from "../../../src/sight/graph/build-graph.ts";
import { LiveGraph } from "../../../src/sight/graph/live-graph.ts";
import type { SecurityGraph } from "../../../src/sight/graph/security-graph.ts";
import { whoCan } from "../../../src/sight/questions/who-can.ts";
import { followPace } from "../../../src/sight/sources/cluster/follow-scope.ts";
import { ClusterSource } from "../../../src/sight/sources/cluster/cluster-source.ts";
import { readKubeconfig } from "../../../src/sight/sources/cluster/kubeconfig.ts";
import type { FactChange, Following } from "../../../src/sight/sources/source.ts";
import { startTestServer } from "../../running-server.ts";
import { base64, create, createNamespace, secret, secretsIn } from "../../support/api-objects.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../../support/rbac-objects.ts";
import { refuse, rolePage, rolesPath, sendJson, startScriptedCluster } from "./scripted-cluster.ts";

const forever = new AbortController().signal;
const pace = { ...followPace, listEveryMs: 40, failuresToTell: 2 };

/** What a follower sees, as a set of keys that is kept up. */
class Seen {
  readonly keys: Set<string>;
  readonly told: FactChange[] = [];
  readonly #changes: AsyncIterator<{ readonly changes: readonly FactChange[] }>;

  constructor(following: Following) {
    this.keys = new Set(Array.from(following.facts.all(), factKey));
    this.#changes = following.changes[Symbol.asyncIterator]();
  }

  /** Takes changes until one is as wanted. */
  async until(wanted: (change: FactChange) => boolean): Promise<FactChange> {
    for (;;) {
      const { value, done } = await this.#changes.next();
      assert.ok(done !== true, "the changes ended before what was waited for");
      for (const change of value.changes) {
        this.told.push(change);
        if (change.type === "put") this.keys.add(factKey(change.fact));
        if (change.type === "delete") this.keys.delete(factKey(change));
      }
      const found = value.changes.find(wanted);
      if (found !== undefined) return found;
    }
  }
}

const isPut = (kind: string, name: string) => (change: FactChange) =>
  change.type === "put" && change.fact.kind === kind && change.fact.name === name;
const isDelete = (kind: string, name: string) => (change: FactChange) =>
  change.type === "delete" && change.kind === kind && change.name === name;
const rolesOf = (seen: Seen) =>
  [...seen.keys].filter((key) => key.startsWith("Role\n")).map((key) => key.split("\n")[2]);

test("What happens on a server is told: new, changed and deleted, without values", async () => {
  await using server = await startTestServer();
  await createNamespace(server, "a");
  const [access] = await readKubeconfig([server.kubeconfig], []);
  assert.ok(access !== undefined);
  using source = new ClusterSource(access, { level: "full", env: {} });
  await using following = await source.follow(forever);
  const seen = new Seen(following);
  await create(server, `${rbacPath}/namespaces/a/roles`, roleObject("reader", coreRule("get", "secrets", "db")));
  await seen.until(isPut("Role", "reader"));
  await create(server, `${rbacPath}/namespaces/a/rolebindings`, bindingObject("readers", "Role reader", "User jane"));
  await create(server, secretsIn("a"), secret("db", { data: { password: base64("canary-5a-value") } }));
  await seen.until(isPut("Secret", "db"));
  await server.call("DELETE", `${rbacPath}/namespaces/a/rolebindings/readers`);
  await seen.until(isDelete("RoleBinding", "readers"));
  await server.call("DELETE", `${secretsIn("a")}/db`);
  await seen.until(isDelete("Secret", "db"));
  assert.doesNotMatch(JSON.stringify(seen.told), new RegExp(`canary-5a-value|${base64("canary-5a-value")}`));
  await following[Symbol.asyncDispose]();
  for await (const _ of following.changes) assert.fail("nothing is told after the end");
});

test("With metadata only, secrets come and go by their names", async () => {
  await using server = await startTestServer();
  const [access] = await readKubeconfig([server.kubeconfig], []);
  assert.ok(access !== undefined);
  using source = new ClusterSource(access, { level: "metadata", env: {} });
  await using following = await source.follow(forever);
  const seen = new Seen(following);
  await create(server, secretsIn("default"), secret("db", { data: { password: base64("value") } }));
  const put = await seen.until(isPut("Secret", "db"));
  assert.ok(put.type === "put" && put.fact.kind === "Secret" && put.fact.seen === "metadata");
  assert.deepEqual(put.fact.keys, []);
  await server.call("DELETE", `${secretsIn("default")}/db`);
  await seen.until(isDelete("Secret", "db"));
});

test("With references only, names of secrets come and go with what refers to them", async () => {
  await using server = await startTestServer();
  const [access] = await readKubeconfig([server.kubeconfig], []);
  assert.ok(access !== undefined);
  using source = new ClusterSource(access, { level: "references", env: {} });
  await using following = await source.follow(forever);
  const seen = new Seen(following);
  const roles = `${rbacPath}/namespaces/default/roles`;
  await create(server, roles, roleObject("one", coreRule("get", "secrets", "db")));
  await create(server, roles, roleObject("two", coreRule("get", "secrets", "db", "other")));
  await seen.until(isPut("Secret", "other"));
  await server.call("DELETE", `${roles}/two`);
  await seen.until(isDelete("Secret", "other"));
  assert.ok(seen.keys.has(factKey({ kind: "Secret", namespace: "default", name: "db" })));
  await server.call("DELETE", `${roles}/one`);
  await seen.until(isDelete("Secret", "db"));
});

/** A watch of roles that goes on until the test ends it. */
interface OpenWatch {
  send(...events: object[]): void;
  end(): void;
  breakOff(): void;
}

const role = (name: string, resourceVersion: string) => ({
  metadata: { name, namespace: "a", resourceVersion },
  rules: [],
});

/** A cluster whose roles are listed by `list`, and whose watches of roles are handed to the test one after the other. */
async function startWatched(
  list: (response: ServerResponse) => void,
  watch?: (url: URL, response: ServerResponse) => boolean,
) {
  const waiting: ((opened: OpenWatch) => void)[] = [];
  const opened: OpenWatch[] = [];
  const asked: URL[] = [];
  const cluster = await startScriptedCluster((url, response) => {
    if (url.searchParams.get("watch") === "true" && url.pathname !== rolesPath) {
      response.writeHead(200, { "Content-Type": "application/json" }).flushHeaders();
      return true; // nothing happens to the others
    }
    if (url.pathname !== rolesPath) return false;
    if (url.searchParams.get("watch") !== "true") {
      list(response);
      return true;
    }
    asked.push(url);
    if (watch?.(url, response) === true) return true;
    response.writeHead(200, { "Content-Type": "application/json" }).flushHeaders();
    const open: OpenWatch = {
      send: (...events) => void response.write(events.map((event) => `${JSON.stringify(event)}\n`).join("")),
      end: () => void response.end(),
      breakOff: () => void response.destroy(),
    };
    const next = waiting.shift();
    if (next === undefined) opened.push(open);
    else next(open);
    return true;
  });
  const nextWatch = async (): Promise<OpenWatch> => {
    const open = opened.shift();
    return open ?? (await new Promise((resolve) => waiting.push(resolve)));
  };
  return { cluster, asked, nextWatch };
}

test("A watch that ends or breaks off goes on where it was, by its events and its bookmarks", async () => {
  const { cluster, asked, nextWatch } = await startWatched((response) => void sendJson(response, rolePage(["one"])));
  await using _ = cluster;
  using source = cluster.source({ following: { pace } });
  await using following = await source.follow(forever);
  const seen = new Seen(following);
  const first = await nextWatch();
  first.send({ type: "ADDED", object: role("two", "11") });
  await seen.until(isPut("Role", "two"));
  first.end();
  const second = await nextWatch();
  second.send({ type: "BOOKMARK", object: { metadata: { resourceVersion: "20" } } });
  second.send({ type: "DELETED", object: role("one", "21") });
  await seen.until(isDelete("Role", "one"));
  second.breakOff();
  const third = await nextWatch();
  third.send({ type: "MODIFIED", object: role("two", "30") });
  await seen.until(isPut("Role", "two"));
  assert.deepEqual(
    asked.map((url) => url.searchParams.get("resourceVersion")),
    ["7", "11", "21"],
  );
  assert.ok(asked.every((url) => url.searchParams.get("allowWatchBookmarks") === "true"));
  assert.deepEqual(
    seen.told.filter(({ type }) => type === "gap" || type === "known"),
    [],
  );
});

test("What a cluster has forgotten is listed anew, and the difference is told, deletions too", async () => {
  let names = ["stays", "goes"];
  const { cluster, nextWatch } = await startWatched((response) => void sendJson(response, rolePage(names)));
  await using _ = cluster;
  using source = cluster.source({ following: { pace } });
  await using following = await source.follow(forever);
  const seen = new Seen(following);
  const first = await nextWatch();
  names = ["stays", "comes"];
  first.send({ type: "ERROR", object: { kind: "Status", code: 410, message: "too old resource version" } });
  await seen.until(isDelete("Role", "goes"));
  assert.deepEqual(rolesOf(seen).sort(), ["comes", "stays"]);
  assert.deepEqual(seen.told.filter(({ type }) => type === "put").length, 1, "what did not change is not told again");
  await nextWatch();
});

test("What is refused later is a gap that says until when it was true, until it is allowed again", async () => {
  let isRefused = false;
  const { cluster, nextWatch } = await startWatched(
    (response) => void (isRefused ? refuse(response, 403, "no more") : sendJson(response, rolePage(["one"]))),
    (_url, response) => isRefused && refuse(response, 403, "no more"),
  );
  await using _ = cluster;
  using source = cluster.source({ following: { pace } });
  await using following = await source.follow(forever);
  const seen = new Seen(following);
  const first = await nextWatch();
  isRefused = true;
  first.end();
  const told = await seen.until(({ type }) => type === "gap");
  assert.ok(told.type === "gap");
  assert.deepEqual([told.gap.kind, told.gap.reason, told.gap.missing?.verbs], ["Role", "forbidden", ["list", "watch"]]);
  assert.match(told.gap.knownUntil ?? "", /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(rolesOf(seen), ["one"], "what was known last stays");
  isRefused = false;
  const known = await seen.until(({ type }) => type === "known");
  assert.deepEqual(known, { type: "known", kind: "Role", namespace: "" });
});

test("A right that is given later is found, and the gap is closed", async () => {
  let isRefused = true;
  const { cluster } = await startWatched(
    (response) => void (isRefused ? refuse(response, 403) : sendJson(response, rolePage(["one"]))),
  );
  await using _ = cluster;
  using source = cluster.source({ following: { pace } });
  await using following = await source.follow(forever);
  assert.equal(following.facts.knows("Role"), false);
  const seen = new Seen(following);
  isRefused = false;
  await seen.until(({ type }) => type === "known");
  assert.deepEqual(rolesOf(seen), ["one"]);
});

test("Nonsense in a watch, a lasting failure and an event without end become a gap, and end in a list", async () => {
  const lines = ["no json", '{"type":"WHAT"}', "[]", '{"type":"ERROR"}', "x".repeat(70_000)];
  for (const line of lines) {
    let lists = 0;
    let watches = 0;
    const { cluster } = await startWatched(
      (response) => void sendJson(response, rolePage([`role-${++lists}`])),
      (_url, response) => {
        if (watches++ > 1) return false;
        response.writeHead(200);
        response.end(`${line}\n`);
        return true;
      },
    );
    await using _ = cluster;
    using source = cluster.source({ following: { pace }, limits: { eventBytesMax: 65_536 } });
    await using following = await source.follow(forever);
    const seen = new Seen(following);
    await seen.until(({ type }) => type === "gap");
    await seen.until(({ type }) => type === "known");
    assert.ok(lists + watches > 2, line.slice(0, 20));
  }
});

test("While nobody takes changes, readers wait and what waits is merged by object", async () => {
  const { cluster, nextWatch } = await startWatched((response) => void sendJson(response, rolePage([])));
  await using _ = cluster;
  using source = cluster.source({ following: { pace, queue: { waitingMax: 10, batchMax: 4 } } });
  await using following = await source.follow(forever);
  const watch = await nextWatch();
  const events = Array.from({ length: 500 }, (_each, number) => ({
    type: "ADDED",
    object: role(`r${number % 50}`, `${100 + number}`),
  }));
  watch.send(...events);
  const seen = new Seen(following);
  await seen.until((change) => change.type === "put" && change.fact.name === "r49" && seen.told.length >= 50);
  assert.deepEqual(new Set(rolesOf(seen)).size, 50);
});

test("A new namespace is unknown until it was read, where kinds are read by namespace", async () => {
  const namespaces = {
    kind: "NamespaceList",
    apiVersion: "v1",
    metadata: { resourceVersion: "7" },
    items: [{ metadata: { name: "a" } }],
  };
  let announce: ((line: object) => void) | undefined;
  const announced = Promise.withResolvers<void>();
  await using cluster = await startScriptedCluster((url, response) => {
    const isWatch = url.searchParams.get("watch") === "true";
    if (isWatch) response.writeHead(200).flushHeaders();
    if (url.pathname === "/api/v1/namespaces" && !isWatch) return sendJson(response, namespaces);
    if (url.pathname === "/api/v1/namespaces" && isWatch) {
      announce = (line) => void response.write(`${JSON.stringify(line)}\n`);
      announced.resolve();
      return true;
    }
    if (isWatch) return true;
    if (url.pathname === rolesPath) return refuse(response, 403);
    if (url.pathname.endsWith("/namespaces/b/roles")) return sendJson(response, rolePage(["in-b"]));
    return url.pathname.endsWith("/roles") ? sendJson(response, rolePage(["in-a"])) : false;
  });
  using source = cluster.source({ following: { pace } });
  await using following = await source.follow(forever);
  const facts: FactSet = following.facts;
  assert.deepEqual([facts.knows("Role", "a"), facts.coverage.gaps.some(({ kind }) => kind === "Role")], [true, false]);
  await announced.promise;
  announce?.({ type: "ADDED", object: { metadata: { name: "b", resourceVersion: "9" } } });
  const seen = new Seen(following);
  await seen.until(({ type }) => type === "known");
  assert.ok(rolesOf(seen).includes("in-b"));
});

test("A graph that is kept up by what is told answers as one that is built anew", async () => {
  await using server = await startTestServer();
  await createNamespace(server, "a");
  const [access] = await readKubeconfig([server.kubeconfig], []);
  assert.ok(access !== undefined);
  using source = new ClusterSource(access, { level: "metadata", env: {} });
  await using following = await source.follow(forever);
  const live = new LiveGraph(following.facts);
  const changes = following.changes[Symbol.asyncIterator]();
  await create(server, secretsIn("a"), secret("db", { data: { password: base64("value") } }));
  await create(server, `${rbacPath}/namespaces/a/roles`, roleObject("reader", coreRule("get", "secrets", "db")));
  await create(server, `${rbacPath}/namespaces/a/rolebindings`, bindingObject("readers", "Role reader", "User jane"));
  const db = { namespace: "a", name: "db" };
  const readers = (graph: SecurityGraph) => {
    const answer = whoCan(graph, db, { onlyDirect: false, hopsMax: Infinity });
    return [answer.known, answer.readers.map(({ principal, path }) => [principal, path.map(({ edge }) => edge)])];
  };
  // Kinds are watched on their own: which is told first is not decided.
  const awaited = new Map([
    ["Secret", "db"],
    ["Role", "reader"],
    ["RoleBinding", "readers"],
  ]);
  while (awaited.size > 0) {
    const { value, done } = await changes.next();
    assert.ok(done !== true);
    live.take(value.changes);
    for (const [kind, name] of awaited) if (value.changes.some(isPut(kind, name))) awaited.delete(kind);
  }
  const anew = buildGraph(await source.read(forever));
  assert.ok(JSON.stringify(readers(anew)).includes('"jane"'));
  assert.deepEqual(readers(live.graph()), readers(anew));
});
