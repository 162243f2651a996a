import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { controllerBench, tree } from "../../../../test/support/controller-bench.ts";
import { objectKey } from "../../../core/registry-keys.ts";
import type { Store } from "../../../store/store.ts";
import { encodeEnvelope } from "../codec/protobuf-envelope.ts";
import { configMapKind } from "../kinds/config-map.ts";
import { kinds } from "../kinds/kinds.ts";
import { secretKind } from "../kinds/secret.ts";

const writer = { author: "test", door: "test" };
/** What an etcd takes of one request. */
const requestBytesMax = 1.5 * 1024 * 1024;
const upstream = JSON.parse(
  readFileSync(new URL("../codec/testdata/kinds.json", import.meta.url), "utf8"),
) as readonly { apiVersion: string; kind: string; name: string; json: string; message: string }[]; // see its README

function configMap(name: string, data: Record<string, string>) {
  return tree({ metadata: { name, namespace: "default", uid: `uid-${name}` }, data });
}

async function recordOf(store: Store, name: string): Promise<Buffer> {
  const record = await store.get(objectKey("configmaps", "default", name));
  return Buffer.from(record?.value ?? assert.fail("there must be a record"));
}

function put(store: Store, key: string, value: Uint8Array) {
  return store.txn({ compares: [], thens: [{ type: "put", key, value }] });
}

test("A large object that is longer in JSON is stored as upstream's protobuf, and is the same object in all that is read", async () => {
  const { store, storage } = await controllerBench();
  const maps = storage(configMapKind);
  await using watcher = maps.watch("default", undefined);
  // A mebibyte that is six in JSON.
  const large = configMap("large", { text: "\u0001".repeat(1024 * 1024 - 4) });
  const made = await maps.create(large, writer);
  const record = await recordOf(store, "large");
  assert.equal(record.toString("latin1", 0, 4), "k8s\0");
  assert.ok(record.length < requestBytesMax);
  const read = (await maps.get("default", "large")) ?? assert.fail();
  assert.deepEqual(read.tree(), made.tree());
  const [listed] = (await maps.list({ namespace: "default", limit: 10 })).objects;
  assert.ok(listed?.itemJson().equals(read.itemJson()));
  const [event] = (await watcher.next())?.events ?? [];
  assert.ok(event?.object?.itemJson().equals(read.itemJson()));
  // Nothing is written where nothing changes; what changes back to little is JSON again.
  assert.equal(await maps.replace(read, large, writer), read);
  const small = await maps.replace(read, configMap("large", { text: "x" }), writer);
  assert.equal((await recordOf(store, "large")).toString("utf8", 0, 8), '{"kind":');
  await maps.delete(small, writer);
  assert.equal(await maps.get("default", "large"), undefined);
});

test("Small objects, and large ones that protobuf would not shorten, are stored as JSON", async () => {
  const { store, storage } = await controllerBench();
  await storage(configMapKind).create(configMap("small", { text: "\u0001".repeat(1000) }), writer);
  assert.equal((await recordOf(store, "small"))[0], 0x7b);
});

test("A secret of the largest size fits the requests of an etcd, record by record", async () => {
  const { store, storage } = await controllerBench();
  const metadata = { name: "large", namespace: "default", uid: "uid-large" };
  const data = { value: Buffer.alloc(1024 * 1024, 0xff).toString("base64") };
  await storage(secretKind).create(tree({ metadata, type: "Opaque", data }), writer);
  const { records } = await store.range("/");
  const sizes = records.map(({ value }) => value.length);
  assert.ok(
    Math.max(...sizes) > 1024 * 1024 && Math.max(...sizes) < requestBytesMax - 4096,
    String(Math.max(...sizes)),
  );
});

test("What upstream stored of any kind is read", async () => {
  const { store, storage } = await controllerBench();
  let compared = 0;
  for (const kind of kinds) {
    // Of secrets core has the records; those of namespaces and pods it reads as JSON.
    if (kind === secretKind || kind.resource === "namespaces" || kind.resource === "pods") continue;
    const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
    const full = upstream.find(
      (each) => each.kind === kind.kind && each.apiVersion === apiVersion && each.name === "full",
    );
    if (full === undefined) continue;
    const [namespace, name] = [kind.namespaced ? "default" : "", "full"];
    const key = objectKey(kind.storedResource ?? kind.resource, namespace, name);
    await put(store, key, encodeEnvelope({ kind: kind.kind, apiVersion }, Buffer.from(full.message, "hex")));
    const stored = (await storage(kind).get(namespace, name)) ?? assert.fail(kind.kind);
    const expected = JSON.parse(full.json) as { metadata: Record<string, unknown> };
    const read = JSON.parse(stored.itemJson().toString()) as typeof expected;
    delete expected.metadata["resourceVersion"];
    delete read.metadata["resourceVersion"];
    assert.deepEqual({ kind: kind.kind, apiVersion, ...read }, expected, kind.kind);
    compared++;
  }
  assert.ok(compared > 10, String(compared));
});

test("A record in protobuf that is no object of its kind is damage, with its key", async () => {
  const { store, storage } = await controllerBench();
  const message = Buffer.from(upstream.find(({ kind }) => kind === "ConfigMap")?.message ?? "", "hex");
  const records = {
    "another kind": encodeEnvelope({ kind: "Role", apiVersion: "v1" }, message),
    "cut off": encodeEnvelope({ kind: "ConfigMap", apiVersion: "v1" }, message).subarray(0, 20),
    "no message": encodeEnvelope({ kind: "ConfigMap", apiVersion: "v1" }, Buffer.from("ffff", "hex")),
  };
  for (const [name, record] of Object.entries(records)) {
    const key = objectKey("configmaps", "default", "broken");
    await put(store, key, record);
    await assert.rejects(
      storage(configMapKind).get("default", "broken"),
      { code: "corrupt", message: new RegExp(key) },
      name,
    );
  }
});
