import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes, randomInt } from "node:crypto";
import { test } from "node:test";

import * as fc from "fast-check";

import { KmsV2Transformer } from "../crypto/kms-v2/kms-v2-transformer.ts";
import { LocalKeyManagementService } from "../crypto/kms-v2/key-management-service.ts";
import { Redacted } from "../crypto/redacted.ts";
import { RootKey } from "../crypto/root-key/root-key.ts";
import { TransformerChain } from "../crypto/transformer-chain.ts";
import { TransformerSet } from "../crypto/transformer-set.ts";
import type { ErrorCode } from "../errors/strongroom-error.ts";
import { createEncryptedStore } from "../store/encrypted-store.ts";
import { createMemoryEngine } from "../store/memory/memory-engine.ts";
import { toRevision } from "../store/revision.ts";
import type { Store, TtlLeaseId } from "../store/store.ts";
import { newIdentity, encryptAge } from "./age-file.ts";
import type { BackupKey, BackupLock } from "./age-file.ts";
import { BackupError } from "./backup-error.ts";
import { backupSigner } from "./backup-signature.ts";
import { readManifest, revisionsLeftOut } from "./backup-manifest.ts";
import type { BackupHead } from "./backup-manifest.ts";
import { BackupWriter, backupFormat, decodeBackup } from "./backup-stream.ts";
import { createBackup } from "./create-backup.ts";
import type { CreateBackupOptions } from "./create-backup.ts";
import { snapshotOf, verifyBackup } from "./read-backup.ts";

const made = await newIdentity();
const lock: BackupLock = { type: "recipients", recipients: [made.recipient] };
const key: BackupKey = { type: "identities", identities: new Redacted([made.identity.reveal()]) };

/** A store under a root key of its own. */
async function openStore(engine: Store = createMemoryEngine()) {
  const kms = await KmsV2Transformer.create("strongroom", new LocalKeyManagementService(new RootKey(randomBytes(32))));
  return createEncryptedStore(engine, new TransformerSet(new TransformerChain(kms)));
}

type TestStore = Awaited<ReturnType<typeof openStore>>;

async function put(store: TestStore, recordKey: string, value: string | Buffer) {
  const operation = { type: "put", key: recordKey, value: Buffer.from(value) } as const;
  return (await store.txn({ compares: [], thens: [operation] })).revision;
}

async function backup(store: TestStore, options: Partial<CreateBackupOptions> = {}): Promise<Buffer> {
  const all = { store, lock, instance: "i", productVersion: "0", now: () => new Date(0), sign: undefined, ...options };
  const parts: Buffer[] = [];
  for await (const { bytes } of createBackup(all, async () => {})) parts.push(bytes);
  return Buffer.concat(parts);
}

async function* chunks(whole: Uint8Array, size = 50_000): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < whole.length; start += size) yield whole.subarray(start, start + size);
}

function verify(whole: Uint8Array, with_: BackupKey = key, publicKey?: string) {
  return verifyBackup({ file: chunks(whole), key: with_, publicKey });
}

async function contents(store: TestStore): Promise<unknown> {
  const { records } = await store.range("");
  return records.map(({ key: name, value, createRevision, modRevision, version }) => [
    name,
    Buffer.from(value).toString("latin1"),
    createRevision,
    modRevision,
    version,
  ]);
}

function refusal(code: ErrorCode, text: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof BackupError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, text);
    return true;
  };
}

/** About 300 KB in 40 records: several chunks of the envelope. */
async function filledStore(): Promise<TestStore> {
  const store = await openStore();
  for (let i = 0; i < 40; i++) await put(store, `/registry/configmaps/default/c${i}`, randomBytes(7000));
  return store;
}

/** An engine that gives and takes snapshots as streams of bytes only. */
function ofBytesOnly(engine = createMemoryEngine()): Store {
  return new Proxy(engine, {
    get(target, name) {
      if (name === "snapshotItems" || name === "restoreItems") return undefined;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

for (const [what, engine] of [
  ["", createMemoryEngine],
  [", also on an engine that has snapshots as bytes only", ofBytesOnly],
] as const) {
  test(`A restored store has what the backed-up store had, under another key, with its revisions, and goes on far above them${what}`, () =>
    restoresWhatWas(engine));
}

async function restoresWhatWas(engine: () => Store): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom("/a", "/b", "/registry/x/y", "/strongroom/z"), fc.string()), { maxLength: 30 }),
      async (writes) => {
        await using store = await openStore(engine());
        for (const [name, value] of writes) await put(store, name, value);
        const whole = await backup(store);
        await using copy = await openStore(engine());
        await copy.restoreOpened(snapshotOf({ file: chunks(whole), key }, () => {}));
        assert.deepEqual(await contents(copy), await contents(store));
        const revision = await store.currentRevision();
        assert.equal(await copy.currentRevision(), revision + revisionsLeftOut);
        assert.equal(await copy.compactedRevision(), revision + revisionsLeftOut);
        if (revision > 0) await assert.rejects(copy.get("/a", { revision }), { code: "compacted" });
        assert.equal(await put(copy, "/next", "x"), revision + revisionsLeftOut + 1);
      },
    ),
    { numRuns: 25 },
  );
}

