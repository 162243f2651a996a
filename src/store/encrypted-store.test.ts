import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";

import * as fc from "fast-check";

import { KmsV2Transformer } from "../crypto/kms-v2/kms-v2-transformer.ts";
import { LocalKeyManagementService } from "../crypto/kms-v2/key-management-service.ts";
import { RootKey } from "../crypto/root-key/root-key.ts";
import { TransformerChain } from "../crypto/transformer-chain.ts";
import { TransformerSet } from "../crypto/transformer-set.ts";
import type { Transformer } from "../crypto/transformer.ts";
import { isStrongroomError, StrongroomError } from "../errors/strongroom-error.ts";
import { createEncryptedStore, encryptionOverheadBytes } from "./encrypted-store.ts";
import { createMemoryEngine } from "./memory/memory-engine.ts";
import type { Revision } from "./revision.ts";
import { toRevision } from "./revision.ts";
import type { PutValue, Store, StoredRecord, WatchBatch } from "./store.ts";

async function kms(rootKey = new RootKey(randomBytes(32)), former: readonly RootKey[] = []): Promise<KmsV2Transformer> {
  return await KmsV2Transformer.create("strongroom", new LocalKeyManagementService(rootKey, former));
}

async function open(
  transformer?: Transformer,
  engine: Store = createMemoryEngine(),
): Promise<{ engine: Store; store: Store }> {
  const store = createEncryptedStore(engine, new TransformerSet(transformer ?? (await kms())));
  return { engine, store };
}

async function put(store: Store, key: string, value: PutValue | string): Promise<Revision> {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return (await store.txn({ compares: [], thens: [{ type: "put", key, value: bytes }] })).revision;
}

function text(record: StoredRecord | undefined): string | undefined {
  return record === undefined ? undefined : Buffer.from(record.value).toString();
}

/** Passes on every use of `target`, but for what `replacements` has. */
function override<T extends object>(target: T, replacements: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const from = name in replacements ? replacements : target;
      const value: unknown = Reflect.get(from, name, from);
      return typeof value === "function" ? value.bind(from) : value;
    },
  });
}

/** The memory engine as an engine that learns the revision only after the commit. */
function withoutRevisions(engine: Store): Store {
  return override(engine, {
    bindsRevision: false,
    txn: async (transaction) => {
      const thens = transaction.thens.map((operation) => {
        const value = operation.type === "put" ? operation.value : undefined;
        return operation.type === "put" && typeof value === "function"
          ? { ...operation, value: value(undefined) }
          : operation;
      });
      return await engine.txn({ ...transaction, thens });
    },
  });
}

async function refusesAsCorrupt(action: () => Promise<unknown>, key: string): Promise<void> {
  await assert.rejects(action, (error) => {
    assert.ok(isStrongroomError(error, "corrupt"), String(error));
    assert.ok(error.message.endsWith(`(record ${key})`), error.message);
    return true;
  });
}

for (const [name, wrap] of [
  ["an engine that binds revisions", (engine: Store): Store => engine],
  ["an engine that does not bind revisions", withoutRevisions],
] as const) {
  test(`EncryptedStore on ${name} gives back through get, getMany, range and txn what was put`, async () => {
    const { store } = await open(undefined, wrap(createMemoryEngine()));
    await put(store, "/a/1", "one");
    await put(store, "/a/2", () => Buffer.from("two"));
    await put(store, "/a/3", "");
    assert.equal(text(await store.get("/a/1")), "one");
    assert.equal(await store.get("/a/0"), undefined);
    assert.deepEqual((await store.getMany(["/a/2", "/a/0", "/a/1"])).map(text), ["two", undefined, "one"]);
    assert.deepEqual((await store.range("/a/")).records.map(text), ["one", "two", ""]);
    const { results } = await store.txn({
      compares: [],
      thens: [
        { type: "get", key: "/a/1" },
        { type: "delete", key: "/a/2" },
        { type: "get", key: "/a/0" },
        { type: "put", key: "/a/3", value: Buffer.from("3") },
      ],
    });
    assert.deepEqual(
      results.map(({ record }) => text(record)),
      ["one", "two", undefined, undefined],
    );
    const elses = await store.txn({
      compares: [{ key: "/a/1", target: "version", relation: "=", value: 9 }],
      thens: [],
      elses: [{ type: "get", key: "/a/3" }],
    });
    assert.deepEqual(
      elses.results.map(({ record }) => text(record)),
      ["3"],
    );
    await store.close();
  });

  test(`EncryptedStore on ${name} refuses records whose bytes were swapped`, async () => {
    const { engine, store } = await open(undefined, wrap(createMemoryEngine()));
    const revisions = [await put(store, "/a/1", "one"), await put(store, "/a/2", "two")] as const;
    const raw = await engine.getMany(["/a/1", "/a/2"]);
    assert.ok(raw[0] && raw[1]);
    await engine.rewrite("/a/1", revisions[0], raw[1].value);
    await engine.rewrite("/a/2", revisions[1], raw[0].value);
    await refusesAsCorrupt(async () => await store.get("/a/1"), "/a/1");
    await refusesAsCorrupt(async () => await store.getMany(["/a/2"]), "/a/2");
    await refusesAsCorrupt(async () => await store.range("/a/"), "/a/1");
    await refusesAsCorrupt(
      async () => await store.txn({ compares: [], thens: [{ type: "get", key: "/a/2" }] }),
      "/a/2",
    ).catch((error: unknown) => assert.match(String(error), /the transaction itself is done/));
    await store.close();
  });
}

