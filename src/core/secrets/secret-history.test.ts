import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import * as fc from "fast-check";
import { createMemoryEngine } from "../../store/memory/memory-engine.ts";
import type { Store } from "../../store/store.ts";
import { storedNamespaceFacts } from "../namespaces/stored-namespace-facts.ts";
import { objectKey, payloadPrefix, promotionPrefix, trashKey } from "../registry-keys.ts";
import type { Secret, SecretState } from "./canonical-secret.ts";
import { SecretHistory } from "./secret-history.ts";
import { sweepSecrets } from "./secret-sweeper.ts";
import { SecretTrash, purgeDeleted } from "./secret-trash.ts";
import type { DeletedSecret } from "./secret-trash.ts";
import { Secrets } from "./secrets.ts";
import { defaultVersionLimits } from "./version-retention.ts";
import type { VersionLimits } from "./version-retention.ts";

const writer = { author: "ann", door: "kubernetes" };
const place = { namespace: "default", name: "a" };

class Bench {
  readonly store: Store = createMemoryEngine();
  readonly history = new SecretHistory(this.store);
  readonly secrets: Secrets;
  readonly trash: SecretTrash;
  nowMs = Date.parse("2026-01-02T03:04:05.678Z");
  cutShort = 0;

  constructor(limits: Partial<VersionLimits> = {}) {
    const namespaces = storedNamespaceFacts(this.store);
    this.secrets = new Secrets({
      store: this.store,
      namespaces,
      limits: { ...defaultVersionLimits, ...limits },
      now: () => new Date(this.nowMs),
      randomBytes,
      onCutShort: (_secret, versions) => (this.cutShort += versions),
    });
    this.trash = new SecretTrash({ store: this.store, namespaces, freed: async () => {} });
  }

  static async open(limits?: Partial<VersionLimits>): Promise<Bench> {
    const bench = new Bench(limits);
    const value = Buffer.from(JSON.stringify({ metadata: { name: "default", uid: "ns-1" } }));
    const key = objectKey("namespaces", "", "default");
    await bench.store.txn({ compares: [], thens: [{ type: "put", key, value }] });
    return bench;
  }

  async current(): Promise<Secret> {
    return (await this.secrets.get("default", "a")) ?? assert.fail("the secret must be there");
  }

  async write(value: string): Promise<Secret> {
    return this.secrets.replace(await this.current(), state(value), writer);
  }

  async rollback(number: number): Promise<Secret> {
    const current = await this.current();
    const version = (await this.history.read(current.book, number)) ?? assert.fail(`version ${number} must be kept`);
    const next = { ...state(""), payload: version.payload };
    return this.secrets.replace(current, next, writer, version);
  }

  async numbers(): Promise<number[]> {
    const page = await this.history.list({ ...place, after: undefined, limit: 1000, revision: undefined });
    return page.versions.map(({ promotion }) => promotion.number);
  }

  async keysUnder(prefix: string): Promise<string[]> {
    return (await this.store.range(prefix, { keysOnly: true })).records.map(({ key }) => key);
  }

  async deleted(uid: string): Promise<DeletedSecret> {
    return (await this.trash.get("default", uid)) ?? assert.fail("the secret must be in the trash");
  }
}

function state(value: string, uid = "uid-1"): SecretState {
  return {
    ...place,
    uid,
    type: "Opaque",
    metadata: '{"name":"a"}',
    rest: '{"type":"Opaque"}',
    payload: { form: "map", bytes: payloadOf(value) },
  };
}

function payloadOf(value: string): Buffer {
  return Buffer.from(JSON.stringify({ k: Buffer.from(value).toString("base64") }));
}

interface ModelVersion {
  readonly number: number;
  readonly value: string;
  readonly again: number | undefined;
  readonly timeMs: number;
  /** Which write brought the payload. */
  readonly payload: number;
}

/** What the limits leave of versions, the oldest first. */
function kept(versions: readonly ModelVersion[], limits: VersionLimits, nowMs: number): ModelVersion[] {
  const left = [...versions];
  for (;;) {
    const [oldest] = left;
    const payloads = new Map(left.map(({ payload, value }) => [payload, payloadOf(value).length]));
    const bytes = [...payloads.values()].reduce((sum, length) => sum + length, 0) + left.length * 1024;
    const isYoung = oldest !== undefined && nowMs - oldest.timeMs < limits.keptMsMin;
    const isOver = (left.length > limits.promotionsMax && !isYoung) || bytes > limits.secretBytesMax;
    if (left.length <= 1 || !isOver) return left;
    left.shift();
  }
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ type: fc.constant("write" as const), value: fc.constantFrom("1", "22", "x".repeat(600)) }),
    },
    { weight: 3, arbitrary: fc.record({ type: fc.constant("rollback" as const), back: fc.nat({ max: 9 }) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("wait" as const), ms: fc.constantFrom(1, 400, 2000) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("delete and restore" as const) }) },
  ),
  { maxLength: 40 },
);

