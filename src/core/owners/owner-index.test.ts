import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createMemoryEngine } from "../../store/memory/memory-engine.ts";
import { toRevision } from "../../store/revision.ts";
import type { Store } from "../../store/store.ts";
import {
  dependentKey,
  dependentsPrefix,
  objectKey,
  ownerHeadKey,
  ownerSegment,
  pendingOwnersPrefix,
} from "../registry-keys.ts";
import { linksInText, linksOf, noLinks } from "./object-links.ts";
import type { ObjectLinks, OwnerReference } from "./object-links.ts";
import { OwnerIndex } from "./owner-index.ts";
import { creationOperations, deleteIndexed, replacementOperations } from "./owner-index-writes.ts";
import type { ObjectIdentity } from "./owner-index-writes.ts";

const identity = (name: string, resource = "secrets"): ObjectIdentity => ({
  group: "",
  resource,
  namespace: "default",
  name,
  uid: `uid-${name}`,
});

const reference = (name: string, fields: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: "v1",
  kind: "Secret",
  name,
  uid: `uid-${name}`,
  blockOwnerDeletion: false,
  ...fields,
});

const owned = (...owners: OwnerReference[]): ObjectLinks => ({ owners, waitsForCollector: false });

const keyOf = ({ resource, namespace, name }: ObjectIdentity) => objectKey(resource, namespace, name);

async function create(store: Store, object: ObjectIdentity, links: ObjectLinks): Promise<void> {
  const value = Buffer.from("x");
  const thens = [{ type: "put" as const, key: keyOf(object), value }, ...creationOperations(object, links)];
  await store.txn({ compares: [], thens });
}

async function replace(store: Store, object: ObjectIdentity, previous: ObjectLinks, next: ObjectLinks): Promise<void> {
  await store.txn({ compares: [], thens: [...replacementOperations(object, previous, next)] });
}

function remove(store: Store, object: ObjectIdentity, links: ObjectLinks) {
  return deleteIndexed(store, object, links, { compares: [], thens: [{ type: "delete", key: keyOf(object) }] });
}

async function keysUnder(store: Store, prefix: string): Promise<string[]> {
  return (await store.range(prefix, { keysOnly: true })).records.map((record) => record.key);
}

test("An object without owners and finalizers adds nothing to its transactions", async () => {
  assert.equal(creationOperations(identity("a"), noLinks).length, 0);
  assert.equal(replacementOperations(identity("a"), noLinks, noLinks).length, 0);
  const store = createMemoryEngine();
  await create(store, identity("a"), noLinks);
  await remove(store, identity("a"), noLinks);
  assert.deepEqual(await keysUnder(store, "/strongroom/"), []);
});

test("Events are no dependents", () => {
  assert.equal(creationOperations(identity("a", "events"), owned(reference("o"))).length, 0);
});

test("A dependent is found by its owner's uid, with what it refers to the owner by", async () => {
  const store = createMemoryEngine();
  const index = new OwnerIndex(store);
  await create(store, identity("a"), owned(reference("o", { blockOwnerDeletion: true }), reference("other")));
  await create(store, identity("b"), owned(reference("o"), reference("o", { kind: "ConfigMap" })));
  const { dependents, next } = await index.dependentsOf("uid-o", undefined, 10);
  assert.equal(next, undefined);
  assert.deepEqual(dependents, [
    { ...identity("a"), references: [reference("o", { blockOwnerDeletion: true })] },
    { ...identity("b"), references: [reference("o"), reference("o", { kind: "ConfigMap" })] },
  ]);
  assert.equal(await index.hasDependents("uid"), false);
});

test("A uid that could not be part of a key is found all the same", async () => {
  const store = createMemoryEngine();
  const index = new OwnerIndex(store);
  for (const uid of ["a/b", "\u0000", "é", "x".repeat(5000), "h.x"]) {
    await create(store, identity("a"), owned(reference("o", { uid })));
    assert.equal((await index.dependentsOf(uid, undefined, 10)).dependents[0]?.references[0]?.uid, uid);
  }
});

test("An object with more than a thousand owners is refused", () => {
  const owners = Array.from({ length: 1001 }, (_, number) => reference(`o${number}`));
  assert.equal(creationOperations(identity("a"), owned(...owners.slice(1))).length, 2000);
  assert.throws(() => creationOperations(identity("a"), owned(...owners)), /at most 1000 different owners/);
});

test("Deleting an object with dependents leaves a pending record in the same revision", async () => {
  const store = createMemoryEngine();
  await create(store, identity("o"), noLinks);
  await create(store, identity("a"), owned(reference("o")));
  const { revision } = await remove(store, identity("o"), noLinks);
  const pending = await new OwnerIndex(store).pendingOwner("uid-o");
  assert.deepEqual(pending, { ...identity("o"), revision });
});

test("A dependent that is added while its owner is deleted is never missed", async () => {
  const store = createMemoryEngine();
  await create(store, identity("o"), noLinks);
  let added = false;
  const get = store.get.bind(store);
  store.get = async (...args) => {
    const record = await get(...args);
    if (!added) await create(store, identity("late"), owned(reference("o")));
    added = true;
    return record;
  };
  const result = await remove(store, identity("o"), noLinks);
  assert.equal(result.succeeded, true);
  assert.notEqual(await new OwnerIndex(store).pendingOwner("uid-o"), undefined);
});

