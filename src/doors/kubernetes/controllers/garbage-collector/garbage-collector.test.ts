import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { controllerBench, deleteOptions, ownerKinds, tree } from "../../../../../test/support/controller-bench.ts";
import type { ControllerBench } from "../../../../../test/support/controller-bench.ts";
import { StrongroomError } from "../../../../errors/strongroom-error.ts";
import { systemClock } from "../../../../store/clock.ts";
import { createMemoryEngine } from "../../../../store/memory/memory-engine.ts";
import type { Store } from "../../../../store/store.ts";
import { linksOf } from "../../../../core/owners/object-links.ts";
import type { OwnerIndex } from "../../../../core/owners/owner-index.ts";
import { ApiError } from "../../api-error.ts";
import type { JsonObject } from "../../codec/json.ts";
import type { Kind } from "../../kinds/kind.ts";
import { secretKind } from "../../kinds/secret.ts";
import { ownMetadata } from "../../kinds/system-fields.ts";
import { apiVersionOf } from "../../response/encode-object.ts";
import { stringField } from "../../validation/object-fields.ts";
import { GarbageCollector } from "./garbage-collector.ts";
import { storedOwnerFacts } from "./stored-owner-facts.ts";

interface RunningCollector extends AsyncDisposable {
  readonly collector: GarbageCollector;
  readonly failures: unknown[];
}

function startCollector({ index, kinds, storage, client }: ControllerBench): RunningCollector {
  const failures: unknown[] = [];
  const collector = new GarbageCollector({
    index,
    owners: storedOwnerFacts(kinds, storage),
    kinds,
    storage,
    client: client("collector"),
    timers: systemClock,
    onError: (error) => failures.push(error),
  });
  const running = collector.run();
  return {
    collector,
    failures,
    async [Symbol.asyncDispose]() {
      collector.stop();
      await running;
    },
  };
}

/** A graph of objects 0, 1, ...: who owns whom, with references that lead nowhere too. */
interface Edge {
  readonly dependent: number;
  /** -1: an owner that never was. */
  readonly owner: number;
  readonly blocking: boolean;
}

interface Graph {
  readonly size: number;
  readonly edges: readonly Edge[];
}

const sizeMax = 7;
const graphs: fc.Arbitrary<Graph> = fc.integer({ min: 1, max: sizeMax }).chain((size) => {
  const node = fc.integer({ min: 0, max: size - 1 });
  const owner = fc.integer({ min: -1, max: size - 1 });
  const edge = fc.record({ dependent: node, owner, blocking: fc.boolean() });
  return fc.record({ size: fc.constant(size), edges: fc.array(edge, { maxLength: size * 2 }) });
});

/** The model: what is left once everything whose owners are all gone has gone. */
class Model {
  readonly alive: Set<number>;
  /** Dependent to owners. */
  readonly owners = new Map<number, Set<number>>();

  constructor({ size, edges }: Graph) {
    this.alive = new Set(Array.from({ length: size }, (_, node) => node));
    for (const node of this.alive) this.owners.set(node, new Set());
    for (const { dependent, owner } of edges) this.owners.get(dependent)?.add(owner);
    this.collect();
  }

  delete(node: number): void {
    this.alive.delete(node);
    this.collect();
  }

  orphan(node: number): void {
    if (!this.alive.delete(node)) return;
    for (const owners of this.owners.values()) owners.delete(node);
    this.collect();
  }

  collect(): void {
    for (let changed = true; changed;) {
      changed = false;
      for (const node of this.alive) {
        const owners = this.owners.get(node) ?? new Set();
        if (owners.size === 0) continue;
        // A reference that leads nowhere goes, too, while another one holds the object.
        const solid = [...owners].filter((owner) => this.alive.has(owner));
        if (solid.length > 0) this.owners.set(node, new Set(solid));
        if (solid.length > 0) continue;
        this.alive.delete(node);
        changed = true;
      }
    }
  }

