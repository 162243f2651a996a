import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { createMemoryEngine } from "../../store/memory/memory-engine.ts";
import type { Store } from "../../store/store.ts";
import { NamespaceUnavailableError } from "../namespaces/namespace-facts.ts";
import { storedNamespaceFacts } from "../namespaces/stored-namespace-facts.ts";
import { objectPageBytesMax } from "../object-range.ts";
import { objectKey, payloadPrefix, promotionPrefix, trashPrefix } from "../registry-keys.ts";
import type { SecretState } from "./canonical-secret.ts";
import { sweepSecrets } from "./secret-sweeper.ts";
import { ofUnversioned } from "./secret-watcher.ts";
import { Secrets } from "./secrets.ts";
import type { SecretsOptions } from "./secrets.ts";
import { defaultVersionLimits } from "./version-retention.ts";

const writer = { author: "ann", door: "kubernetes" };
const time = new Date("2026-01-02T03:04:05.678Z");

function secretsOn(store: Store, options: Partial<SecretsOptions> = {}) {
  return new Secrets({
    store,
    namespaces: storedNamespaceFacts(store),
    limits: defaultVersionLimits,
    now: () => time,
    randomBytes,
    ...options,
  });
}

async function putNamespace(store: Store, name: string, uid: string, deletionTimestamp?: string): Promise<void> {
  const value = Buffer.from(JSON.stringify({ metadata: { name, uid, deletionTimestamp } }));
  await store.txn({ compares: [], thens: [{ type: "put", key: objectKey("namespaces", "", name), value }] });
}

function state(name: string, value: string, more: Partial<SecretState> = {}): SecretState {
  return {
    namespace: "default",
    name,
    uid: `uid-of-${name}`,
    type: "Opaque",
    metadata: `{"name":"${name}"}`,
    rest: '{"type":"Opaque"}',
    payload: { form: "map", bytes: Buffer.from(JSON.stringify({ k: value })) },
    ...more,
  };
}

async function keysUnder(store: Store, prefix: string): Promise<string[]> {
  return (await store.range(prefix, { keysOnly: true })).records.map((record) => record.key);
}

async function storeWithNamespace(): Promise<Store> {
  const store = createMemoryEngine();
  await putNamespace(store, "default", "ns-1");
  return store;
}

const identity = { namespaceUid: "ns-1", uid: "uid-of-a" };

test("A create stores the current record, its payload and promotion 1 in one revision", async () => {
  const store = await storeWithNamespace();
  const created = await secretsOn(store).create(state("a", "MQ=="), writer);
  const [payload] = (await store.range(payloadPrefix(identity))).records;
  const [promotion] = (await store.range(promotionPrefix(identity))).records;
  assert.ok(payload !== undefined && promotion !== undefined);
  assert.deepEqual([payload.modRevision, promotion.modRevision], [created.revision, created.revision]);
  const {
    number,
    id,
    payload: payloadId,
    author,
    door,
    time: at,
  } = JSON.parse(Buffer.from(promotion.value).toString());
  assert.deepEqual([number, author, door, at], [1, "ann", "kubernetes", time.toISOString()]);
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.ok(payload.key.endsWith(payloadId));
});

test("A get returns the bytes that were written", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  await secrets.create(state("a", "MQ=="), writer);
  const read = await secrets.get("default", "a");
  assert.equal(read?.payload.bytes.toString(), '{"k":"MQ=="}');
  assert.equal(read?.metadata.toString(), '{"name":"a"}');
  assert.equal(read?.book.uid, "uid-of-a");
});

test("A write of other values makes the next promotion, a write of metadata alone makes none", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  const first = await secrets.create(state("a", "MQ=="), writer);
  const labelled = await secrets.replace(
    first,
    state("a", "MQ==", { metadata: '{"name":"a","labels":{"x":"y"}}' }),
    writer,
  );
  assert.equal(labelled.book.promotion?.number, 1);
  assert.equal((await keysUnder(store, promotionPrefix(identity))).length, 1);
  const changed = await secrets.replace(labelled, state("a", "Mg=="), writer);
  assert.equal(changed.book.promotion?.number, 2);
  assert.equal((await keysUnder(store, promotionPrefix(identity))).length, 2);
  assert.equal((await keysUnder(store, payloadPrefix(identity))).length, 2);
});

