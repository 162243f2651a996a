/** WATCH: where it starts, what it shows, how it ends. Source: apiserver pkg/endpoints/handlers/watch.go, pkg/storage/cacher. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  assertFailure,
  base64,
  create,
  createNamespace,
  secret,
  secretsIn,
  sendPatch,
} from "../support/api-objects.ts";
import { openWatch } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

let namespaces = 0;

/** The path of the secrets of a new namespace, so that no test sees another's events. */
async function freshSecrets(): Promise<string> {
  const name = `watched-${++namespaces}`;
  await createNamespace(server, name);
  return secretsIn(name);
}

const describe = ({ type, object }: Answer["json"]) => `${type} ${object.metadata.name}`;
const versionOf = async (path: string): Promise<string> =>
  (await server.call("GET", path)).json.metadata.resourceVersion;

for (const start of ["", "&resourceVersion=0"]) {
  test(`A watch ${start === "" ? "without" : "from"} resourceVersion ${start === "" ? "" : "0 "}begins with the present state`, async () => {
    const path = await freshSecrets();
    await create(server, path, secret("a", { stringData: { k: "v" } }));
    await create(server, path, secret("b"));
    await using watch = await openWatch(server, `${path}?watch=true${start}`);
    assert.equal(watch.status, 200);
    assert.equal(watch.contentType, "application/json");
    const initial = await watch.take(2);
    assert.deepEqual(initial.map(describe), ["ADDED a", "ADDED b"]);
    assert.deepEqual(initial[0].object, (await server.call("GET", `${path}/a`)).json);
    await server.call("DELETE", `${path}/a`);
    assert.equal(describe(await watch.next()), "DELETED a");
  });
}

test("A watch from a resourceVersion shows what came after it, in order", async () => {
  const path = await freshSecrets();
  await create(server, path, secret("old"));
  const since = await versionOf(path);
  const created = await create(server, path, secret("new"));
  const changed = await sendPatch(server, "merge", `${path}/new`, { stringData: { k: "v" } });
  await using watch = await openWatch(server, `${path}?watch=1&resourceVersion=${since}`);
  const [first, second] = await watch.take(2);
  assert.deepEqual(first, { type: "ADDED", object: created });
  assert.deepEqual(second, { type: "MODIFIED", object: changed.json });
  await server.call("DELETE", `${path}/new`);
  const last = await watch.next();
  assert.equal(last.type, "DELETED");
  assert.deepEqual(last.object.data, { k: base64("v") });
  assert.ok(Number(last.object.metadata.resourceVersion) > Number(changed.json.metadata.resourceVersion));
});

test("Through a label selector a change of labels begins or ends an object", async () => {
  const path = await freshSecrets();
  const since = await versionOf(path);
  await using watch = await openWatch(server, `${path}?watch=true&labelSelector=on%3Dyes&resourceVersion=${since}`);
  await create(server, path, secret("a"));
  const on = await sendPatch(server, "merge", `${path}/a`, { metadata: { labels: { on: "yes" } } });
  const value = await sendPatch(server, "merge", `${path}/a`, { stringData: { k: "v" } });
  const off = await sendPatch(server, "merge", `${path}/a`, { metadata: { labels: { on: "no" } }, data: { k: null } });
  await sendPatch(server, "merge", `${path}/a`, { stringData: { k: "unseen" } });
  await server.call("DELETE", `${path}/a`);
  await create(server, path, { metadata: { name: "end", labels: { on: "yes" } } });
  const events = await watch.take(4);
  assert.deepEqual(events.map(describe), ["ADDED a", "MODIFIED a", "DELETED a", "ADDED end"]);
  assert.deepEqual(events[0].object, on.json);
  assert.deepEqual(events[1].object, value.json);
  // The last state that matched, with the version of the change.
  const { resourceVersion } = off.json.metadata;
  assert.deepEqual(events[2].object, { ...value.json, metadata: { ...value.json.metadata, resourceVersion } });
});

