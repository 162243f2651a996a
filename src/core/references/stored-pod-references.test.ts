import assert from "node:assert/strict";
import { test } from "node:test";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { createMemoryEngine } from "../../store/memory/memory-engine.ts";
import type { Store } from "../../store/store.ts";
import { objectKey } from "../registry-keys.ts";
import { nodeReaches } from "./pod-reference-facts.ts";
import { StoredPodReferences } from "./stored-pod-references.ts";

const secret = { kind: "secret", namespace: "ns", name: "s" } as const;

async function putPod(store: Store, name: string, spec: object, annotations: object = {}): Promise<void> {
  const value = Buffer.from(JSON.stringify({ metadata: { name, uid: `uid-${name}`, annotations }, spec }));
  await store.txn({ compares: [], thens: [{ type: "put", key: objectKey("pods", "ns", name), value }] });
}

async function deletePod(store: Store, name: string): Promise<void> {
  await store.txn({ compares: [], thens: [{ type: "delete", key: objectKey("pods", "ns", name) }] });
}

const mounting = (node: string) => ({ nodeName: node, volumes: [{ name: "v", secret: { secretName: "s" } }] });

test("Pods are found by what they refer to and by their node, those from before and those from after the start", async () => {
  await using store = createMemoryEngine();
  await putPod(store, "before", mounting("n1"));
  await using facts = new StoredPodReferences(store);
  await putPod(store, "after", mounting("n2"));
  await facts.upToDate();
  const names = facts.referringPods(secret).map(({ name, uid, node }) => [name, uid, node]);
  assert.deepEqual(names.toSorted(), [
    ["after", "uid-after", "n2"],
    ["before", "uid-before", "n1"],
  ]);
  assert.deepEqual(
    facts.podsOnNode("n1").map(({ name }) => name),
    ["before"],
  );
  assert.deepEqual(facts.referringPods({ ...secret, namespace: "other" }), []);
  assert.deepEqual(facts.referringPods({ ...secret, kind: "configmap" }), []);
});

test("A pod that changes, moves or goes takes its references with it", async () => {
  await using store = createMemoryEngine();
  await using facts = new StoredPodReferences(store);
  await putPod(store, "p", mounting(""));
  assert.equal(await nodeReaches(facts, "n1", secret), false, "a pod that is on no node gives nothing to any");
  assert.equal(await nodeReaches(facts, "", secret), false);
  await putPod(store, "p", mounting("n1"));
  assert.equal(await nodeReaches(facts, "n1", secret), true, "as soon as it is bound");
  assert.equal(await nodeReaches(facts, "n2", secret), false);
  await putPod(store, "p", { nodeName: "n1" });
  assert.equal(await nodeReachesNow(facts, "n1"), false);
  await putPod(store, "p", mounting("n1"));
  await deletePod(store, "p");
  assert.equal(await nodeReachesNow(facts, "n1"), false);
  assert.deepEqual(facts.podsOnNode("n1"), []);
});

/** Also a "yes" with up-to-date facts. */
async function nodeReachesNow(facts: StoredPodReferences, node: string): Promise<boolean> {
  await facts.upToDate();
  return nodeReaches(facts, node, secret);
}

test("A pod that stands for one of the node's own gives the node nothing", async () => {
  await using store = createMemoryEngine();
  await using facts = new StoredPodReferences(store);
  await putPod(store, "mirror", mounting("n1"), { "kubernetes.io/config.mirror": "x" });
  assert.equal(await nodeReaches(facts, "n1", secret), false);
  assert.equal(facts.referringPods(secret).length, 1, "it refers all the same");
});

test("Before all pods are read, and after the end, nothing is said", async () => {
  await using store = createMemoryEngine();
  const facts = new StoredPodReferences(store);
  assert.throws(() => facts.referringPods(secret), { code: "unavailable" });
  await facts.upToDate();
  assert.deepEqual(facts.referringPods(secret), []);
  await facts[Symbol.asyncDispose]();
  assert.throws(() => facts.podsOnNode("n1"), { code: "unavailable" });
  await assert.rejects(facts.upToDate(), { code: "unavailable" });
});

test("When the store goes, the facts do", async () => {
  const store = createMemoryEngine();
  await using facts = new StoredPodReferences(store);
  await facts.upToDate();
  await store.close();
  await assert.rejects(nodeReaches(facts, "n1", secret), { code: "unavailable" });
});

test("A failure to read is got over, and meanwhile nothing is said", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  await using engine = createMemoryEngine();
  await putPod(engine, "p", mounting("n1"));
  let failures = 1;
  const store: Store = Object.create(engine, {
    range: {
      value: (...args: Parameters<Store["range"]>) =>
        failures-- > 0 ? Promise.reject(new StrongroomError("unavailable", "later")) : engine.range(...args),
    },
    currentRevision: { value: () => engine.currentRevision() },
    watch: { value: (...args: Parameters<Store["watch"]>) => engine.watch(...args) },
  });
  await using facts = new StoredPodReferences(store);
  await assert.rejects(facts.upToDate(), { code: "unavailable" });
  assert.throws(() => facts.referringPods(secret), { code: "unavailable" });
  context.mock.timers.tick(1000);
  await facts.upToDate();
  assert.equal(facts.referringPods(secret).length, 1);
});

test("More pods than one page are all read", async () => {
  await using store = createMemoryEngine();
  for (let index = 0; index < 1001; index++) await putPod(store, `p${index}`, mounting(`n${index % 7}`));
  await using facts = new StoredPodReferences(store);
  await facts.upToDate();
  assert.equal(facts.referringPods(secret).length, 1001);
  assert.equal(facts.podsOnNode("n0").length, 143);
});
