/** Watches over the wire: resumed after a restart, in each form, framed, never compressed. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { decodeEnvelope } from "../../src/doors/kubernetes/codec/protobuf-envelope.ts";
import { create, createNamespace, secret, secretsIn, sendPatch } from "../support/api-objects.ts";
import { compacted } from "../support/compacted-server.ts";
import { openWatch } from "../support/watch-stream.ts";
import type { WatchStream } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer } from "../running-server.ts";

let server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

let namespaces = 0;

async function freshNamespace(): Promise<string> {
  const name = `streamed-${++namespaces}`;
  await createNamespace(server, name);
  return name;
}

const freshSecrets = async () => secretsIn(await freshNamespace());
const describe = ({ type, object }: Answer["json"]) => `${type} ${object.metadata.name}`;
const versionOf = async (path: string): Promise<string> =>
  (await server.call("GET", path)).json.metadata.resourceVersion;
const view = (kind: string) => `;as=${kind};v=v1;g=meta.k8s.io`;
const watchList = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";

/** One frame of a protobuf stream: its type and its object's kind, version and bytes. */
async function nextProtobuf(watch: WatchStream) {
  const frame = await watch.nextFrame();
  assert.notEqual(frame, undefined, "the stream must go on");
  const bytes = frame ?? Buffer.alloc(0);
  const type = bytes.toString("latin1", 2, 2 + (bytes[1] ?? 0));
  return { type, ...decodeEnvelope(bytes.subarray(bytes.indexOf("k8s\0"))) };
}

test("A watch goes on after a restart from the version it had come to, without loss or repetition", async () => {
  const path = await freshSecrets();
  const made = await create(server, path, secret("a"));
  const first = await openWatch(
    server,
    `${path}?watch=true&resourceVersion=${Number(made.metadata.resourceVersion) - 1}`,
  );
  const { object } = await first.next();
  const changed = await sendPatch(server, "merge", `${path}/a`, { stringData: { k: "v" } });
  const restarted = server.restart();
  // The one before the end has come or not: what counts is the version that was seen.
  const seen = (await first.rest()).at(-1)?.object ?? object;
  server = await restarted;
  const later = await create(server, path, secret("b"));
  await using second = await openWatch(server, `${path}?watch=true&resourceVersion=${object.metadata.resourceVersion}`);
  const [one, two] = await second.take(2);
  assert.deepEqual(one, { type: "MODIFIED", object: changed.json });
  assert.deepEqual(two, { type: "ADDED", object: later });
  await using third = await openWatch(server, `${path}?watch=true&resourceVersion=${seen.metadata.resourceVersion}`);
  const events = seen.metadata.resourceVersion === object.metadata.resourceVersion ? 2 : 1;
  assert.equal(describe((await third.take(events)).at(-1)), "ADDED b");
});

test("A compressed watch would come late: none is, whatever Accept-Encoding says", async () => {
  const path = await freshSecrets();
  await create(server, path, secret("a", { data: { k: Buffer.alloc(300_000, 1).toString("base64") } }));
  await using watch = await openWatch(server, `${path}?watch=true`, { "Accept-Encoding": "gzip" });
  assert.equal(describe(await watch.next()), "ADDED a");
  const list = await server.call("GET", path, { headers: { "Accept-Encoding": "gzip" } });
  assert.equal(list.headers["content-encoding"], "gzip", "the same content in a list is");
});

test("A watch of one object by the path of the object is a plain GET", async () => {
  const path = await freshSecrets();
  const made = await create(server, path, secret("a"));
  assert.deepEqual((await server.call("GET", `${path}/a?watch=true`)).json, made);
});

test("A watch-list through a selector begins with what matches, and its end is marked also when nothing does", async () => {
  const path = await freshSecrets();
  await create(server, path, secret("out"));
  await create(server, path, { metadata: { name: "in", labels: { on: "yes" } } });
  for (const [selector, names] of [
    ["labelSelector=on%3Dyes", ["in"]],
    ["fieldSelector=metadata.name%3Dout", ["out"]],
    ["labelSelector=on%3Dno", []],
  ] as const) {
    await using watch = await openWatch(server, `${path}?${watchList}&${selector}`);
    for (const name of names) assert.equal(describe(await watch.next()), `ADDED ${name}`);
    const mark = await watch.next();
    assert.equal(mark.object.metadata.annotations["k8s.io/initial-events-end"], "true", selector);
  }
});

for (const [title, accept, expected] of [
  ["objects", "application/json", "v1 Secret"],
  ["Tables", `application/json${view("Table")}`, "meta.k8s.io/v1 Table"],
  ["partial metadata", `application/json${view("PartialObjectMetadata")}`, "meta.k8s.io/v1 PartialObjectMetadata"],
] as const) {
  test(`A watch-list of ${title} in JSON ends its state with a bookmark of the same kind`, async () => {
    const path = await freshSecrets();
    await create(server, path, secret("a"));
    await using watch = await openWatch(server, `${path}?${watchList}`, { Accept: accept });
    const events = await watch.take(2);
    assert.deepEqual(
      events.map(({ type, object }) => `${type} ${object.apiVersion} ${object.kind}`),
      [`ADDED ${expected}`, `BOOKMARK ${expected}`],
    );
    assert.match(events[1].object.metadata.resourceVersion, /^[1-9]\d*$/);
  });
}