  /** The names that are left, with the owners they still refer to. */
  survivors(): Map<string, string[]> {
    const names = [...this.alive].map((node): [string, string[]] => [
      nameOf(node),
      [...(this.owners.get(node) ?? [])]
        .filter((owner) => this.alive.has(owner))
        .map(nameOf)
        .toSorted(),
    ]);
    return new Map(names.toSorted(([a], [b]) => a.localeCompare(b)));
  }
}

const nameOf = (node: number) => `n${node}`;
const kindOf = (node: number): Kind => ownerKinds[node % 2] ?? secretKind;
const placeOf = (node: number) => ({ namespace: "default", name: nameOf(node) });

/** Creates the objects, then gives each its owners, so that cycles are possible. */
async function build(bench: ControllerBench, { size, edges }: Graph): Promise<void> {
  const client = bench.client("author");
  const uids = new Map<number, string>([[-1, "00000000-0000-0000-0000-000000000000"]]);
  for (let node = 0; node < size; node++) {
    const created = await client.create(kindOf(node), "default", tree({ metadata: placeOf(node) }));
    uids.set(node, stringField(created.metadata(), "uid"));
  }
  for (let node = 0; node < size; node++) {
    const own = edges.filter(({ dependent }) => dependent === node);
    const unique = new Map(own.map((edge) => [edge.owner, edge]));
    if (unique.size === 0) continue;
    const references = [...unique.values()].map(({ owner, blocking }) => ({
      apiVersion: apiVersionOf(kindOf(Math.max(owner, 0))),
      kind: kindOf(Math.max(owner, 0)).kind,
      name: nameOf(owner),
      uid: uids.get(owner),
      blockOwnerDeletion: blocking,
    }));
    await client.change(kindOf(node), placeOf(node), (previous) => withReferences(previous.tree(), references));
  }
}

function withReferences(object: JsonObject, references: object[]): JsonObject {
  ownMetadata(object)["ownerReferences"] = references.map(tree);
  return object;
}

async function survivors(bench: ControllerBench): Promise<Map<string, string[]>> {
  const names: [string, string[]][] = [];
  for (const kind of ownerKinds) {
    const { objects } = await bench.storage(kind).list({ namespace: "default", limit: 1000 });
    for (const object of objects) {
      const { owners } = linksOf(object.metadata());
      names.push([object.name, owners.map(({ name }) => name).toSorted()]);
    }
  }
  return new Map(names.toSorted(([a], [b]) => a.localeCompare(b)));
}

const dependentsOfOne = 2000;

const policies = ["Background", "Foreground", "Orphan"] as const;
const deletions = fc.array(
  fc.record({ node: fc.integer({ min: 0, max: sizeMax - 1 }), policy: fc.constantFrom(...policies) }),
  { maxLength: 4 },
);

/** Deletes an object; one that has been collected is no failure. */
async function remove(bench: ControllerBench, node: number, policy: (typeof policies)[number]): Promise<void> {
  try {
    await bench.client("author").delete(kindOf(node), placeOf(node), deleteOptions(policy));
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== "NotFound") throw error;
  }
}

/** What the index leaves behind once nothing is left to do. */
async function bookkeeping(store: Store): Promise<string[]> {
  const keys = async (prefix: string) => (await store.range(prefix, { keysOnly: true })).records.map(({ key }) => key);
  return [...(await keys("/strongroom/owned/")), ...(await keys("/strongroom/owners/"))];
}