test("A replace of a state that was changed since is a conflict and leaves no version behind", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  const first = await secrets.create(state("a", "MQ=="), writer);
  await secrets.replace(first, state("a", "Mg=="), writer);
  await assert.rejects(secrets.replace(first, state("a", "Mw=="), writer), { code: "conflict" });
  assert.equal((await keysUnder(store, payloadPrefix(identity))).length, 2);
});

for (const type of ["helm.sh/release.v1", "kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token"]) {
  test(`Secrets of type ${type} keep no versions and leave no trash`, async () => {
    const store = await storeWithNamespace();
    const secrets = secretsOn(store);
    const first = await secrets.create(state("a", "MQ==", { type }), writer);
    const second = await secrets.replace(first, state("a", "Mg==", { type }), writer);
    assert.equal((await secrets.get("default", "a"))?.payload.bytes.toString(), '{"k":"Mg=="}');
    await secrets.delete(second, writer);
    assert.deepEqual(await keysUnder(store, "/strongroom/"), []);
  });
}

test("A delete frees the name at once and keeps the state and its versions in the trash", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  const first = await secrets.create(state("a", "MQ=="), writer);
  await secrets.delete(first, writer);
  assert.equal(await secrets.get("default", "a"), undefined);
  assert.equal((await keysUnder(store, trashPrefix("ns-1"))).length, 1);
  assert.equal((await keysUnder(store, payloadPrefix(identity))).length, 1);
  const again = await secrets.create(state("a", "OQ==", { uid: "another" }), writer);
  assert.equal(again.book.promotion?.number, 1);
});

test("What a link writes keeps no versions and leaves no trash, and says what it is linked from, also when only that changes", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  const link = (linkedFrom: string) => ({ author: "link default/a", door: "kubernetes", linkedFrom });
  const first = await secrets.create(state("a", "MQ=="), link("n/one"));
  const second = await secrets.replace(first, state("a", "Mg=="), link("n/one"));
  assert.deepEqual([second.book.promotion, second.book.linkedFrom], [undefined, "n/one"]);
  const metadata = '{"name":"a","labels":{"x":"y"}}';
  const third = await secrets.replace(second, state("a", "Mg==", { metadata }), link("n/two"));
  assert.equal((await secrets.get("default", "a"))?.book.linkedFrom, "n/two");
  await secrets.delete(third, link("n/two"));
  assert.deepEqual(await keysUnder(store, promotionPrefix(identity)), []);
  assert.deepEqual(await keysUnder(store, payloadPrefix(identity)), []);
  assert.deepEqual(await keysUnder(store, trashPrefix("ns-1")), []);
  // Of whoever else writes it is a secret like others.
  const again = await secrets.create(state("a", "MQ=="), link("n/one"));
  const own = await secrets.replace(again, state("a", "Mg=="), writer);
  assert.deepEqual([own.book.promotion?.number, own.book.linkedFrom], [1, undefined]);
});

test("A re-created namespace does not inherit versions", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  await secrets.create(state("a", "MQ=="), writer);
  await secrets.delete((await secrets.get("default", "a")) ?? assert.fail("the secret must exist"), writer);
  await putNamespace(store, "default", "ns-2");
  const again = await secrets.create(state("a", "Mg=="), writer);
  assert.equal(again.book.namespaceUid, "ns-2");
  assert.equal(again.book.promotion?.number, 1);
});

test("Nothing is created in a namespace that is missing or terminating, also when that is news to the cache", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  await assert.rejects(secrets.create(state("a", "MQ==", { namespace: "nowhere" }), writer), (error) => {
    return error instanceof NamespaceUnavailableError && error.phase === "missing";
  });
  await secrets.create(state("a", "MQ=="), writer);
  await putNamespace(store, "default", "ns-1", "2026-01-01T00:00:00Z");
  await assert.rejects(secrets.create(state("b", "MQ=="), writer), (error) => {
    return error instanceof NamespaceUnavailableError && error.phase === "terminating";
  });
});