test("TTL leases are restored with the keys that are attached to them", async () => {
  await using store = await openStore();
  const lease = await store.grantTtlLease(3600);
  const operation = { type: "put", key: "/event", value: Buffer.from("x"), ttlLease: lease.id } as const;
  await store.txn({ compares: [], thens: [operation] });
  await using copy = await openStore();
  await copy.restoreOpened(snapshotOf({ file: chunks(await backup(store)), key }, () => {}));
  assert.equal((await copy.get("/event"))?.ttlLease, lease.id);
  await copy.revokeTtlLease(lease.id);
  assert.equal(await copy.get("/event"), undefined);
});

test("A backup is of one revision, whatever is written while it is read", async () => {
  await using store = await filledStore();
  const before = await contents(store);
  const revision = await store.currentRevision();
  const parts: Buffer[] = [];
  const options = { store, lock, instance: "i", productVersion: "0", now: () => new Date(0), sign: undefined };
  for await (const { bytes } of createBackup(options, async () => {})) {
    parts.push(bytes);
    await put(store, `/registry/configmaps/default/c${randomInt(40)}`, "changed meanwhile");
    await put(store, `/registry/configmaps/default/new${parts.length}`, "made meanwhile");
  }
  const whole = Buffer.concat(parts);
  assert.equal((await verify(whole)).head.revision, revision);
  await using copy = await openStore();
  await copy.restoreOpened(snapshotOf({ file: chunks(whole), key }, () => {}));
  assert.deepEqual(await contents(copy), before);
});

test("The audit log's key and place are not in a backup", async () => {
  await using store = await openStore();
  await put(store, "/strongroom/audit/signing-key", "k");
  await put(store, "/strongroom/audit/head", "h");
  await put(store, "/strongroom/pki/ca", "c");
  const { manifest } = await verify(await backup(store));
  assert.deepEqual(manifest.contents, { "strongroom/pki": { records: 1, bytes: 1 } });
});

test("A backup that is cut anywhere, or has a byte more, is refused as cut", async () => {
  await using store = await filledStore();
  const whole = await backup(store);
  const cuts = [0, 1, 20, 60, 150, 216, 65_752, whole.length - 65_552, whole.length - 17, whole.length - 1];
  for (let i = 0; i < 20; i++) cuts.push(randomInt(whole.length));
  for (const cut of cuts) {
    await assert.rejects(verify(whole.subarray(0, cut)), (error) => error instanceof BackupError, `cut after ${cut}`);
  }
  await assert.rejects(verify(whole.subarray(0, -100)), refusal("corrupt", /must be whole: it is cut off/));
  await assert.rejects(verify(Buffer.concat([whole, Buffer.from("x")])), refusal("corrupt", /must be/));
});

test("A backup of which any bit was changed is refused, and it is said where", async () => {
  await using store = await filledStore();
  const whole = await backup(store);
  const positions = Array.from({ length: 300 }, (_, i) => i).concat(
    Array.from({ length: 60 }, () => randomInt(whole.length)),
  );
  for (const position of positions) {
    const flipped = Buffer.from(whole);
    flipped[position]! ^= 1 << randomInt(8); // position < length
    await assert.rejects(verify(flipped), (error) => error instanceof BackupError, `byte ${position}`);
  }
  const flipped = Buffer.from(whole);
  flipped[100_000]! ^= 1; // there are 300,000
  await assert.rejects(verify(flipped), refusal("corrupt", /was changed within its first \d+ bytes/));
});

test("Chunks that are exchanged, repeated, left out or of another backup are refused", async () => {
  await using store = await filledStore();
  const whole = await backup(store);
  const other = await backup(store);
  const chunkBytes = 64 * 1024 + 16;
  const start = whole.indexOf("\n--- ") + 49 + 16; // the line of the header's MAC, and the nonce
  const chunk = (of: Buffer, index: number) =>
    of.subarray(start + index * chunkBytes, start + (index + 1) * chunkBytes);
  const [first, second, third] = [chunk(whole, 0), chunk(whole, 1), chunk(whole, 2)];
  const [header, rest] = [whole.subarray(0, start), whole.subarray(start + 3 * chunkBytes)];
  assert.deepEqual(Buffer.concat([header, first, second, third, rest]), whole);
  const wrong = {
    exchanged: [header, second, first, third, rest],
    repeated: [header, first, first, second, third, rest],
    "left out": [header, first, third, rest],
    "of another backup": [header, first, chunk(other, 1), third, rest],
  };
  for (const [what, parts] of Object.entries(wrong)) {
    await assert.rejects(verify(Buffer.concat(parts)), refusal("corrupt", /must be/), what);
  }
});