test("After any deletions in any graph of owners, what is left is what the model says", async () => {
  await fc.assert(
    fc.asyncProperty(graphs, deletions, async (graph, steps) => {
      const bench = await controllerBench();
      await build(bench, graph);
      const model = new Model(graph);
      await using running = startCollector(bench);
      await running.collector.settled();
      assert.deepEqual(await survivors(bench), model.survivors());
      for (const { node, policy } of steps) {
        await remove(bench, node, policy);
        if (policy === "Orphan") model.orphan(node);
        else model.delete(node);
        await running.collector.settled();
        assert.deepEqual(await survivors(bench), model.survivors(), `${policy} ${nameOf(node)}`);
      }
      for (const node of model.alive) await remove(bench, node, "Background");
      await running.collector.settled();
      assert.deepEqual(await bookkeeping(bench.store), []);
    }),
    { numRuns: 60 },
  );
});

test("Deletions at the same time leave what the model says", async () => {
  const cascades = fc.array(fc.record({ node: fc.integer({ min: 0, max: sizeMax - 1 }), foreground: fc.boolean() }), {
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(graphs, cascades, async (graph, steps) => {
      const bench = await controllerBench();
      const model = new Model(graph);
      await using running = startCollector(bench);
      await build(bench, graph).catch(() => undefined); // what refers to nobody may be collected before it is complete
      await running.collector.settled();
      const roots = steps.filter(({ node }) => model.alive.has(node));
      await Promise.all(
        roots.map(({ node, foreground }) => remove(bench, node, foreground ? "Foreground" : "Background")),
      );
      await running.collector.settled();
      for (const { node } of roots) model.delete(node);
      assert.deepEqual([...(await survivors(bench)).keys()], [...model.survivors().keys()]);
    }),
    { numRuns: 40 },
  );
});

/** A store whose writes fail, like those of a process that is no more, after so many. */
function failingAfter(store: Store, writes: number) {
  let fail: () => void = () => {};
  const faulty = { store, writesLeft: writes, failed: new Promise<void>((resolve) => (fail = resolve)) };
  faulty.store = new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => {
        if (name !== "txn" || faulty.writesLeft-- > 0) return Reflect.apply(member, target, args);
        fail();
        return Promise.reject(new StrongroomError("unavailable", "the process must be alive"));
      };
    },
  });
  return faulty;
}

