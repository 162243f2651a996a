/** Objects as large as a body may be: they must not keep others waiting, and must stay usable once they are stored. */
import assert from "node:assert/strict";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { after, test } from "node:test";
import { create, sendPatch } from "../support/api-objects.ts";
import { startTestServer } from "../running-server.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

const namespacePath = "/api/v1/namespaces/default";
const partialList = { Accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" };

for (const [resource, kind] of [
  ["configmaps", "ConfigMap"],
  ["secrets", "Secret"],
] as const) {
  test(`What is stored with more values than a body may have can be read, listed and deleted: ${resource}`, async () => {
    // Each finalizer is one value of the body, and one more of managedFields.
    const finalizers = Array.from({ length: 101_000 }, (_, index) => `x.y/${index.toString(36)}`);
    const path = `${namespacePath}/${resource}`;
    await create(server, path, { apiVersion: "v1", kind, metadata: { name: "large", finalizers } });
    assert.equal((await server.call("GET", `${path}/large`)).status, 200);
    assert.equal((await server.call("GET", path, { headers: partialList })).status, 200);
    assert.equal((await server.call("DELETE", `${path}/large`)).status, 200);
    const released = await sendPatch(server, "merge", `${path}/large`, { metadata: { finalizers: null } });
    assert.equal(released.status, 200);
    assert.equal((await server.call("GET", `${path}/large`)).status, 404);
  });
}

test("An update of a pod with tens of thousands of tolerations keeps nobody waiting for long", async () => {
  const tolerations = Array.from({ length: 30_000 }, (_, index) => ({ key: `k${index}`, operator: "Exists" }));
  const spec = { containers: [{ name: "c", image: "nginx" }], tolerations };
  await create(server, `${namespacePath}/pods`, { apiVersion: "v1", kind: "Pod", metadata: { name: "large" }, spec });
  using delay = watchEventLoop();
  const patch = { spec: { tolerations: [...tolerations, { key: "one-more", operator: "Exists" }] } };
  assert.equal((await sendPatch(server, "merge", `${namespacePath}/pods/large`, patch)).status, 200);
  assert.ok(delay.longestMs() < 10_000, `the event loop stood still for ${delay.longestMs()} ms`);
});

function watchEventLoop() {
  const histogram = monitorEventLoopDelay();
  histogram.enable();
  return { longestMs: () => histogram.max / 1e6, [Symbol.dispose]: () => void histogram.disable() };
}