for (const [title, parameters, expected] of [
  ["objects", "", "v1 Secret"],
  ["partial metadata", view("PartialObjectMetadata"), "meta.k8s.io/v1 PartialObjectMetadata"],
] as const) {
  test(`A watch of ${title} in protobuf frames each event alone, bookmarks included`, async () => {
    const path = await freshSecrets();
    await create(server, path, secret("a"));
    const accept = `application/vnd.kubernetes.protobuf${parameters}`;
    await using watch = await openWatch(server, `${path}?${watchList}`, { Accept: accept });
    assert.equal(watch.contentType, "application/vnd.kubernetes.protobuf;stream=watch");
    const kinds: string[] = [];
    for (let count = 0; count < 2; count += 1) {
      const { type, apiVersion, kind } = await nextProtobuf(watch);
      kinds.push(`${type} ${apiVersion} ${kind}`);
    }
    assert.deepEqual(kinds, [`ADDED ${expected}`, `BOOKMARK ${expected}`]);
    await server.call("DELETE", `${path}/a`);
    assert.equal((await nextProtobuf(watch)).type, "DELETED");
  });
}

test("A watch from a past that is gone is an ERROR with a Status in the form of the stream, and its end", async () => {
  const path = await freshSecrets();
  const old = await versionOf(path);
  for (const name of ["a", "b"]) await create(server, path, secret(name));
  server = await compacted(server);
  const query = `${path}?watch=true&resourceVersion=${old}`;
  await using json = await openWatch(server, query);
  const [event, ...more] = await json.rest();
  assert.deepEqual([event.type, event.object.reason, event.object.code, more.length], ["ERROR", "Expired", 410, 0]);
  await using framed = await openWatch(server, query, { Accept: "application/vnd.kubernetes.protobuf" });
  const { type, kind, apiVersion, raw } = await nextProtobuf(framed);
  assert.deepEqual([type, kind, apiVersion], ["ERROR", "Status", "v1"]);
  assert.ok(Buffer.from(raw).includes("The resourceVersion for the provided watch is too old."));
  assert.equal(await framed.nextFrame(), undefined);
  await using table = await openWatch(server, query, { Accept: `application/json${view("Table")}` });
  const [failed] = await table.rest();
  assert.deepEqual([failed.type, failed.object.kind, failed.object.code], ["ERROR", "Status", 410]);
});

test("The deprecated path of one namespace watches it, and nothing else", async () => {
  const name = await freshNamespace();
  const { metadata } = (await server.call("GET", `/api/v1/namespaces/${name}`)).json;
  const since = Number(metadata.resourceVersion);
  await using watch = await openWatch(server, `/api/v1/watch/namespaces/${name}?resourceVersion=${since}`);
  await freshNamespace();
  await sendPatch(server, "merge", `/api/v1/namespaces/${name}`, { metadata: { labels: { seen: "yes" } } });
  assert.equal(describe(await watch.next()), `MODIFIED ${name}`);
});

test("A deprecated path and a field selector that name different objects contradict each other", async () => {
  const path = (await freshSecrets()).replace("/api/v1/", "/api/v1/watch/");
  const answer = await server.call("GET", `${path}/a?fieldSelector=metadata.name%3Db`);
  assert.equal(answer.status, 400);
  assert.equal(answer.json.message, "fieldSelector metadata.name doesn't match requested name");
  await using watch = await openWatch(server, `${path}/a?fieldSelector=metadata.name%3Da&timeoutSeconds=1`);
  assert.equal(watch.status, 200);
});

test("Other kinds are watched as secrets are, events through both of their groups", async () => {
  const namespace = await freshNamespace();
  const since = await versionOf(`/api/v1/namespaces/${namespace}/events`);
  const core = await openWatch(server, `/api/v1/namespaces/${namespace}/events?watch=true&resourceVersion=${since}`);
  const group = await openWatch(
    server,
    `/apis/events.k8s.io/v1/namespaces/${namespace}/events?watch=true&resourceVersion=${since}`,
  );
  await create(server, `/api/v1/namespaces/${namespace}/events`, {
    metadata: { name: "e" },
    involvedObject: { kind: "Secret", name: "a", namespace },
    reason: "Seen",
  });
  const [one, other] = [await core.next(), await group.next()];
  core.close();
  group.close();
  assert.equal(`${one.type} ${one.object.apiVersion} ${one.object.involvedObject.name}`, "ADDED v1 a");
  assert.equal(`${other.type} ${other.object.apiVersion} ${other.object.regarding.name}`, "ADDED events.k8s.io/v1 a");
});