test("A key that does not open a backup is named as such: another identity, a passphrase for a recipient's, and the other way round", async () => {
  await using store = await openStore();
  await put(store, "/a", "x");
  const passphrase = new Redacted("correct horse battery");
  const byPassphrase = await backup(store, { lock: { type: "passphrase", passphrase } });
  const other = (await newIdentity()).identity.reveal();
  const others: BackupKey = { type: "identities", identities: new Redacted([other]) };
  const wrongPassphrase: BackupKey = { type: "passphrase", passphrase: new Redacted("wrong horse battery") };
  const whole = await backup(store);
  await assert.rejects(verify(whole, others), refusal("sealed", /identity must be of a recipient/));
  await assert.rejects(verify(whole, wrongPassphrase), refusal("sealed", /an identity of one of its recipients/));
  await assert.rejects(verify(byPassphrase, key), refusal("sealed", /opened with its passphrase/));
  await assert.rejects(verify(byPassphrase, wrongPassphrase), refusal("sealed", /passphrase must be the one/));
  assert.equal((await verify(byPassphrase, { type: "passphrase", passphrase })).manifest.records, 1);
});

test("Each of several recipients opens a backup alone", async () => {
  await using store = await openStore();
  await put(store, "/a", "x");
  const second = await newIdentity();
  const whole = await backup(store, { lock: { type: "recipients", recipients: [made.recipient, second.recipient] } });
  for (const { identity } of [made, second]) {
    const opens: BackupKey = { type: "identities", identities: new Redacted([identity.reveal()]) };
    assert.equal((await verify(whole, opens)).manifest.records, 1);
  }
});

async function enveloped(plain: Buffer): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const bytes of encryptAge(chunks(plain), lock)) parts.push(bytes);
  return Buffer.concat(parts);
}

test("What is no backup, or is of a newer format, is named as such", async () => {
  const newer = await enveloped(Buffer.from(`strongroom-backup ${backupFormat + 1}\nwhatever comes then`));
  await assert.rejects(verify(newer), refusal("invalid", /has format 2, .* reads up to 1: .* newer version/));
  await assert.rejects(verify(await enveloped(Buffer.alloc(1000))), refusal("invalid", /a backup that Strongroom/));
  await assert.rejects(verify(Buffer.alloc(0)), refusal("invalid", /begin as a file of age/));
  await assert.rejects(verify(randomBytes(200_000)), refusal("invalid", /begin as a file of age/));
  await assert.rejects(verify(Buffer.from("age-encryption.org/v2\n")), refusal("invalid", /version 1/));
  const armored = Buffer.from("-----BEGIN AGE ENCRYPTED FILE-----\n");
  await assert.rejects(verify(armored), refusal("invalid", /binary form/));
});

const head: BackupHead = {
  apiVersion: "strongroom.dev/v1",
  kind: "Backup",
  instance: "i",
  productVersion: "0",
  revision: 10,
  created: new Date(0).toISOString(),
  ttlLeaseSequence: 1,
};

interface Row {
  readonly key: string;
  readonly revision?: number;
  readonly version?: number;
  readonly lease?: number;
}

/** What is inside a backup, with intact checksums, whatever it says. */
function inside(rows: readonly Row[], of: BackupHead = head): Buffer {
  const writer = new BackupWriter(of);
  const parts = [...writer.start()];
  for (const { key: name, revision = 1, version = 1, lease } of rows) {
    const revisions = { createRevision: toRevision(1), modRevision: toRevision(revision) };
    const ttlLease = lease as TtlLeaseId | undefined; // an id of the stream
    parts.push(
      ...writer.add({
        type: "record",
        record: { key: name, value: Buffer.from("v"), version, ttlLease, ...revisions },
      }),
    );
  }
  return Buffer.concat([...parts, ...writer.end(undefined)]);
}

test("What no store can hold is refused, however whole it is: anybody can make a backup for a recipient", async () => {
  const wrong: readonly (readonly [string, Buffer])[] = [
    ["keys out of order", inside([{ key: "/b" }, { key: "/a" }])],
    ["a key twice", inside([{ key: "/a" }, { key: "/a" }])],
    ["an empty key", inside([{ key: "" }])],
    ["a key that is no text", inside([{ key: "/a\x01" }])],
    ["a revision beyond that of the backup", inside([{ key: "/a", revision: 11 }])],
    ["a revision of nothing", inside([{ key: "/a", revision: 0 }])],
    ["a version of nothing", inside([{ key: "/a", version: 0 }])],
    ["a lease that is not there", inside([{ key: "/a", lease: 1 }])],
    ["a key that signs the audit log", inside([{ key: "/strongroom/audit/signing-key" }])],
    ["a revision that has no next", inside([], { ...head, revision: Number.MAX_SAFE_INTEGER })],
    ["no revision", inside([], { ...head, revision: -1 })],
    ["no time", inside([], { ...head, created: "yesterday" })],
  ];
  await gatherItems(inside([{ key: "/a" }, { key: "/b", revision: 10 }]));
  for (const [what, plain] of wrong) {
    await assert.rejects(gatherItems(plain), refusal("corrupt", /must /), what);
  }
});

