/** @kubernetes/client-node, unmodified: typed APIs, objects of any kind, lists in pages, watches, informers. */
import assert from "node:assert/strict";
import { EventEmitter, on } from "node:events";
import { after, test } from "node:test";
import {
  ApiException,
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  VersionApi,
  Watch,
  makeInformer,
  setHeaderOptions,
} from "@kubernetes/client-node";
import type { Informer, ObjectCache, V1Secret } from "@kubernetes/client-node";
import { create, createNamespace, secret, secretsIn, sendPatch } from "../../support/api-objects.ts";
import { compacted } from "../../support/compacted-server.ts";
import { startTestServer } from "../../running-server.ts";
import { startLastingAddress } from "../lasting-address.ts";

let server = await startTestServer();
const address = await startLastingAddress(server);
after(async () => {
  await address[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const config = new KubeConfig();
config.loadFromFile(address.kubeconfig);
const core = config.makeApiClient(CoreV1Api);
const objects = KubernetesObjectApi.makeApiClient(config);

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** A failure as the client tells it: status and the Status in the body. */
async function failureOf(call: Promise<unknown>): Promise<{ code: number; reason: string }> {
  const error = await call.then(
    () => assert.fail("the call must fail"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ApiException, String(error));
  const body: unknown = typeof error.body === "string" ? JSON.parse(error.body) : error.body;
  return { code: error.code, reason: (body as { reason: string }).reason }; // a Status
}

test("The typed API creates, reads, replaces, patches and deletes a secret", async () => {
  const made = await core.createNamespacedSecret({
    namespace: "default",
    body: { metadata: { name: "typed" }, stringData: { user: "ann" } },
  });
  assert.equal(made.type, "Opaque");
  assert.deepEqual(made.data, { user: base64("ann") });
  assert.ok(made.metadata?.creationTimestamp instanceof Date);
  const read = await core.readNamespacedSecret({ namespace: "default", name: "typed" });
  assert.deepEqual(read, made);
  const replaced = await core.replaceNamespacedSecret({
    namespace: "default",
    name: "typed",
    body: { ...read, data: { user: base64("bob") } },
  });
  assert.deepEqual(replaced.data, { user: base64("bob") });
  const stale = core.replaceNamespacedSecret({ namespace: "default", name: "typed", body: read });
  assert.deepEqual(await failureOf(stale), { code: 409, reason: "Conflict" });
  for (const [strategy, body] of [
    [PatchStrategy.MergePatch, { stringData: { a: "1" } }],
    [PatchStrategy.StrategicMergePatch, { stringData: { b: "2" } }],
    [PatchStrategy.JsonPatch, [{ op: "remove", path: "/data/user" }]],
  ] as const) {
    const options = setHeaderOptions("Content-Type", strategy);
    await core.patchNamespacedSecret({ namespace: "default", name: "typed", body }, options);
  }
  const patched = await core.readNamespacedSecret({ namespace: "default", name: "typed" });
  assert.deepEqual(patched.data, { a: base64("1"), b: base64("2") });
  const status = await core.deleteNamespacedSecret({ namespace: "default", name: "typed" });
  assert.equal(status.status, "Success");
  const gone = core.readNamespacedSecret({ namespace: "default", name: "typed" });
  assert.deepEqual(await failureOf(gone), { code: 404, reason: "NotFound" });
});

test("The object API finds the path of a kind by discovery, and does the same", async () => {
  const header = { apiVersion: "v1", kind: "Secret", metadata: { name: "any", namespace: "default" } };
  const made = await objects.create<V1Secret>({ ...header, stringData: { a: "1" } });
  assert.deepEqual(made.data, { a: base64("1") });
  const patch = { ...header, stringData: { b: "2" } };
  await objects.patch(patch, undefined, undefined, undefined, undefined, PatchStrategy.MergePatch);
  const read = await objects.read<V1Secret>(header);
  assert.deepEqual(read.data, { a: base64("1"), b: base64("2") });
  await objects.replace<V1Secret>({ ...read, data: {} });
  const list = await objects.list<V1Secret>("v1", "Secret", "default", undefined, undefined, undefined, "type=Opaque");
  assert.ok(list.items.some((item) => item.metadata?.name === "any"));
  await objects.delete(header);
  assert.deepEqual(await failureOf(objects.read(header)), { code: 404, reason: "NotFound" });
  const unknown = { ...header, kind: "Strange" };
  await assert.rejects(objects.read(unknown), /Unrecognized API version and kind: v1 Strange/);
});

test("A list in pages is the whole list, each page of one snapshot", async () => {
  await createNamespace(server, "pages");
  for (const name of ["a", "b", "c", "d", "e"]) await create(server, secretsIn("pages"), secret(name));
  const names: (string | undefined)[] = [];
  const versions = new Set<string | undefined>();
  let next: string | undefined;
  do {
    const page = await core.listNamespacedSecret({ namespace: "pages", limit: 2, ...(next && { _continue: next }) });
    names.push(...page.items.map((item) => item.metadata?.name));
    versions.add(page.metadata?.resourceVersion);
    next = page.metadata?._continue;
  } while (next);
  assert.deepEqual(names, ["a", "b", "c", "d", "e"]);
  assert.equal(versions.size, 1);
});

test("Namespaces and the version are read with their types", async () => {
  const { items } = await core.listNamespace();
  assert.ok(items.some((item) => item.metadata?.name === "kube-system" && item.status?.phase === "Active"));
  assert.equal((await config.makeApiClient(VersionApi).getCode()).major, "1");
});

test("Watch calls back for each event, and for the end that timeoutSeconds sets", async () => {
  await createNamespace(server, "timed");
  await create(server, secretsIn("timed"), secret("a"));
  const seen: string[] = [];
  const done = Promise.withResolvers<unknown>();
  await new Watch(config).watch(
    `/api/v1/namespaces/timed/secrets`,
    { timeoutSeconds: 1, allowWatchBookmarks: true },
    (type: string, object: V1Secret) => seen.push(`${type} ${object.metadata?.name ?? ""}`),
    done.resolve,
  );
  assert.equal(await done.promise, null);
  assert.equal(seen[0], "ADDED a");
  assert.equal(seen.at(-1), "BOOKMARK ");
});

/** What an informer tells, one line after the other. */
function linesOf(informer: Informer<V1Secret>) {
  const lines = new EventEmitter();
  for (const verb of ["add", "update", "delete"] as const) {
    informer.on(verb, (object) => lines.emit("line", `${verb} ${object.metadata?.name}`));
  }
  // A connection that breaks is the user's to begin again, says the client's documentation; so is the one that stop() breaks.
  const restart = () => void informer.start();
  informer.on("error", restart);
  const iterator = on(lines, "line");
  const stop = async () => {
    informer.off("error", restart);
    await informer.stop();
  };
  return { next: async () => String((await iterator.next()).value), stop };
}

test("An informer follows through a restart, a broken connection, and the loss of history", async () => {
  await createNamespace(server, "informed");
  const path = secretsIn("informed");
  await create(server, path, secret("a"));
  const list = () => core.listNamespacedSecret({ namespace: "informed" });
  const informer: Informer<V1Secret> & ObjectCache<V1Secret> = makeInformer(config, path, list);
  const lines = linesOf(informer);
  await informer.start();
  try {
    assert.equal(await lines.next(), "add a");
    await create(server, path, secret("b"));
    assert.equal(await lines.next(), "add b");

    server = await server.restart();
    await create(server, path, secret("c"));
    address.leadTo(server);
    assert.equal(await lines.next(), "add c", "what was made between two watches is not missed");

    address.cut();
    await sendPatch(server, "merge", `${path}/a`, { stringData: { k: "v" } });
    assert.equal(await lines.next(), "update a");

    await server.call("DELETE", `${path}/a`);
    assert.equal(await lines.next(), "delete a");
    server = await compacted(server);
    await server.call("DELETE", `${path}/b`);
    server = await compacted(server);
    address.leadTo(server);
    assert.equal(await lines.next(), "delete b", "after a 410 it lists again and finds what is gone");
    await create(server, path, secret("d"));
    assert.equal(await lines.next(), "add d");
    assert.deepEqual(
      informer
        .list()
        .map((object) => object.metadata?.name)
        .toSorted(),
      ["c", "d"],
    );
  } finally {
    await lines.stop();
  }
});
