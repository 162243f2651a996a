/** Keys of encryption over time: rewriting, what may be dropped, and what is told of it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Registry } from "prom-client";
import { aesGcmTransformer } from "../crypto/providers/aes-gcm.ts";
import { formOfRecord } from "../crypto/stored-form.ts";
import { createLogger } from "../log/logger.ts";
import { ManualClock } from "../store/conformance/manual-clock.ts";
import { createEncryptedStore } from "../store/encrypted-store.ts";
import { createMemoryEngine } from "../store/memory/memory-engine.ts";
import type { Store } from "../store/store.ts";
import { EncryptionAtRest } from "./encryption-at-rest.ts";
import { EncryptionService } from "./encryption-service.ts";

const stored = [
  { group: "", resource: "secrets", places: ["/registry/secrets/", "/strongroom/payloads/"] },
  { group: "", resource: "configmaps", places: ["/registry/configmaps/"] },
];
const key = (name: string, byte: number) => `{name: ${name}, secret: ${Buffer.alloc(32, byte).toString("base64")}}`;
const [key1, key2] = [key("key1", 1), key("key2", 2)];
const gcm = (...keys: readonly string[]) => `{aesgcm: {keys: [${keys.join(", ")}]}}`;

/** Everything below a server, on an engine in memory that outlives restarts. */
class Place implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "strongroom-keys-"));
  readonly file = join(this.folder, "encryption.yaml");
  readonly clock = new ManualClock();
  readonly engine = createMemoryEngine({ clock: this.clock });
  readonly refused: string[] = [];
  store!: Store; // set by start
  encryption!: EncryptionAtRest; // set by start
  service!: EncryptionService; // set by start

  /** The providers for secrets. */
  write(...providers: readonly string[]): void {
    const rule = `  - resources: [secrets]\n    providers: [${providers.join(", ")}]\n`;
    const head = "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n";
    writeFileSync(this.file, head + rule, { mode: 0o600 });
  }

  async start(options: { abandonKeys?: boolean; without?: boolean } = {}): Promise<void> {
    const { clock, engine } = this;
    this.encryption = await EncryptionAtRest.open({
      file: options.without === true ? undefined : this.file,
      own: aesGcmTransformer("own", Buffer.alloc(32, 9)),
      openKms: () => assert.fail("no configuration here has a plugin"),
      fingerprint: (bytes) => String(bytes[0]),
      stored,
      clock,
      reports: { reloaded: () => {}, refused: (error) => void this.refused.push(String(error)) },
    });
    this.store = createEncryptedStore(engine, this.encryption);
    const registry = new Registry();
    const log = createLogger(
      "json",
      () => {},
      () => new Date(clock.now()),
    );
    const { store, encryption } = this;
    const abandonKeys = options.abandonKeys === true;
    this.service = await EncryptionService.open({
      encryption,
      store,
      engine,
      stored,
      abandonKeys,
      clock,
      registry,
      log,
    });
  }

  /** Lets go of what runs, as a process that ends. */
  async end(): Promise<void> {
    await this.service[Symbol.asyncDispose]();
    await this.encryption[Symbol.asyncDispose]();
  }

  async put(name: string, value: string): Promise<void> {
    await this.store.txn({ compares: [], thens: [{ type: "put", key: name, value: Buffer.from(value) }] });
  }

  async valueOf(name: string): Promise<string> {
    return Buffer.from((await this.store.get(name))?.value ?? []).toString();
  }

  async formOf(name: string): Promise<string> {
    return formOfRecord((await this.engine.get(name))?.value ?? new Uint8Array(0), []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await this.engine.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const secret = (name: string) => `/registry/secrets/default/${name}`;

test("EncryptionService rewrites what a former key wrote, with the same revision and version, and no watcher hears of it", async () => {
  await using place = new Place();
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
  await using place = new Place();
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
  await using place = new Place();
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
  await using place = new Place();
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
  await using place = new Place();
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
  await using place = new Place();
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
  await using place = new Place();
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
