import assert from "node:assert/strict";
import { test } from "node:test";
import { controllerBench, deleteOptions, tree } from "../../../../test/support/controller-bench.ts";
import type { ControllerBench } from "../../../../test/support/controller-bench.ts";
import { systemClock } from "../../../store/clock.ts";
import { configMapKind } from "../kinds/config-map.ts";
import type { Kind } from "../kinds/kind.ts";
import { namespaceKind } from "../kinds/namespace.ts";
import { serviceAccountKind } from "../kinds/service-account.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { completeNamespaces } from "./namespace-objects.ts";

/** Runs the controller until `done` resolves. */
async function whileCompleting(bench: ControllerBench, caPem: string, done: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const options = {
    storage: bench.storage,
    accounts: bench.client("accounts"),
    publisher: bench.client("publisher"),
    server: bench.client("server"),
    caPem,
    timers: systemClock,
    onError: (error: unknown) => assert.fail(error instanceof Error ? error : String(error)),
  };
  const running = completeNamespaces(options, stop.signal);
  try {
    await done();
  } finally {
    stop.abort();
    await running;
  }
}

/** The first state of an object from now on, the present one included, that `wanted` accepts. */
async function eventually(
  bench: ControllerBench,
  kind: Kind,
  place: { namespace: string; name: string },
  wanted: (object: StoredObject) => boolean = () => true,
): Promise<StoredObject> {
  const storage = bench.storage(kind);
  await using watcher = storage.watch(place.namespace, undefined);
  const present = await storage.get(place.namespace, place.name);
  if (present !== undefined && wanted(present)) return present;
  for (let batch = await watcher.next(); batch !== undefined; batch = await watcher.next()) {
    for (const { object } of batch.events) if (object?.name === place.name && wanted(object)) return object;
  }
  return assert.fail("the store was closed");
}

const configMap = { namespace: "old", name: "kube-root-ca.crt" };
const account = { namespace: "old", name: "default" };
const caOf = (object: StoredObject) => (object.tree()["data"] as Record<string, string>)["ca.crt"];

test("Namespaces that were there before are completed at a start, and only once", async () => {
  const bench = await controllerBench();
  await bench.client("someone").create(namespaceKind, "", tree({ metadata: { name: "old" } }));
  await whileCompleting(bench, "A", async () => {
    await eventually(bench, configMapKind, configMap);
    await eventually(bench, serviceAccountKind, account);
  });
  const before = await bench.store.currentRevision();
  await whileCompleting(bench, "A", async () => {
    await bench.client("someone").delete(serviceAccountKind, account, deleteOptions(undefined));
    await eventually(bench, serviceAccountKind, account);
  });
  assert.equal(await bench.store.currentRevision(), before + 2, "nothing else was written");
});

test("Another CA than before is published at a start", async () => {
  const bench = await controllerBench();
  await bench.client("someone").create(namespaceKind, "", tree({ metadata: { name: "old" } }));
  await whileCompleting(bench, "A", async () => void (await eventually(bench, configMapKind, configMap)));
  await whileCompleting(bench, "B", async () => {
    await eventually(bench, configMapKind, configMap, (object) => caOf(object) === "B");
  });
});

test("A namespace of the system that was deleted is made again, and completed", async () => {
  const bench = await controllerBench();
  const place = { namespace: "", name: "kube-node-lease" };
  const account = { namespace: place.name, name: "default" };
  const uidOf = (object: StoredObject | undefined) => object?.metadata()["uid"];
  await whileCompleting(bench, "A", async () => {
    const before = uidOf(await eventually(bench, serviceAccountKind, account));
    const storage = bench.storage(namespaceKind);
    for (const kind of [serviceAccountKind, configMapKind]) {
      const { objects } = await bench.storage(kind).list({ namespace: place.name, limit: 10 });
      for (const object of objects) await bench.storage(kind).delete(object, { author: "test", door: "kubernetes" });
    }
    const found = await storage.get("", place.name);
    assert.ok(found !== undefined);
    await storage.delete(found, { author: "test", door: "kubernetes" });
    await eventually(bench, namespaceKind, place, (object) => uidOf(object) !== uidOf(found));
    await eventually(bench, serviceAccountKind, account, (object) => uidOf(object) !== before);
  });
});

test("A namespace that is going gets nothing, and the next one does", async () => {
  const bench = await controllerBench();
  const client = bench.client("someone");
  for (const name of ["going", "old"]) await client.create(namespaceKind, "", tree({ metadata: { name } }));
  await client.delete(namespaceKind, { namespace: "", name: "going" }, deleteOptions(undefined));
  await whileCompleting(bench, "A", async () => void (await eventually(bench, configMapKind, configMap)));
  const { objects } = await bench.storage(configMapKind).list({ namespace: "going", limit: 10 });
  assert.deepEqual(objects, []);
});