test("A watch of one name, by field selector or by path, sees nothing else", async () => {
  const path = await freshSecrets();
  const since = await versionOf(path);
  const deprecated = `${path.replace("/api/v1/", "/api/v1/watch/")}/b?resourceVersion=${since}`;
  for (const url of [`${path}?watch=true&fieldSelector=metadata.name%3Db&resourceVersion=${since}`, deprecated]) {
    await using watch = await openWatch(server, url);
    for (const name of ["a", "b", "bb"]) await create(server, path, secret(name));
    await server.call("DELETE", `${path}/b`);
    for (const name of ["a", "bb"]) await server.call("DELETE", `${path}/${name}`);
    assert.deepEqual((await watch.take(2)).map(describe), ["ADDED b", "DELETED b"], url);
  }
});

test("The deprecated /watch/ paths watch a namespace and all namespaces", async () => {
  const path = await freshSecrets();
  const since = (await create(server, path, secret("x"))).metadata.resourceVersion;
  for (const url of [path.replace("/api/v1/", "/api/v1/watch/"), "/api/v1/watch/secrets"]) {
    await using watch = await openWatch(server, `${url}?resourceVersion=${Number(since) - 1}`);
    assert.equal(describe(await watch.next()), "ADDED x");
  }
});

test("A watch of all namespaces sees each of them, one of namespaces sees their lives", async () => {
  const since = await versionOf("/api/v1/namespaces");
  await using all = await openWatch(server, `/api/v1/secrets?watch=true&resourceVersion=${since}`);
  await using lives = await openWatch(server, `/api/v1/namespaces?watch=true&resourceVersion=${since}`);
  const [one, two] = [await freshSecrets(), await freshSecrets()];
  await create(server, one, secret("a"));
  await create(server, two, secret("a"));
  const seen = await all.take(2);
  assert.deepEqual(
    seen.map(({ object }) => secretsIn(object.metadata.namespace)),
    [one, two],
  );
  assert.deepEqual(
    (await lives.take(2)).map(({ type }) => type),
    ["ADDED", "ADDED"],
  );
});

test("timeoutSeconds ends the stream cleanly, and a last bookmark tells how far it came", async () => {
  const path = await freshSecrets();
  await create(server, path, secret("a"));
  const since = await versionOf(path);
  await using watch = await openWatch(
    server,
    `${path}?watch=true&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=${since}`,
  );
  const events = await watch.rest();
  const bookmark = events.at(-1);
  assert.equal(bookmark.type, "BOOKMARK");
  assert.equal(bookmark.object.kind, "Secret");
  assert.equal(bookmark.object.apiVersion, "v1");
  assert.ok(Number(bookmark.object.metadata.resourceVersion) >= Number(since));
  assert.deepEqual(Object.keys(bookmark.object).sort(), ["apiVersion", "kind", "metadata"]);
});

test("A watch-list sends the state, marks its end and goes on", async () => {
  const path = await freshSecrets();
  await create(server, path, secret("a"));
  const query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
  for (const version of ["", "&resourceVersion=0", `&resourceVersion=${await versionOf(path)}`]) {
    await using watch = await openWatch(server, `${path}?${query}${version}`);
    const [first, mark] = await watch.take(2);
    assert.equal(describe(first), "ADDED a");
    assert.equal(mark.type, "BOOKMARK");
    assert.deepEqual(mark.object.metadata.annotations, { "k8s.io/initial-events-end": "true" });
    assert.ok(Number(mark.object.metadata.resourceVersion) >= Number(first.object.metadata.resourceVersion));
    await create(server, path, secret("b"));
    assert.equal(describe(await watch.next()), "ADDED b");
    await server.call("DELETE", `${path}/b`);
  }
});

test("sendInitialEvents=false begins with what comes", async () => {
  const path = await freshSecrets();
  await create(server, path, secret("a"));
  const query = "watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan";
  await using watch = await openWatch(server, `${path}?${query}`);
  await create(server, path, secret("b"));
  assert.equal(describe(await watch.next()), "ADDED b");
});

