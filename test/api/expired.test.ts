/** What becomes of reads of a past that has been compacted. Source: apiserver pkg/storage/etcd3, pkg/endpoints/handlers. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertFailure, create, secret, secretsPath, sendPatch } from "../support/api-objects.ts";
import { compacted } from "../support/compacted-server.ts";
import { openWatch } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";

const first = await startTestServer();
for (const name of ["a", "b", "c"]) await create(first, secretsPath, secret(name));
const page = await first.call("GET", `${secretsPath}?limit=1`);
const { resourceVersion: old, continue: token } = page.json.metadata;
for (const value of ["1", "2"]) await sendPatch(first, "merge", `${secretsPath}/c`, { stringData: { k: value } });
const server = await compacted(first);
after(() => server[Symbol.asyncDispose]());

test("A list of a compacted resourceVersion is a 410", async () => {
  const answer = await server.call("GET", `${secretsPath}?resourceVersion=${old}&resourceVersionMatch=Exact`);
  assertFailure(answer, 410, "Expired", "The resourceVersion for the provided list is too old.");
});

test("A continue token of a compacted list is a 410 with a token that goes on inconsistently", async () => {
  const answer = await server.call("GET", `${secretsPath}?limit=1&continue=${token}`);
  assert.equal(answer.status, 410);
  assert.equal(answer.json.reason, "Expired");
  assert.match(
    answer.json.message,
    /^The provided continue parameter is too old to display a consistent list result\./,
  );
  const next = answer.json.metadata.continue;
  assert.equal(JSON.parse(Buffer.from(next, "base64url").toString()).rv, -1);
  const rest = await server.call("GET", `${secretsPath}?limit=1&continue=${next}`);
  assert.equal(rest.json.items[0].metadata.name, "b");
  const last = await server.call("GET", `${secretsPath}?limit=5&continue=${rest.json.metadata.continue}`);
  assert.equal(last.json.items[0].metadata.name, "c");
});

test("A watch from a compacted resourceVersion is a stream of one ERROR", async () => {
  await using watch = await openWatch(server, `${secretsPath}?watch=true&resourceVersion=${old}`);
  assert.equal(watch.status, 200);
  const [event, ...more] = await watch.rest();
  assert.deepEqual(more, []);
  assert.equal(event.type, "ERROR");
  assert.deepEqual(event.object, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "The resourceVersion for the provided watch is too old.",
    reason: "Expired",
    code: 410,
  });
});

test("Everything written is there after the restart, with its versions and the revision going on", async () => {
  const list = await server.call("GET", secretsPath);
  assert.deepEqual(
    list.json.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ["a", "b", "c"],
  );
  assert.deepEqual(list.json.items[0], page.json.items[0]);
  assert.deepEqual(list.json.items[2].data, { k: "Mg==" });
  const next = await create(server, secretsPath, secret("after"));
  assert.ok(Number(next.metadata.resourceVersion) > Number(list.json.items[2].metadata.resourceVersion));
});
