import assert from "node:assert/strict";
import { test } from "node:test";
import type { Attributes } from "../../../access/authorizer.ts";
import { controllerBench, tree } from "../../../../test/support/controller-bench.ts";
import type { Kind } from "../kinds/kind.ts";
import { clusterRoleBindingKind } from "../kinds/role-binding.ts";
import { clusterRoleKind } from "../kinds/role.ts";
import type { KindStorage, ObjectWatcher } from "../storage/kind-storage.ts";
import { StoredRbacFacts } from "./stored-rbac-facts.ts";

const writer = { author: "test", door: "kubernetes" } as const;
const asked: Attributes = {
  user: { name: "u", groups: [], uid: undefined, extra: new Map() },
  verb: "get",
  resource: undefined,
  path: "/x",
};
const named = (name: string) => ({ name, uid: name, creationTimestamp: "2026-01-02T03:04:05Z" });
const role = tree({ metadata: named("r"), rules: [{ verbs: ["get"], nonResourceURLs: ["/x"] }] });
const binding = tree({
  metadata: named("b"),
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "r" },
  subjects: [{ kind: "User", name: "u" }],
});

/** Facts over a memory store, whose watches can be made to fail and whose restarts wait for `restart`. */
async function openFacts() {
  const bench = await controllerBench();
  const watchers = new Set<ObjectWatcher & { fail(): void }>();
  const storages = new Map<Kind, KindStorage>();
  const storage = (kind: Kind): KindStorage => {
    const inner = bench.storage(kind);
    const known = storages.get(kind) ?? {
      ...inner,
      watch: (namespace, from) => {
        const failing = failingWatcher(inner.watch(namespace, from));
        watchers.add(failing);
        return failing;
      },
    };
    storages.set(kind, known);
    return known;
  };
  const restarts: (() => void)[] = [];
  const errors: string[] = [];
  const facts = await StoredRbacFacts.open({
    storage,
    timers: {
      after: (_, action) => {
        restarts.push(action);
        return { cancel: () => {} };
      },
    },
    onError: (_, resource) => errors.push(resource),
  });
  const fail = () => {
    for (const watcher of watchers) watcher.fail();
  };
  return { facts, fail, restarts, errors, storage: (kind: Kind) => facts.observed(kind, storage(kind)), bench };
}

function failingWatcher(inner: ObjectWatcher): ObjectWatcher & { fail(): void } {
  let reject: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, refuse) => (reject = refuse));
  failed.catch(() => {}); // a watch that nobody reads any more may fail unseen
  return {
    next: () => Promise.race([inner.next(), failed]),
    requestProgress: () => inner.requestProgress(),
    close: () => inner.close(),
    fail: () => reject(new Error("history is gone")),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

test("A write through an observed storage is in the index when it resolves", async () => {
  const { facts, storage } = await openFacts();
  await using _facts = facts;
  await storage(clusterRoleBindingKind).create(binding, writer);
  const created = await storage(clusterRoleKind).create(role, writer);
  assert.equal(facts.index().decide(asked).type, "allow");
  await storage(clusterRoleKind).delete(created, writer);
  assert.equal(facts.index().decide(asked).type, "no-opinion");
});

test("When a watch fails nothing is decided until what changed meanwhile has been read", async () => {
  const { facts, fail, restarts, errors, storage, bench } = await openFacts();
  await using _facts = facts;
  await storage(clusterRoleBindingKind).create(binding, writer);
  const created = await storage(clusterRoleKind).create(role, writer);
  fail();
  while (errors.length < 4) await new Promise(setImmediate);
  assert.throws(() => facts.index(), { code: "unavailable" });
  // By another replica, as it were: this one hears of it only by reading.
  await bench.storage(clusterRoleKind).delete(created, writer);
  const later = storage(clusterRoleBindingKind).create(
    tree({ ...binding, metadata: named("c"), subjects: [{ kind: "User", name: "other" }] }),
    writer,
  );
  while (restarts.length < 4) await new Promise(setImmediate);
  for (const restart of restarts) restart();
  await later;
  const current = () => {
    try {
      return facts.index();
    } catch {
      return undefined;
    }
  };
  while (current() === undefined) await new Promise(setImmediate);
  assert.equal(facts.index().decide(asked).reason, 'RBAC: clusterrole.rbac.authorization.k8s.io "r" not found');
});