test("A deletion whose own compare fails has no effect", async () => {
  const store = createMemoryEngine();
  await create(store, identity("o"), noLinks);
  await create(store, identity("a"), owned(reference("o")));
  const result = await deleteIndexed(store, identity("o"), noLinks, {
    compares: [{ key: keyOf(identity("o")), target: "mod-revision", relation: "=", value: 999 }],
    thens: [{ type: "delete", key: keyOf(identity("o")) }],
  });
  assert.equal(result.succeeded, false);
  assert.deepEqual(await keysUnder(store, pendingOwnersPrefix), []);
});

test("An object that begins to wait for the collector is pending, and again when it goes", async () => {
  const store = createMemoryEngine();
  const index = new OwnerIndex(store);
  const waiting = linksOf({ deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: ["foregroundDeletion"] });
  await create(store, identity("o"), noLinks);
  await replace(store, identity("o"), noLinks, waiting);
  const first = await index.pendingOwner("uid-o");
  assert.ok(first !== undefined);
  await replace(store, identity("o"), waiting, { ...waiting });
  assert.equal((await index.pendingOwner("uid-o"))?.revision, first.revision);
  await remove(store, identity("o"), waiting);
  assert.equal(await index.settle(first), false, "the record was written again since");
  const second = await index.pendingOwner("uid-o");
  assert.ok(second !== undefined && second.revision > first.revision);
  assert.equal(await index.settle(second), true);
  assert.equal(await index.pendingOwner("uid-o"), undefined);
});

test("Settling an owner keeps its head while something refers to it", async () => {
  const store = createMemoryEngine();
  const index = new OwnerIndex(store);
  const head = ownerHeadKey(ownerSegment("uid-o"));
  await create(store, identity("a"), owned(reference("o")));
  await remove(store, identity("o"), noLinks);
  const pending = await index.pendingOwner("uid-o");
  assert.ok(pending !== undefined && (await index.settle(pending)));
  assert.deepEqual(await keysUnder(store, head), [head]);
  await remove(store, identity("a"), owned(reference("o")));
  await index.forgetUnreferred(ownerSegment("uid-o"));
  assert.deepEqual(await keysUnder(store, "/strongroom/"), []);
});

test("The watcher tells of added, changed and removed references and of pending owners", async () => {
  const store = createMemoryEngine();
  const index = new OwnerIndex(store);
  await using watcher = index.watch(toRevision((await index.currentRevision()) + 1));
  await create(store, identity("a"), owned(reference("o", { blockOwnerDeletion: true })));
  await replace(store, identity("a"), owned(reference("o", { blockOwnerDeletion: true })), owned(reference("o")));
  await remove(store, identity("o"), noLinks);
  await remove(store, identity("a"), owned(reference("o")));
  const seen: string[] = [];
  while (seen.length < 5) {
    const batch = await watcher.next();
    assert.ok(batch !== undefined);
    for (const change of batch.changes) seen.push(change.type);
  }
  const expected = ["reference-added", "reference-removed", "reference-added", "owner-pending", "reference-removed"];
  assert.deepEqual(seen, expected);
});

test("A finalizer counts once the object is being deleted, and text that only looks like links counts not", () => {
  assert.deepEqual(linksInText('{"finalizers":["orphan"]}'), noLinks);
  assert.equal(linksInText('{"deletionTimestamp":"x","finalizers":["orphan"]}').waitsForCollector, true);
  assert.equal(linksInText('{"deletionTimestamp":"x","finalizers":["example.com/x"]}').waitsForCollector, false);
  assert.deepEqual(linksInText(JSON.stringify({ annotations: { a: '"ownerReferences":[1]' } })), noLinks);
  assert.deepEqual(linksInText('{"ownerReferences":[{"kind":"x"},3]}'), noLinks);
});

// Objects a..e change their owners, appear and disappear; the index is at any time what the objects say.
test("The index equals the references of the stored objects after any sequence of writes", async () => {
  const names = ["a", "b", "c", "d", "e"];
  const name = fc.constantFrom(...names);
  const owners = fc
    .array(fc.record({ name, blockOwnerDeletion: fc.boolean() }), { maxLength: 4 })
    .map((list) => owned(...list.map((one) => reference(one.name, { blockOwnerDeletion: one.blockOwnerDeletion }))));
  const step = fc.record({ name, links: fc.option(owners, { nil: undefined }) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const store = createMemoryEngine();
      const objects = new Map<string, ObjectLinks>();
      for (const { name: changed, links } of steps) {
        const previous = objects.get(changed);
        if (links === undefined) {
          if (previous !== undefined) await remove(store, identity(changed), previous);
          objects.delete(changed);
        } else {
          if (previous === undefined) await create(store, identity(changed), links);
          else await replace(store, identity(changed), previous, links);
          objects.set(changed, links);
        }
      }
      const expected = [...objects].flatMap(([dependent, links]) =>
        [...new Set(links.owners.map((owner) => owner.uid))].map((uid) =>
          dependentKey(ownerSegment(uid), identity(dependent)),
        ),
      );
      assert.deepEqual(await keysUnder(store, dependentsPrefix), expected.sort());
    }),
  );
});