test("EncryptedStore refuses an old record of the same key that was put back", async () => {
  const { engine, store } = await open();
  const old = await put(store, "/a/1", "old password");
  const current = await put(store, "/a/1", "new password");
  const raw = await engine.get("/a/1", { revision: old });
  assert.ok(raw);
  assert.equal(text(await store.get("/a/1", { revision: old })), "old password");
  assert.equal(await engine.rewrite("/a/1", current, Buffer.from(raw.value)), true);
  await refusesAsCorrupt(async () => await store.get("/a/1"), "/a/1");
  await store.close();
});

test("EncryptedStore refuses a record that was emptied, but not the empty values of keys-only ranges and deletes", async () => {
  const { engine, store } = await open();
  await using watcher = store.watch("/a/");
  const revision = await put(store, "/a/1", "one");
  const keysOnly = await store.range("/a/", { keysOnly: true });
  assert.deepEqual(
    keysOnly.records.map((record) => [record.key, record.value.length]),
    [["/a/1", 0]],
  );
  assert.ok((keysOnly.records[0]?.sizeBytes ?? 0) > 3);
  await watcher.next();
  await engine.rewrite("/a/1", revision, new Uint8Array());
  await refusesAsCorrupt(async () => await store.get("/a/1"), "/a/1");
  await engine.rewrite("/a/1", revision, Buffer.from("one"));
  await refusesAsCorrupt(async () => await store.get("/a/1"), "/a/1");
  await store.close();
});

test("EncryptedStore keeps plaintext from the engine, in values, events and snapshots", async () => {
  const canary = "canary-7d1f0b";
  const { engine, store } = await open();
  await using watcher = engine.watch("/");
  await put(store, "/a/1", canary);
  const seen = [(await engine.get("/a/1"))?.value, (await watcher.next())?.events[0]?.record.value];
  for await (const chunk of engine.snapshot()) seen.push(chunk);
  assert.equal(seen.length >= 3, true);
  for (const bytes of seen) assert.equal(Buffer.from(bytes ?? []).includes(canary), false);
  await store.close();
});

test("EncryptedStore gives all watchers of an event the same decrypted object, with the previous record", async () => {
  let calls = 0;
  const inner = await kms();
  const counting: Transformer = {
    toStorage: (plaintext, context) => inner.toStorage(plaintext, context),
    fromStorage: (stored, context) => {
      calls++;
      return inner.fromStorage(stored, context);
    },
  };
  const { engine, store: writer } = await open(counting);
  // Another one on the same engine: it has written nothing.
  const { store } = await open(counting, engine);
  const watchers = [store.watch("/a/"), store.watch("/a/"), store.watch("/"), store.watch("/b/")];
  const own = writer.watch("/a/");
  await put(writer, "/a/1", "one");
  await put(writer, "/a/1", "two");
  await writer.txn({ compares: [], thens: [{ type: "delete", key: "/a/1" }] });
  calls = 0;
  const ofOwn = await eventsOf(own.next.bind(own), 3);
  assert.equal(calls, 0, "what was written here is not decrypted");
  const seen = await Promise.all(
    watchers.slice(0, 3).map(async (watcher) => await eventsOf(watcher.next.bind(watcher), 3)),
  );
  const [first, second, third] = seen;
  assert.ok(first && second && third);
  for (const index of [0, 1, 2]) {
    assert.equal(first[index], second[index]);
    assert.equal(first[index], third[index]);
  }
  assert.deepEqual(
    first.map(({ type, record, previous }) => [type, text(record), text(previous)]),
    [
      ["put", "one", undefined],
      ["put", "two", "one"],
      ["delete", "", "two"],
    ],
  );
  assert.equal(calls, 4);
  const texts = (events: WatchBatch["events"]) => events.map(({ record, previous }) => [text(record), text(previous)]);
  assert.deepEqual(texts(ofOwn), texts(first));
  for (const watcher of [...watchers, own]) watcher.close();
  await store.close();
});

