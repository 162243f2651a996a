import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { toRevision } from "../revision.ts";
import type { Operation, Store, StoredRecord } from "../store.ts";
import { Model } from "./model.ts";
import type { ModelEvent, ModelOperation, ModelRecord, ModelTransaction } from "./model.ts";
import { bytes, readTo, text } from "./subject.ts";
import type { Subject } from "./subject.ts";

const keys = ["/a", "/a/b", "/a/c", "/ab", "/b"] as const;
const prefixes = ["", "/a", "/a/", "/b"] as const;

const key = fc.constantFrom(...keys);
const value = fc.string({ maxLength: 5, unit: "grapheme-ascii" });
const operation: fc.Arbitrary<ModelOperation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant("put" as const), key, value }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("delete" as const), key }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("get" as const), key }) },
);
const operations = fc.uniqueArray(operation, { maxLength: 4, selector: (each) => each.key });
const compare = fc.record({
  key,
  target: fc.constantFrom("mod-revision" as const, "create-revision" as const, "version" as const),
  relation: fc.constantFrom("=" as const, "!=" as const, "<" as const, ">" as const),
  value: fc.nat(5),
});
const transaction: fc.Arbitrary<ModelTransaction> = fc.record({
  compares: fc.array(compare, { maxLength: 2 }),
  thens: operations,
  elses: operations,
});

type Step =
  | { readonly type: "txns"; readonly transactions: readonly ModelTransaction[] }
  | { readonly type: "rewrite"; readonly key: string; readonly back: number; readonly value: string }
  | { readonly type: "compact"; readonly back: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant("txns" as const),
      // Several at once share a commit: each must see those before it.
      transactions: fc.array(transaction, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("rewrite" as const), key, back: fc.nat(1), value }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("compact" as const), back: fc.nat(6) }) },
);

/** Random sequences, compared with a plain model. */
export function modelConformance(name: string, subject: Subject): void {
  test(`${name}: every sequence of steps leaves what a plain model leaves, at every revision`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        await using store = await subject.open();
        const model = new Model();
        const live = prefixes.map((prefix) => ({ prefix, watcher: store.watch(prefix, { from: toRevision(1) }) }));
        for (const each of steps) await take(store, model, each);
        await compareReads(store, model);
        // What was delivered before a rewrite has the bytes from before it.
        const isLiveComparable = model.compacted === 0 && steps.every(({ type }) => type !== "rewrite");
        for (const { prefix, watcher } of live) {
          watcher.requestProgress();
          if (isLiveComparable) assert.deepEqual(await eventsOf(watcher, model), sorted(model.events(prefix, 1)));
          watcher.close();
        }
        await compareReplays(store, model);
        await using copy = await subject.open();
        await copy.restore(store.snapshot());
        assert.deepEqual((await copy.range("")).records.map(plain), model.range(""));
        assert.equal(await copy.currentRevision(), model.revision);
      }),
      { numRuns: subject.propertyRuns },
    );
  });
}

async function take(store: Store, model: Model, each: Step): Promise<void> {
  if (each.type === "txns") {
    const results = await Promise.all(each.transactions.map((one) => store.txn(stored(one))));
    for (const [i, one] of each.transactions.entries()) {
      const expected = model.txn(one);
      const actual = results[i]!; // one result per transaction
      assert.deepEqual(
        { succeeded: actual.succeeded, results: actual.results.map(({ record }) => record && plain(record)) },
        expected,
      );
      assert.equal(actual.revision, model.revision);
    }
    return;
  }
  if (each.type === "rewrite") {
    const expected = (model.at().get(each.key)?.modRevision ?? 1) - each.back;
    if (expected < 0) return;
    assert.equal(
      await store.rewrite(each.key, toRevision(expected), bytes(each.value)),
      model.rewrite(each.key, expected, each.value),
    );
    return;
  }
  const revision = model.revision - each.back;
  if (revision <= model.compacted) return;
  await store.compact(toRevision(revision));
  model.compacted = revision;
}

async function compareReads(store: Store, model: Model): Promise<void> {
  assert.equal(await store.currentRevision(), model.revision);
  assert.equal(await store.compactedRevision(), model.compacted);
  for (let revision = Math.max(1, model.compacted); revision <= model.revision; revision++) {
    const options = { revision: toRevision(revision) };
    for (const prefix of prefixes) {
      const expected = model.range(prefix, revision);
      assert.deepEqual((await store.range(prefix, options)).records.map(plain), expected);
      assert.equal(await store.count(prefix, options), expected.length);
      const [first] = expected;
      if (!first) continue;
      const rest = await store.range(prefix, { ...options, after: first.key, limit: 1 });
      assert.deepEqual(rest.records.map(plain), expected.slice(1, 2));
      assert.equal(rest.more, expected.length > 2);
    }
    const many = await store.getMany(keys, options);
    assert.deepEqual(
      many.map((record) => record && plain(record)),
      keys.map((each) => model.at(revision).get(each)),
    );
  }
}

async function compareReplays(store: Store, model: Model): Promise<void> {
  for (let from = model.compacted + 1; from <= model.revision; from++) {
    for (const prefix of prefixes) {
      const watcher = store.watch(prefix, { from: toRevision(from) });
      watcher.requestProgress();
      assert.deepEqual(await eventsOf(watcher, model), sorted(model.events(prefix, from)));
      watcher.close();
    }
  }
}

async function eventsOf(watcher: Parameters<typeof readTo>[0], model: Model): Promise<ModelEvent[]> {
  if (model.revision === 0) return [];
  const batches = await readTo(watcher, toRevision(model.revision));
  const events = batches.flatMap((batch) => batch.events);
  const revisions = events.map(({ record }) => record.modRevision);
  assert.deepEqual(
    revisions,
    [...revisions].sort((a, b) => a - b),
    "events must come in the order of commits",
  );
  return sorted(
    events.map(({ type, record, previous }) => ({
      type,
      key: record.key,
      revision: record.modRevision,
      value: type === "delete" ? undefined : text(record),
      previous: text(previous),
    })),
  );
}

// Within a revision, by key: the order there is the store's own.
function sorted(events: ModelEvent[]): ModelEvent[] {
  return events.sort((a, b) => a.revision - b.revision || (a.key < b.key ? -1 : 1));
}

function stored({ compares, thens, elses }: ModelTransaction): Parameters<Store["txn"]>[0] {
  return { compares, thens: thens.map(storedOperation), elses: elses.map(storedOperation) };
}

function storedOperation(each: ModelOperation): Operation {
  return each.type === "put" ? { ...each, value: bytes(each.value) } : each;
}

function plain(record: StoredRecord): ModelRecord {
  const { createRevision, modRevision, version } = record;
  return { key: record.key, value: text(record) ?? "", createRevision, modRevision, version };
}