test("A second create of a name is refused and leaves no version behind", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  await secrets.create(state("a", "MQ=="), writer);
  await assert.rejects(secrets.create(state("a", "Mg==", { uid: "other" }), writer), { code: "already-exists" });
  assert.deepEqual(await keysUnder(store, payloadPrefix({ namespaceUid: "ns-1", uid: "other" })), []);
});

test("Over the number of promotions the oldest go, with their payloads", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store, { limits: { ...defaultVersionLimits, promotionsMax: 3, keptMsMin: 0 } });
  let secret = await secrets.create(state("a", "MA=="), writer);
  for (let n = 1; n < 6; n++) secret = await secrets.replace(secret, state("a", `N${n}==`), writer);
  const numbers = (await keysUnder(store, promotionPrefix(identity))).map((key) =>
    Number(key.split("/").at(-1)?.slice(0, 10)),
  );
  assert.deepEqual(numbers, [4, 5, 6]);
  assert.equal((await keysUnder(store, payloadPrefix(identity))).length, 3);
});

test("Over the byte budget of a secret its oldest versions go, never the current one", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store, { limits: { ...defaultVersionLimits, secretBytesMax: 2700 } });
  const big = "A".repeat(600);
  const first = await secrets.create(state("a", big), writer);
  const second = await secrets.replace(first, state("a", `${big}B`), writer);
  assert.equal((await keysUnder(store, payloadPrefix(identity))).length, 1);
  assert.equal((await secrets.get("default", "a"))?.payload.bytes.length, second.payload.bytes.length);
});

test("Where transactions are too small for a payload, it is stored first, and an orphan is swept", async () => {
  const inner = await storeWithNamespace();
  const limits = { transactionBytesMax: 1024 * 1024 + 100, transactionOperationsMax: 128 };
  const small: Store = new Proxy(inner, {
    get: (target, name) => {
      const value: unknown = name === "limits" ? limits : Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const secrets = secretsOn(small);
  const first = await secrets.create(state("a", "A".repeat(200)), writer);
  assert.equal(first.book.promotion?.number, 1);
  await assert.rejects(secrets.create(state("a", "B".repeat(200), { uid: "late" }), writer), {
    code: "already-exists",
  });
  const orphanPrefix = payloadPrefix({ namespaceUid: "ns-1", uid: "late" });
  assert.equal((await keysUnder(inner, orphanPrefix)).length, 1);

  const later = new Date(Date.now() + 2 * 60 * 60 * 1000);
  const swept = await sweepSecrets({ store: inner, now: later, trashRetentionMs: 1000 });
  assert.deepEqual(swept, { orphans: 1, purged: 0 });
  assert.deepEqual(await keysUnder(inner, orphanPrefix), []);
  assert.equal((await secrets.get("default", "a"))?.payload.bytes.length, first.payload.bytes.length);
});

test("Trash past its retention is purged with its versions, younger trash stays", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  for (const name of ["a", "b"]) await secrets.delete(await secrets.create(state(name, "MQ=="), writer), writer);
  const retention = 1000;
  const tooEarly = await sweepSecrets({ store, now: new Date(time.getTime() + 999), trashRetentionMs: retention });
  assert.equal(tooEarly.purged, 0);
  const due = await sweepSecrets({ store, now: new Date(time.getTime() + 1001), trashRetentionMs: retention });
  assert.equal(due.purged, 2);
  assert.deepEqual(await keysUnder(store, "/strongroom/"), []);
});

test("An orphan is swept by its own age, however short the history of the store is", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  await secrets.create(state("a", "MQ=="), writer);
  for (const key of await keysUnder(store, promotionPrefix(identity))) {
    await store.txn({ compares: [], thens: [{ type: "delete", key }] });
  }
  const freed: string[] = [];
  const sweepAt = (ageMs: number) =>
    sweepSecrets({
      store,
      now: new Date(time.getTime() + ageMs),
      trashRetentionMs: 1000,
      freed: async (namespaceUid) => void freed.push(namespaceUid),
    });
  const hourMs = 60 * 60 * 1000;
  assert.equal((await sweepAt(hourMs - 1)).orphans, 0);
  assert.deepEqual(freed, []);
  assert.equal((await sweepAt(hourMs)).orphans, 1);
  assert.deepEqual(freed, ["ns-1"]);
  assert.deepEqual(await keysUnder(store, payloadPrefix(identity)), []);
});

test("A sweep that is told to end removes nothing more, and takes no payload for an orphan", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  await secrets.delete(await secrets.create(state("a", "MQ=="), writer), writer);
  await secrets.create(state("b", "MQ=="), writer);
  const before = await keysUnder(store, "/strongroom/");
  const signal = AbortSignal.abort(new Error("the server stops"));
  const later = new Date(time.getTime() + 2 * 60 * 60 * 1000);
  await assert.rejects(sweepSecrets({ store, now: later, trashRetentionMs: 1000, signal }), /the server stops/);
  assert.deepEqual(await keysUnder(store, "/strongroom/"), before);
});