test("The history is what a plain model keeps, whatever was written, rolled back, deleted and restored", async () => {
  const limits = { ...defaultVersionLimits, promotionsMax: 4, keptMsMin: 1000, secretBytesMax: 8 * 1024 };
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const bench = await Bench.open(limits);
      await bench.secrets.create(state("first"), writer);
      let model: ModelVersion[] = [{ number: 1, value: "first", again: undefined, timeMs: bench.nowMs, payload: 1 }];
      let uids = 1;
      const add = (version: Pick<ModelVersion, "value" | "again" | "payload">, prunes = true) => {
        const number = (model.at(-1)?.number ?? 0) + 1;
        const next = [...model, { ...version, number, timeMs: bench.nowMs }];
        model = prunes ? kept(next, limits, bench.nowMs) : next;
      };
      for (const step of all) {
        const last = model.at(-1);
        assert.ok(last !== undefined);
        if (step.type === "wait") bench.nowMs += step.ms;
        else if (step.type === "write") {
          await bench.write(step.value);
          if (step.value !== last.value) add({ value: step.value, again: undefined, payload: last.number + 1 });
        } else if (step.type === "rollback") {
          const to = model[step.back % model.length];
          assert.ok(to !== undefined);
          await bench.rollback(to.number);
          if (to.value !== last.value) add({ value: to.value, again: to.number, payload: to.payload });
        } else {
          await bench.secrets.delete(await bench.current(), writer);
          const uid = `uid-${++uids}`;
          await bench.secrets.restore(await bench.deleted("uid-1"), state(last.value, uid), writer);
          add({ value: last.value, again: last.number, payload: last.payload }, false);
        }
      }
      const current = await bench.current();
      const { versions } = await bench.history.list({ ...place, after: undefined, limit: 1000, revision: undefined });
      assert.deepEqual(
        versions.map(({ promotion, isCurrent }) => ({ number: promotion.number, again: promotion.again, isCurrent })),
        model.map(({ number, again }) => ({ number, again, isCurrent: number === model.at(-1)?.number })),
      );
      for (const { number, value } of model) {
        const version = await bench.history.read(current.book, number);
        assert.equal(version?.payload.bytes.toString(), payloadOf(value).toString());
      }
      const payloads = new Map(model.map(({ payload, value }) => [payload, payloadOf(value).length]));
      assert.equal((await bench.keysUnder(payloadPrefix(current.book))).length, payloads.size, "nothing is left over");
      assert.equal(
        current.book.versionsBytes,
        [...payloads.values()].reduce((sum, bytes) => sum + bytes, 0),
      );
    }),
    { numRuns: 60 },
  );
});

test("Versions of the last 24 hours stay beyond the 100, and go with the first write after that", async () => {
  const bench = await Bench.open();
  await bench.secrets.create(state("0"), writer);
  for (let n = 1; n < 150; n++) await bench.write(String(n));
  assert.equal((await bench.numbers()).length, 150);
  bench.nowMs += 24 * 60 * 60 * 1000;
  await bench.write("then");
  const after = await bench.numbers();
  assert.deepEqual([after.length, after[0]], [151 - 48, 49], "a write removes 48 at most");
  await bench.write("and then");
  assert.deepEqual([(await bench.numbers()).length, bench.cutShort], [100, 0]);
});

test("Over its bytes a secret loses the oldest versions however young they are, and that is told", async () => {
  const bench = await Bench.open({ secretBytesMax: 10 * 1024 });
  await bench.secrets.create(state("0"), writer);
  for (let n = 1; n < 12; n++) await bench.write(String(n));
  const numbers = await bench.numbers();
  assert.equal(numbers.at(-1), 12);
  assert.ok(numbers.length < 12);
  assert.equal(bench.cutShort, 12 - numbers.length);
});

test("A purge that was cut off anywhere is nothing that could be restored, and the sweep ends it", async () => {
  for (let fails = 1; fails <= 4; fails++) {
    const bench = await Bench.open();
    await bench.secrets.create(state("0"), writer);
    await bench.write("1");
    await bench.secrets.delete(await bench.current(), writer);
    const deleted = await bench.deleted("uid-1");
    let txns = 0;
    const cut: Store = new Proxy(bench.store, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (name === "txn" && ++txns >= fails) return () => Promise.reject(new Error("cut off"));
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    await assert.rejects(purgeDeleted(cut, deleted.book, deleted.revision), /cut off/);
    const isThere = (await bench.trash.get("default", "uid-1")) !== undefined;
    assert.equal(isThere, fails === 1, "as it was, or gone for everybody");
    if (isThere) continue;
    await assert.rejects(bench.secrets.restore(deleted, state("1", "uid-2"), writer), { code: "conflict" });
    const swept = await sweepSecrets({ store: bench.store, now: new Date(bench.nowMs), trashRetentionMs: 1e12 });
    assert.equal(swept.purged, 1);
    assert.deepEqual(await bench.keysUnder("/strongroom/"), []);
  }
});

test("What was restored before the sweep came to it stays, with all its versions", async () => {
  const bench = await Bench.open();
  await bench.secrets.create(state("0"), writer);
  await bench.secrets.delete(await bench.current(), writer);
  const deleted = await bench.deleted("uid-1");
  await bench.secrets.restore(deleted, state("0", "uid-2"), writer);
  assert.equal(await purgeDeleted(bench.store, deleted.book, deleted.revision), undefined);
  assert.deepEqual(await bench.numbers(), [1, 2]);
  assert.deepEqual(await bench.keysUnder(trashKey(deleted.book)), []);
  assert.equal((await bench.keysUnder(promotionPrefix(deleted.book))).length, 2);
  await bench.secrets.delete(await bench.current(), writer);
  assert.equal((await bench.deleted("uid-1")).book.objectUid, "uid-2");
});

test("A list at a revision is the history as it was then, also of versions that are gone since", async () => {
  const bench = await Bench.open({ promotionsMax: 2, keptMsMin: 0 });
  const created = await bench.secrets.create(state("0"), writer);
  await bench.write("1");
  await bench.write("2");
  const then = await bench.history.list({ ...place, after: undefined, limit: 10, revision: created.revision });
  assert.deepEqual(
    then.versions.map(({ promotion, isCurrent }) => [promotion.number, isCurrent]),
    [[1, true]],
  );
  assert.deepEqual(await bench.numbers(), [2, 3]);
  const [second] = (await bench.history.list({ ...place, after: undefined, limit: 1, revision: undefined })).versions;
  assert.equal(second?.changes, undefined, "what it was before is not known any more");
});
