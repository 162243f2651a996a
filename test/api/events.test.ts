/** Events: one record, two groups, an hour. Source: k/k pkg/registry/core/event, pkg/apis/events/v1/conversion.go. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { create, sendPatch } from "../support/api-objects.ts";
import { openWatch } from "../support/watch-stream.ts";
import { defaultVersionLimits } from "../../src/core/secrets/version-retention.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const corePath = "/api/v1/namespaces/default/events";
const eventsPath = "/apis/events.k8s.io/v1/namespaces/default/events";

const involved = { kind: "Pod", namespace: "default", name: "p" };

test("An event written by either group is read by both, under one version", async () => {
  const written = await create(server, corePath, {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "old" },
    involvedObject: involved,
    message: "text",
    source: { component: "kubelet" },
    count: 3,
  });
  const read = (await server.call("GET", `${eventsPath}/old`)).json;
  assert.equal(read.apiVersion, "events.k8s.io/v1");
  assert.deepEqual(read.metadata, written.metadata);
  assert.deepEqual([read.regarding, read.note, read.deprecatedCount], [involved, "text", 3]);
  assert.deepEqual(read.deprecatedSource, { component: "kubelet" });
  const listed = (await server.call("GET", `${eventsPath}?fieldSelector=regarding.name%3Dp`)).json.items;
  assert.deepEqual(
    listed.map(({ note }: { note: string }) => note),
    ["text"],
  );
  const none = (await server.call("GET", `${corePath}?fieldSelector=involvedObject.name%3Dq`)).json.items;
  assert.deepEqual(none, []);
});

test("A watch of one group sees what the other writes", async () => {
  await using watch = await openWatch(server, `${eventsPath}?watch=true&fieldSelector=metadata.name%3Dseen`);
  await create(server, corePath, {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "seen" },
    involvedObject: involved,
    message: "one",
  });
  assert.equal((await watch.next())?.object.note, "one");
  await sendPatch(server, "merge", `${corePath}/seen`, { message: "two" });
  const event = await watch.next();
  assert.deepEqual([event?.type, event?.object.note], ["MODIFIED", "two"]);
  await server.call("DELETE", `${eventsPath}/seen`);
  assert.equal((await watch.next())?.type, "DELETED");
});

test("What is wrong with an event is said in the words of core, whichever group it came by", async () => {
  const answer = await server.call("POST", eventsPath, {
    body: { apiVersion: "events.k8s.io/v1", kind: "Event", metadata: { name: "bad" }, regarding: involved },
  });
  assert.equal(answer.status, 422);
  assert.match(answer.json.message, /^Event "bad" is invalid: \[eventTime: Required value, type: Invalid value/);
  assert.deepEqual([answer.json.details.kind, answer.json.details.group], ["Event", undefined]);
});

test("A secret that loses versions for their bytes has an Event that says so, and counts, once a minute at most", async () => {
  const versions = { ...defaultVersionLimits, secretBytesMax: 100 * 1024, trashRetentionMs: 1e9 };
  await using small = await startTestServer({ versions });
  const path = "/api/v1/namespaces/default/secrets";
  const field = "fieldSelector=reason%3DVersionsCutShort";
  await using watch = await openWatch(small, `${corePath}?watch=true&resourceVersion=0&${field}`);
  const body = (n: number) => ({
    metadata: { name: "big" },
    data: { a: Buffer.alloc(20_000, n).toString("base64") },
  });
  const { metadata } = await create(small, path, body(0));
  for (let n = 1; n < 12; n++) assert.equal((await small.call("PUT", `${path}/big`, { body: body(n) })).status, 200);
  const { type, object: event } = await watch.next();
  assert.equal(type, "ADDED");
  assert.deepEqual(event.involvedObject, {
    apiVersion: "v1",
    kind: "Secret",
    namespace: "default",
    name: "big",
    uid: metadata.uid,
  });
  assert.deepEqual([event.type, event.count, event.source.component], ["Warning", 1, "secret-version-controller"]);
  assert.match(event.message, /oldest version was removed before its time: .*versions\.bytesPerSecret/);
  const events = (await small.call("GET", `${corePath}?${field}`)).json.items;
  assert.deepEqual([events.length, events[0].count], [1, 1]);
  const { items } = (await small.call("GET", "/apis/strongroom.dev/v1/namespaces/default/secretversions")).json;
  assert.ok(items.length >= 2 && items.length < 12, String(items.length));
});