test("A namespace over its budget keeps versions again once its trash is purged", async () => {
  const store = await storeWithNamespace();
  const limits = { ...defaultVersionLimits, namespaceBytesMax: 10_000 };
  const secrets = secretsOn(store, { limits });
  const kept = async () => (await keysUnder(store, promotionPrefix({ ...identity, uid: "uid-of-b" }))).length;

  // Deleted, but in the trash: its 20,000 bytes count.
  await secrets.delete(await secrets.create(state("a", "A".repeat(20_000)), writer), writer);
  let b = await secrets.create(state("b", "MQ=="), writer);
  b = await secrets.replace(b, state("b", "Mg=="), writer);
  assert.equal(await kept(), 1);

  const freed = (namespaceUid: string) => secrets.recountUsage(namespaceUid);
  const later = new Date(time.getTime() + 1001);
  assert.equal((await sweepSecrets({ store, now: later, trashRetentionMs: 1000, freed })).purged, 1);
  for (const value of ["Mw==", "NA==", "NQ=="]) b = await secrets.replace(b, state("b", value), writer);
  assert.equal(await kept(), 4);
});

test("A list is consistent at its revision while secrets change and go", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  const a = await secrets.create(state("a", "MQ=="), writer);
  await secrets.create(state("b", "MQ=="), writer);
  const page = await secrets.list({ namespace: "default", limit: 1 });
  await secrets.replace(a, state("a", "Mg=="), writer);
  await secrets.delete((await secrets.get("default", "b")) ?? assert.fail("b must exist"), writer);
  const next = await secrets.list({
    namespace: "default",
    limit: 1,
    after: page.continueAfter,
    revision: page.revision,
  });
  assert.deepEqual(
    next.secrets.map((secret) => [secret.name, secret.payload.bytes.toString()]),
    [["b", '{"k":"MQ=="}']],
  );
  const old = await secrets.list({ namespace: "default", limit: 10, revision: page.revision });
  assert.equal(old.secrets[0]?.payload.bytes.toString(), '{"k":"MQ=="}');
});

test("A list of large secrets that keep no versions reads a page of them at a time, and the rest follows", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  const large = "A".repeat(700_000);
  const expected = Array.from({ length: 14 }, (_, n) => `s${String(n).padStart(2, "0")}`);
  for (const name of expected) await secrets.create(state(name, large, { type: "helm.sh/release.v1" }), writer);
  const bytesRead: number[] = [];
  const range = store.range.bind(store);
  store.range = async (prefix, options) => {
    const result = await range(prefix, options);
    bytesRead.push(result.records.reduce((sum, record) => sum + record.value.length, 0));
    return result;
  };
  const names: string[] = [];
  let after: string | undefined;
  do {
    const page = await secrets.list({ namespace: "default", limit: 500, after });
    names.push(...page.secrets.map(({ name }) => name));
    after = page.continueAfter;
  } while (after !== undefined);
  assert.deepEqual(names, expected);
  assert.ok(Math.max(...bytesRead) <= objectPageBytesMax, `ranges of ${bytesRead.join(", ")} bytes`);
});