async function eventsOf(next: () => Promise<WatchBatch | undefined>, count: number): Promise<WatchBatch["events"]> {
  const events: WatchBatch["events"][number][] = [];
  while (events.length < count) events.push(...((await next()) ?? assert.fail("closed")).events);
  return events;
}

test("EncryptedStore replays history to a watcher that starts in the past", async () => {
  const { store } = await open();
  const from = await put(store, "/a/1", "one");
  await put(store, "/a/1", "two");
  await using watcher = store.watch("/a/", { from });
  assert.deepEqual(
    (await eventsOf(watcher.next.bind(watcher), 2)).map(({ record }) => text(record)),
    ["one", "two"],
  );
  watcher.requestProgress();
  assert.deepEqual((await watcher.next())?.events, []);
  await store.close();
});

test("EncryptedStore ends a watch that meets a record that does not open, rather than skip it", async () => {
  const { engine, store } = await open();
  await using watcher = store.watch("/a/");
  await engine.txn({ compares: [], thens: [{ type: "put", key: "/a/1", value: Buffer.from("not encrypted") }] });
  await put(store, "/a/2", "two");
  await refusesAsCorrupt(async () => await watcher.next(), "/a/1");
  assert.equal(await watcher.next(), undefined);
  await store.close();
});

test("EncryptedStore fails a transaction alone when its encryption fails, and writes nothing of it", async () => {
  const inner = await kms();
  const failing: Transformer = {
    toStorage: (plaintext, context) => {
      if (context.key === "/a/sealed") throw new StrongroomError("sealed", "no key may be used for writing");
      return inner.toStorage(plaintext, context);
    },
    fromStorage: (stored, context) => inner.fromStorage(stored, context),
  };
  const { store } = await open(failing);
  const put1 = { type: "put", key: "/a/1", value: Buffer.from("one") } as const;
  const putSealed = { type: "put", key: "/a/sealed", value: Buffer.from("x") } as const;
  const outcomes = await Promise.allSettled([
    store.txn({ compares: [], thens: [put1, putSealed] }),
    put(store, "/a/2", "two"),
  ]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["rejected", "fulfilled"],
  );
  assert.deepEqual((await store.range("/a/")).records.map(text), ["two"]);
  await store.close();
});

test("EncryptedStore says stale for what an older key wrote, until it is rewritten at the same revision", async () => {
  const engine = createMemoryEngine();
  const [oldKey, newKey] = [randomBytes(32), randomBytes(32)];
  const before = await open(await kms(new RootKey(Buffer.from(oldKey))), engine);
  const revision = await put(before.store, "/a/1", "one");
  const chain = new TransformerChain(await kms(new RootKey(newKey), [new RootKey(oldKey)]));
  const { store } = await open(chain, engine);
  const stale = await store.get("/a/1");
  assert.equal(stale?.stale, true);
  assert.equal(await store.rewrite("/a/1", toRevision(revision + 1), stale.value), false);
  assert.equal(await store.rewrite("/a/1", revision, stale.value), true);
  const fresh = await store.get("/a/1");
  assert.deepEqual([fresh?.stale, fresh?.modRevision, fresh?.version, text(fresh)], [false, revision, 1, "one"]);
  await store.close();
});

test("EncryptedStore moves by snapshot and restore to another engine, still bound to its revisions", async () => {
  const transformer = await kms();
  const { store } = await open(transformer);
  await put(store, "/a/1", "one");
  const revision = await put(store, "/a/2", "two");
  const { store: copy } = await open(transformer);
  await copy.restore(store.snapshot());
  assert.deepEqual(
    (await copy.range("/a/")).records.map((record) => [text(record), record.modRevision]),
    [
      ["one", revision - 1],
      ["two", revision],
    ],
  );
  await store.close();
  await copy.close();
});

