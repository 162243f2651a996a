/** What holds for every kind: the verbs, the media types, the lists, watches and tables. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { decodeEnvelope } from "../../src/doors/kubernetes/codec/protobuf-envelope.ts";
import { decodeMessage } from "../../src/doors/kubernetes/codec/protobuf.ts";
import { writeJson } from "../../src/doors/kubernetes/codec/json-writer.ts";
import { apiVersionOf } from "../../src/doors/kubernetes/response/encode-object.ts";
import { assertFailure, create, sendPatch } from "../support/api-objects.ts";
import { kindExamples } from "../support/kind-examples.ts";
import { openWatch } from "../support/watch-stream.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const protobuf = "application/vnd.kubernetes.protobuf";
const json = "application/json";

for (const { kind, collection, object, change } of kindExamples) {
  const name = `${apiVersionOf(kind)} ${kind.kind}`;

  test(`${name} is created, read, listed, watched, patched, replaced and deleted`, async () => {
    const path = `${collection}/one`;
    await using watch = await openWatch(server, `${collection}?watch=true&fieldSelector=metadata.name%3Done`);
    const created = await create(server, collection, object("one"));
    assert.equal(created.kind, kind.kind);
    assert.equal((await watch.next())?.type, "ADDED");
    assert.deepEqual((await server.call("GET", path)).json, created);
    const list = (await server.call("GET", `${collection}?fieldSelector=metadata.name%3Done`)).json;
    assert.equal(list.kind, kind.listKind);
    assert.deepEqual(
      list.items.map(({ metadata }: { metadata: { uid: string } }) => metadata.uid),
      [created.metadata.uid],
    );
    const patched = await sendPatch(server, "merge", path, change);
    assert.equal(patched.status, 200, patched.text);
    assert.notEqual(patched.json.metadata.resourceVersion, created.metadata.resourceVersion);
    const modified = await watch.next();
    assert.equal(modified?.type, "MODIFIED");
    assert.deepEqual(modified?.object, patched.json);
    const again = await server.call("PUT", path, { body: patched.json });
    assert.deepEqual(again.json, patched.json, "a PUT of what is there is no write");
    const stale = await server.call("PUT", path, { body: created });
    assert.deepEqual([stale.status, stale.json.reason], [409, "Conflict"]);
    assert.equal((await server.call("DELETE", path)).status, 200);
  });

  test(`${name} is the same in JSON and protobuf, in and out, alone and in a list`, async () => {
    const path = `${collection}/two`;
    const created = await create(server, collection, object("two"));
    const answer = await server.call("GET", path, { headers: { Accept: protobuf } });
    const { kind: kindName, apiVersion, raw } = decodeEnvelope(answer.body);
    assert.deepEqual([kindName, apiVersion], [kind.kind, apiVersionOf(kind)]);
    const tree = { kind: kindName, apiVersion, ...decodeMessage(kind.schema, raw) };
    assert.deepEqual(JSON.parse(writeJson(tree)), created);
    const put = await server.call("PUT", path, { body: answer.body, headers: { "Content-Type": protobuf } });
    assert.deepEqual(put.json, created, "a PUT of its protobuf is no write");
    // By name: controllers, and the end of namespaces that were deleted, change what else is there.
    const named = `${collection}?fieldSelector=metadata.name%3Dtwo`;
    const list = await server.call("GET", named, { headers: { Accept: protobuf } });
    const items = decodeMessage(kind.listSchema, decodeEnvelope(list.body).raw)["items"];
    const plain = (await server.call("GET", named, { headers: { Accept: json } })).json.items;
    assert.equal(Array.isArray(items) && items.length, plain.length);
    const accept = { Accept: `${protobuf};stream=watch` };
    await using watch = await openWatch(server, `${collection}?watch=true&fieldSelector=metadata.name%3Dtwo`, accept);
    const frame = (await watch.nextFrame()) ?? Buffer.alloc(0);
    // WatchEvent { 1: "ADDED", 2: RawExtension { 1: the envelope } }.
    assert.equal(frame.subarray(0, 7).toString("latin1"), "\x0a\x05ADDED");
    const watched = decodeEnvelope(frame.subarray(frame.indexOf("k8s\0")));
    assert.deepEqual(decodeMessage(kind.schema, watched.raw), decodeMessage(kind.schema, raw));
    await server.call("DELETE", path);
  });

  test(`${name} prints one cell for each column, and its metadata alone`, async () => {
    await create(server, collection, object("three"));
    const table = await server.call("GET", `${collection}/three`, {
      headers: { Accept: "application/json;as=Table;v=v1;g=meta.k8s.io" },
    });
    const { columnDefinitions, rows } = table.json;
    assert.equal(rows[0].cells.length, columnDefinitions.length);
    const nameAt = columnDefinitions.findIndex(({ format }: { format: string }) => format === "name");
    assert.equal(rows[0].cells[nameAt], "three");
    const partial = await server.call("GET", `${collection}/three`, {
      headers: { Accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" },
    });
    assert.deepEqual(Object.keys(partial.json), ["kind", "apiVersion", "metadata"]);
    await server.call("DELETE", `${collection}/three`);
  });

  test(`${name} answers what is missing and taken with its resource and group`, async () => {
    const resource = kind.group === "" ? kind.resource : `${kind.resource}.${kind.group}`;
    const details = { name: "four", ...(kind.group !== "" && { group: kind.group }), kind: kind.resource };
    const missing = await server.call("GET", `${collection}/four`);
    assertFailure(missing, 404, "NotFound", `${resource} "four" not found`, details);
    await create(server, collection, object("four"));
    const taken = await server.call("POST", collection, { body: object("four") });
    assertFailure(taken, 409, "AlreadyExists", `${resource} "four" already exists`, details);
    await server.call("DELETE", `${collection}/four`);
  });

  test(`${name} is created by a PUT where upstream lets it, and only there`, async () => {
    const answer = await server.call("PUT", `${collection}/five`, { body: object("five") });
    assert.equal(answer.status, kind.strategy.allowCreateOnUpdate ? 201 : 404, answer.text);
    if (answer.status === 201) await server.call("DELETE", `${collection}/five`);
  });
}