test("A watch-list from the future is a 504, an older watch waits for it", async () => {
  const path = await freshSecrets();
  const future = Number(await versionOf(path)) + 1000;
  const query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
  const answer = await server.call("GET", `${path}?${query}&resourceVersion=${future}`);
  assert.equal(answer.status, 504);
  assert.match(answer.json.message, new RegExp(`^Too large resource version: ${future}, current: \\d+$`));
  const next = Number(await versionOf(path)) + 1;
  await using watch = await openWatch(server, `${path}?watch=true&resourceVersion=${next}`);
  await create(server, path, secret("at"));
  await create(server, path, secret("beyond"));
  assert.equal(describe(await watch.next()), "ADDED beyond");
});

test("A watch as Table gives a row with metadata, and the columns once", async () => {
  const path = await freshSecrets();
  await create(server, path, secret("a", { stringData: { k: "v" } }));
  await using watch = await openWatch(server, `${path}?watch=true`, {
    Accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
  });
  await sendPatch(server, "merge", `${path}/a`, { stringData: { l: "w" } });
  const [first, second] = await watch.take(2);
  assert.equal(first.object.kind, "Table");
  assert.equal(first.object.columnDefinitions.length, 4);
  assert.deepEqual(first.object.rows[0].cells.slice(0, 3), ["a", "Opaque", 1]);
  assert.equal(first.object.rows[0].object.kind, "PartialObjectMetadata");
  assert.equal(second.type, "MODIFIED");
  assert.deepEqual(second.object.columnDefinitions ?? [], []);
  assert.deepEqual(second.object.rows[0].cells.slice(0, 3), ["a", "Opaque", 2]);
  assert.equal(JSON.stringify([first, second]).includes(base64("v")), false);
});

test("A watch of partial metadata shows no values", async () => {
  const path = await freshSecrets();
  const accept = { Accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" };
  await using watch = await openWatch(server, `${path}?watch=true&resourceVersion=${await versionOf(path)}`, accept);
  await create(server, path, secret("a", { stringData: { k: "v" } }));
  const { object } = await watch.next();
  assert.equal(object.kind, "PartialObjectMetadata");
  assert.deepEqual(Object.keys(object), ["kind", "apiVersion", "metadata"]);
});

test("A watch in protobuf is frames of WatchEvents around enveloped objects", async () => {
  const path = await freshSecrets();
  await create(server, path, secret("proto"));
  const accept = { Accept: "application/vnd.kubernetes.protobuf;stream=watch" };
  await using watch = await openWatch(server, `${path}?watch=true`, accept);
  assert.equal(watch.contentType, "application/vnd.kubernetes.protobuf;stream=watch");
  const frame = await watch.nextFrame();
  assert.notEqual(frame, undefined);
  const bytes = frame ?? Buffer.alloc(0);
  // WatchEvent { 1: "ADDED", 2: RawExtension { 1: k8s\0 ... } }.
  assert.equal(bytes.subarray(0, 7).toString("latin1"), "\x0a\x05ADDED");
  assert.ok(bytes.includes("k8s\0") && bytes.includes("proto") && bytes.includes("Secret"));
});

test("A watch takes no YAML and no bad selector", async () => {
  const path = await freshSecrets();
  assert.equal(
    (await server.call("GET", `${path}?watch=true`, { headers: { Accept: "application/yaml" } })).status,
    406,
  );
  const answer = await server.call("GET", `${path}?watch=true&fieldSelector=a%3Db`);
  assertFailure(answer, 400, "BadRequest", "field label not supported: a");
});

test("A watch ends when the server drains", async () => {
  const other = await startTestServer();
  try {
    const watch = await openWatch(other, `${secretsIn("default")}?watch=true`);
    const ended = watch.rest();
    await other.stop();
    assert.deepEqual(await ended, []);
  } finally {
    await other[Symbol.asyncDispose]();
  }
});