test("A collector that dies after any write leaves to the next one what is left to do", async () => {
  const cascade = fc.record({
    node: fc.integer({ min: 0, max: sizeMax - 1 }),
    policy: fc.constantFrom(...policies),
    writes: fc.integer({ min: 0, max: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(graphs, cascade, async (graph, { node, policy, writes }) => {
      const store = createMemoryEngine();
      const bench = await controllerBench(store);
      await build(bench, graph);
      const model = new Model(graph);
      {
        await using first = startCollector(bench);
        await first.collector.settled();
      }
      await remove(bench, node, policy);
      if (policy === "Orphan") model.orphan(node);
      else model.delete(node);
      const dying = failingAfter(store, writes);
      {
        await using second = startCollector(await controllerBench(dying.store));
        await Promise.race([dying.failed, second.collector.settled()]);
      }
      await using third = startCollector(await controllerBench(store));
      await third.collector.settled();
      assert.deepEqual(await survivors(bench), model.survivors());
    }),
    { numRuns: 60 },
  );
});

test("A start looks at the changes since the last one only, and at the whole index when history is gone", async () => {
  const bench = await controllerBench();
  const ghost = { size: 2, edges: [{ dependent: 1, owner: 0, blocking: false }] };
  await build(bench, ghost);
  {
    await using first = startCollector(bench);
    await first.collector.settled();
  }
  assert.equal((await bench.store.range("/strongroom/garbage-collector/")).records.length, 1);
  // While no collector runs, an owner goes; and history is compacted beyond the cursor.
  const owner = placeOf(0);
  await bench.client("author").delete(kindOf(0), owner, deleteOptions("Background"));
  await bench
    .client("author")
    .create(kindOf(0), "default", tree({ metadata: { name: "later", namespace: "default" } }));
  await bench.store.compact(await bench.store.currentRevision());
  await using second = startCollector(bench);
  await second.collector.settled();
  assert.deepEqual([...(await survivors(bench)).keys()], ["later"]);
  assert.deepEqual(second.failures, []);
});

test("A collector that knows kinds which the last one did not looks at all references anew", async () => {
  const bench = await controllerBench();
  await build(bench, { size: 2, edges: [{ dependent: 0, owner: 1, blocking: false }] });
  const [owner, dependent] = [placeOf(1), nameOf(0)];
  {
    // To a collector without ConfigMaps, the owner may be there or not.
    await using first = startCollector({ ...bench, kinds: bench.kinds.filter((kind) => kind !== kindOf(1)) });
    await bench.client("author").delete(kindOf(1), owner, deleteOptions("Background"));
    await first.collector.settled();
    assert.deepEqual([...(await survivors(bench)).keys()], [dependent]);
  }
  await using second = startCollector(bench);
  await second.collector.settled();
  assert.deepEqual([...(await survivors(bench)).keys()], []);
});

test("Others run while the collector looks at thousands of dependents that it cannot hurry", async () => {
  const bench = await controllerBench();
  const client = bench.client("author");
  const owner = await client.create(secretKind, "default", tree({ metadata: { name: "owner" } }));
  const ownerReferences = [
    {
      apiVersion: "v1",
      kind: "Secret",
      name: "owner",
      uid: stringField(owner.metadata(), "uid"),
      blockOwnerDeletion: true,
    },
  ];
  for (let number = 0; number < dependentsOfOne; number++) {
    const metadata = { name: `d-${number}`, finalizers: ["example.com/hold"], ownerReferences };
    await client.create(secretKind, "default", tree({ metadata }));
  }
  await client.delete(secretKind, { namespace: "default", name: "owner" }, deleteOptions("Foreground"));
  let turns = 0;
  let others = setImmediate(function turn() {
    turns++;
    others = setImmediate(turn);
  });
  // Once to mark them all, once to see that they are marked: the second resolves within the memory engine.
  for (let starts = 0; starts < 2; starts++) {
    await using running = startCollector(bench);
    turns = 0;
    await running.collector.settled();
    assert.ok(turns > dependentsOfOne / 100, `${turns} turns`);
  }
  clearImmediate(others);
});

test("What cannot be deleted now is tried again", async () => {
  const store = createMemoryEngine();
  const bench = await controllerBench(store);
  await build(bench, { size: 2, edges: [{ dependent: 1, owner: 0, blocking: false }] });
  const down = failingAfter(store, 0);
  await using running = startCollector(await controllerBench(down.store));
  await remove(bench, 0, "Background");
  await down.failed;
  assert.deepEqual([...(await survivors(bench)).keys()], ["n1"]);
  down.writesLeft = Infinity;
  await running.collector.settled();
  assert.deepEqual([...(await survivors(bench)).keys()], []);
  assert.ok(running.failures.length > 0);
});

/** An index whose first page of all dependents is handed out only when `release` is called. */
function withHeldWalk(index: OwnerIndex) {
  const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const held: OwnerIndex = new Proxy(index, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      const call = (...args: unknown[]): unknown => Reflect.apply(member, target, args);
      if (name !== "allDependents") return call;
      return async (...args: unknown[]) => {
        reached.resolve();
        await released.promise;
        return call(...args);
      };
    },
  });
  return { held, reached: reached.promise, release: () => released.resolve() };
}

test("A collector that is stopped in its first walk leaves the walk to the next one", async () => {
  const bench = await controllerBench();
  await build(bench, { size: 1, edges: [{ dependent: 0, owner: -1, blocking: false }] });
  const { held, reached, release } = withHeldWalk(bench.index);
  const first = startCollector({ ...bench, index: held });
  await reached;
  first.collector.stop();
  release();
  await first[Symbol.asyncDispose]();
  await using second = startCollector(bench);
  await second.collector.settled();
  assert.deepEqual([...(await survivors(bench)).keys()], []);
});
