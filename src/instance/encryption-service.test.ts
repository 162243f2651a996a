/** Keys of encryption over time: rewriting, what may be dropped, and what is told of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EncryptionPlace, gcm, key, key1, key2, secret } from "../../test/support/encryption-place.ts";

test("EncryptionService rewrites what a former key wrote, with the same revision and version, and no watcher hears of it", async () => {
  await using place = new EncryptionPlace();
  place.write(gcm(key1));
  await place.start();
  for (let index = 0; index < 700; index++) await place.put(secret(`s${index}`), `value ${index}`);
  await place.put("/registry/configmaps/default/c", "in our envelope");
  await place.end();
  place.write(gcm(key2, key1));
  await place.start();
  const before = await place.engine.range(secret(""), { keysOnly: true });
  await using watcher = place.store.watch("/registry/");
  await place.service.rewrite();
  const { state, seen, rewritten, unreadable } = (await place.service.status()).rewrite;
  assert.deepEqual([state, seen, rewritten, unreadable], ["done", 702, 700, 0]);
  const after = await place.engine.range(secret(""), { keysOnly: true });
  const facts = ({ key: name, modRevision, createRevision, version }: (typeof after.records)[number]) =>
    [name, modRevision, createRevision, version].join(" ");
  assert.deepEqual(after.records.map(facts), before.records.map(facts));
  assert.equal(await place.formOf(secret("s7")), "aesgcm:v1:key2");
  assert.equal(await place.valueOf(secret("s7")), "value 7");
  watcher.requestProgress();
  assert.deepEqual((await watcher.next())?.events, []);
  await place.service.rewrite();
  assert.equal((await place.service.status()).rewrite.rewritten, 0);
});

test("EncryptionService loses no write that comes between its reading and its writing", async () => {
  await using place = new EncryptionPlace();
  place.write(gcm(key1));
  await place.start();
  const names = Array.from({ length: 300 }, (_, index) => secret(`s${index}`));
  for (const name of names) await place.put(name, "old");
  await place.end();
  place.write(gcm(key2, key1));
  await place.start();
  const walk = place.service.rewrite();
  const model = new Map(names.map((name) => [name, "old"]));
  for (let round = 0; round < 600; round++) {
    const name = names[(round * 7) % names.length] ?? "";
    await place.put(name, `new ${round}`);
    model.set(name, `new ${round}`);
  }
  await walk;
  for (const [name, value] of model) assert.equal(await place.valueOf(name), value);
  for (const name of names) assert.equal(await place.formOf(name), "aesgcm:v1:key2");
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("EncryptionService goes on where a walk was cut off", async () => {
  await using place = new EncryptionPlace();
  place.write(gcm(key1));
  await place.start();
  for (let index = 0; index < 600; index++) await place.put(secret(`s${index}`), "v");
  await place.end();
  place.write(gcm(key2, key1));
  await place.start();
  const walk = place.service.rewrite();
  for (let index = 0; index < 5; index++) await turn();
  await place.end();
  await walk;
  await place.start();
  await place.service.rewrite();
  const forms = new Set((await place.service.status()).resources.map(({ resource, form }) => `${resource} ${form}`));
  assert.ok(!forms.has("secrets aesgcm:v1:key1"));
});

test("EncryptionService passes over a record that does not open, counts it, and rewrites the others", async () => {
  await using place = new EncryptionPlace();
  place.write(gcm(key1));
  await place.start();
  for (const name of ["a", "b", "c"]) await place.put(secret(name), name);
  const [b, c] = await place.engine.getMany([secret("b"), secret("c")]);
  assert.ok(b !== undefined && c !== undefined);
  await place.engine.rewrite(b.key, b.modRevision, c.value);
  await place.end();
  place.write(gcm(key2, key1));
  await place.start();
  await place.service.rewrite();
  const { rewrite, keys } = await place.service.status();
  assert.deepEqual([rewrite.rewritten, rewrite.unreadable], [2, 1]);
  assert.equal(keys.find(({ form }) => form === "aesgcm:v1:key1")?.removable, false);
  assert.deepEqual(
    [await place.formOf(secret("a")), await place.formOf(secret("c"))],
    ["aesgcm:v1:key2", "aesgcm:v1:key2"],
  );
});

test("EncryptionService refuses to start without a key that is in use, says by how much, and starts when it is back or given up", async () => {
  await using place = new EncryptionPlace();
  place.write(gcm(key1));
  await place.start();
  for (const name of ["a", "b"]) await place.put(secret(name), name);
  await place.put(secret("a"), "again");
  await place.put("/strongroom/payloads/n/u/1", "payload");
  await place.end();
  const refusal = /must keep every key that is in use.*: aesgcm:v1:key1 has 3 records and 1 superseded revisions/;
  place.write(gcm(key2));
  await assert.rejects(place.start(), refusal);
  await assert.rejects(place.start({ without: true }), /^StrongroomError: no file: .*key1 has 3 records/);
  place.write(gcm(key("key1", 3))); // the same name, and another key
  await assert.rejects(place.start(), refusal);
  place.write(gcm(key2));
  await place.start({ abandonKeys: true });
  assert.equal((await place.service.status()).keys.find(({ form }) => form === "aesgcm:v1:key1")?.state, "missing");
  await assert.rejects(place.store.get(secret("a")));
  await place.end();
  await place.start(); // given up once and for all
  place.write(gcm(key("key3", 3), key2));
  await place.encryption.look();
  assert.equal(place.encryption.problem, undefined);
  await place.end();
  place.write(gcm(key2, key1));
  await place.start();
  assert.equal(await place.valueOf(secret("a")), "again");
});

test("EncryptionService keeps a reloaded file from dropping a key in use, and lets it when nothing is left under it", async () => {
  await using place = new EncryptionPlace();
  place.write(gcm(key1));
  await place.start();
  await place.put(secret("a"), "1");
  await place.put(secret("a"), "2");
  place.write(gcm(key2));
  await place.encryption.look();
  assert.match(place.refused.at(-1) ?? "", /key1 has 1 records and 1 superseded revisions/);
  await place.put(secret("b"), "still under the old one");
  assert.equal(await place.formOf(secret("b")), "aesgcm:v1:key1");

  place.write(gcm(key2, key1));
  await place.encryption.look();
  await place.service.rewrite();
  const keyStatus = async () => {
    const { records, superseded, removable, state } =
      (await place.service.status()).keys.find(({ form }) => form === "aesgcm:v1:key1") ?? assert.fail();
    return [state, records, superseded, removable];
  };
  assert.deepEqual(await keyStatus(), ["reads", 0, 1, false]);
  place.write(gcm(key2));
  await place.encryption.look();
  assert.match(place.refused.at(-1) ?? "", /key1 has 0 records and 1 superseded revisions/);

  await place.put("/registry/configmaps/default/x", "to compact after");
  await place.engine.compact(await place.engine.currentRevision());
  place.clock.advance(11 * 60_000);
  await place.encryption.look();
  assert.equal(place.encryption.problem, undefined);
  await place.service.rewrite();
  assert.ok(!(await place.service.status()).keys.some(({ form }) => form === "aesgcm:v1:key1"));
  assert.equal(await place.valueOf(secret("a")), "2");
  await place.end();
  await place.start();
  assert.equal(await place.valueOf(secret("b")), "still under the old one");
});

test("EncryptionService says of identity that it is in use, and moves records back into our envelope when the rule goes", async () => {
  await using place = new EncryptionPlace();
  place.write("{identity: {}}");
  await place.start();
  await place.put(secret("a"), "clear");
  assert.equal(Buffer.from((await place.engine.get(secret("a")))?.value ?? []).toString(), "clear");
  await place.end();
  await assert.rejects(place.start({ without: true }), /identity has 1 records/);
  place.write(gcm(key1), "{identity: {}}");
  await place.start();
  await place.service.rewrite();
  assert.equal(await place.formOf(secret("a")), "aesgcm:v1:key1");
  const { keys } = await place.service.status();
  assert.equal(keys.find(({ form }) => form === "identity")?.removable, true);
});