async function gatherItems(plain: Buffer): Promise<void> {
  for await (const item of decodeBackup(chunks(plain, 100))) assert.ok(item.type.length > 0);
}

test("Whatever is inside a file of age, reading it ends in a backup or in what is wrong with it", async () => {
  const good = inside([{ key: "/a" }, { key: "/b" }, { key: "/registry/secrets/default/db" }]);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.nat(good.length),
      async (changes, end) => {
        const changed = Buffer.from(good);
        for (const [at, byte] of changes) changed[at] = byte;
        const plain = changed.subarray(0, end === 0 ? undefined : end);
        if (plain.equals(good)) return;
        await assert.rejects(gatherItems(plain), (error) => error instanceof BackupError);
      },
    ),
    { numRuns: 500 },
  );
});

test("A manifest that lacks its counts, or has an empty signature, is damage", () => {
  const whole = { records: 0, contents: {}, sha256: "x" };
  readManifest(Buffer.from(JSON.stringify(whole)));
  for (const wrong of [{ contents: undefined }, { contents: null }, { contents: 1 }, { signature: null }]) {
    assert.throws(
      () => readManifest(Buffer.from(JSON.stringify({ ...whole, ...wrong }))),
      refusal("corrupt", /must say/),
    );
  }
});

test("A header without an end is read no further than a header can be", async () => {
  let given = 0;
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from("age-encryption.org/v1\n-> X25519 ");
    for (;;) {
      given++;
      yield Buffer.alloc(1024, "A");
    }
  };
  await assert.rejects(verifyBackup({ file: endless(), key }), refusal("corrupt", /cut off in its header/));
  assert.ok(given < 100, String(given));
});

test("A failure to read the file is passed on as it is, and is no damage", async () => {
  await using store = await filledStore();
  const whole = await backup(store);
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield whole.subarray(0, 100_000);
    throw new RangeError("the tape tore");
  };
  await assert.rejects(verifyBackup({ file: failing(), key }), RangeError);
});

test("A signed backup is of the key that signed it, and only of that", async () => {
  await using store = await openStore();
  await put(store, "/a", "x");
  const pair = (): [ReturnType<typeof generateKeyPairSync>["privateKey"], string] => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    return [privateKey, publicKey.export({ format: "der", type: "spki" }).toString("base64")];
  };
  const [mine, minePublic] = pair();
  const [, othersPublic] = pair();
  const signed = await backup(store, { sign: backupSigner(mine, minePublic) });
  assert.equal((await verify(signed, key, minePublic)).manifest.signature?.publicKey, minePublic);
  await assert.rejects(verify(signed, key, othersPublic), refusal("corrupt", /is of another key/));
  await assert.rejects(verify(await backup(store), key, minePublic), refusal("corrupt", /it has none/));
  const forged = await backup(store, { sign: backupSigner(mine, othersPublic) });
  await assert.rejects(verify(forged), refusal("corrupt", /signature of the backup must be good/));
});

test("A backup is not made for nobody, for what is no recipient, or for a short passphrase", async () => {
  await using store = await openStore();
  const refuse = (wrong: BackupLock, text: RegExp) =>
    assert.rejects(backup(store, { lock: wrong }), (error) => error instanceof BackupError && text.test(error.message));
  await refuse({ type: "recipients", recipients: [] }, /must have a recipient/);
  await refuse({ type: "recipients", recipients: ["age1nonsense"] }, /must be one of age/);
  const { identity } = await newIdentity();
  await refuse({ type: "recipients", recipients: [identity.reveal()] }, /^recipient 1 must be one of age: age1\.\.\.$/);
  await refuse({ type: "passphrase", passphrase: new Redacted("short") }, /at least 12 characters/);
});

test("A record that does not open makes a backup fail, and names the record", async () => {
  const engine = createMemoryEngine();
  await using store = await openStore(engine);
  await put(store, "/registry/secrets/default/a", "{}\n{}\n{}\n");
  await engine.rewrite("/registry/secrets/default/a", toRevision(1), Buffer.from("damaged"));
  await assert.rejects(backup(store), /record \/registry\/secrets\/default\/a/);
});