test("A watch delivers complete secrets, with the state before, to each watcher as the same object", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  await using first = secrets.watch("default", undefined);
  await using second = secrets.watch("", undefined);
  const created = await secrets.create(state("a", "MQ=="), writer);
  const [event] = (await first.next())?.events ?? [];
  const [same] = (await second.next())?.events ?? [];
  assert.equal(event, same);
  assert.equal(event?.existed, false);
  assert.equal(event?.secret?.payload.bytes.toString(), '{"k":"MQ=="}');
  await secrets.delete(created, writer);
  const [deleted] = (await first.next())?.events ?? [];
  assert.equal(deleted?.type, "delete");
  assert.equal((await deleted?.previous())?.payload.bytes.toString(), '{"k":"MQ=="}');
});

test("A watch of what keeps no versions tells of nothing else, deleted or not, and keeps pace", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  await using watcher = secrets.watch("", undefined, "", ofUnversioned);
  const opaque = await secrets.create(state("a", "MQ=="), writer);
  const token = await secrets.create(state("t", "dA==", { type: "bootstrap.kubernetes.io/token" }), writer);
  await secrets.delete(opaque, writer);
  const end = await secrets.delete(token, writer);
  const seen: string[] = [];
  for (let revision = 0; revision < end;) {
    const batch = await watcher.next();
    for (const event of batch?.events ?? []) {
      seen.push(`${event.type} ${(event.secret ?? (await event.previous()))?.name}`);
    }
    revision = batch?.revision ?? assert.fail("the watch must go on");
  }
  assert.deepEqual(seen, ["put t", "delete t"]);
});

test("A read that is repeated sees every change at once", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  const first = await secrets.create(state("a", "MQ=="), writer);
  await secrets.create(state("ab", "OQ==", { uid: "longer" }), writer);
  const read = async () => (await secrets.get("default", "a"))?.payload.bytes.toString();
  assert.deepEqual([await read(), await read()], ['{"k":"MQ=="}', '{"k":"MQ=="}']);
  const second = await secrets.replace(first, state("a", "Mg=="), writer);
  assert.deepEqual([await read(), await read()], ['{"k":"Mg=="}', '{"k":"Mg=="}']);
  await secrets.delete(second, writer);
  assert.deepEqual([await read(), await read()], [undefined, undefined]);
  await secrets.create(state("a", "Mw==", { uid: "new" }), writer);
  assert.deepEqual([await read(), await read()], ['{"k":"Mw=="}', '{"k":"Mw=="}']);
});

test("A secret of a cluster stays one through writes of others, and its owners are not for our collector", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  const metadata = '{"name":"a","ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"p","uid":"u-1"}]}';
  const created = await secrets.create(state("a", "MQ==", { metadata, cluster: "prod" }), writer);
  assert.deepEqual(await keysUnder(store, "/strongroom/owned/"), []);
  const replaced = await secrets.replace(created, state("a", "Mg==", { metadata }), writer);
  assert.equal(replaced.book.cluster, "prod");
  assert.deepEqual([replaced.version, replaced.createRevision], [2, created.revision]);
  assert.deepEqual(await keysUnder(store, "/strongroom/owned/"), []);
  await secrets.delete(replaced, writer);
  assert.deepEqual(await keysUnder(store, "/strongroom/owned/"), []);
});

test("A secret that a cluster takes over loses what our collector knew of its owners", async () => {
  const store = await storeWithNamespace();
  const secrets = secretsOn(store);
  const metadata = '{"name":"a","ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"p","uid":"u-1"}]}';
  const created = await secrets.create(state("a", "MQ==", { metadata }), writer);
  assert.equal((await keysUnder(store, "/strongroom/owned/dependents/")).length, 1);
  await secrets.replace(created, state("a", "MQ==", { metadata, cluster: "prod" }), writer);
  assert.deepEqual(await keysUnder(store, "/strongroom/owned/dependents/"), []);
});