test("EncryptedStore waits for a key that must be fetched, and passes on that it is unavailable", async () => {
  const inner = await kms();
  let available = true;
  const remote: Transformer = {
    toStorage: (plaintext, context) => inner.toStorage(plaintext, context),
    fromStorage: async (stored, context) => {
      await Promise.resolve();
      if (!available) throw new StrongroomError("unavailable", "the plugin must answer");
      return await inner.fromStorage(stored, context);
    },
  };
  const { store } = await open(remote);
  await using watcher = store.watch("/a/");
  await put(store, "/a/1", "one");
  await put(store, "/a/1", "two");
  assert.equal(text(await store.get("/a/1")), "two");
  assert.deepEqual((await store.range("/a/")).records.map(text), ["two"]);
  assert.deepEqual(
    (await eventsOf(watcher.next.bind(watcher), 2)).map((event) => text(event.previous)),
    [undefined, "one"],
  );
  available = false;
  await assert.rejects(
    async () => await store.get("/a/1"),
    (error) => isStrongroomError(error, "unavailable") && error.message.includes("/a/1"),
  );
  await store.close();
});

test("EncryptedStore lets other work run while it decrypts a long range", async () => {
  const transformer = await kms();
  const { engine, store } = await open(transformer);
  const keys = Array.from({ length: 1200 }, (_, index) => `/a/${String(index).padStart(4, "0")}`);
  await store.txn({ compares: [], thens: keys.map((key) => ({ type: "put", key, value: Buffer.alloc(1024) })) });
  const ready = await engine.range("/a/"); // so that the engine itself needs no turn of the event loop
  const prepared = createEncryptedStore(
    override(engine, { range: () => Promise.resolve(ready) }),
    new TransformerSet(transformer),
  );
  let turns = 0;
  let counting = true;
  const count = (): void => {
    turns++;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  assert.equal((await prepared.range("/a/")).records.length, 1200);
  counting = false;
  assert.ok(turns >= 2, `${turns} turns`);
  await store.close();
});

test("EncryptedStore behaves as a map of the newest values, whatever is put, deleted and rewritten", async () => {
  const keys = fc.constantFrom("/a/1", "/a/2", "/b/1");
  const step = fc.oneof(
    fc.record({ type: fc.constant("put" as const), key: keys, value: fc.uint8Array({ maxLength: 300 }) }),
    fc.record({ type: fc.constant("delete" as const), key: keys, value: fc.constant(new Uint8Array()) }),
    fc.record({ type: fc.constant("rewrite" as const), key: keys, value: fc.uint8Array({ maxLength: 300 }) }),
  );
  const transformer = await kms();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { store } = await open(transformer);
      const model = new Map<string, Uint8Array>();
      for (const { type, key, value } of steps) {
        const current = await store.get(key);
        if (type === "rewrite" && current !== undefined) {
          await store.rewrite(key, current.modRevision, Buffer.from(value));
          model.set(key, value);
        } else if (type === "put") {
          await put(store, key, Buffer.from(value));
          model.set(key, value);
        } else if (type === "delete") {
          await store.txn({ compares: [], thens: [{ type: "delete", key }] });
          model.delete(key);
        }
      }
      const found = (await store.range("/")).records.map(({ key, value }) => [key, Buffer.from(value).toString("hex")]);
      const expected = Array.from(model, ([key, value]) => [key, Buffer.from(value).toString("hex")]).sort();
      assert.deepEqual(found, expected);
      assert.equal(await store.count("/"), model.size);
      await store.close();
    }),
    { numRuns: 40 },
  );
});

test("EncryptedStore promises no more room than the engine has for the largest ciphertexts", async () => {
  const { engine, store } = await open();
  const { transactionBytesMax, transactionOperationsMax } = store.limits;
  assert.equal(transactionOperationsMax, engine.limits.transactionOperationsMax);
  assert.equal(
    transactionBytesMax,
    engine.limits.transactionBytesMax - transactionOperationsMax * encryptionOverheadBytes,
  );
  const largest = Buffer.alloc(8 * 1024 * 1024 - encryptionOverheadBytes);
  await put(store, "/a/1", largest);
  const sizeBytes = (await store.get("/a/1"))?.sizeBytes ?? Infinity;
  assert.ok(sizeBytes - largest.length <= encryptionOverheadBytes, String(sizeBytes));
  await store.close();
});
