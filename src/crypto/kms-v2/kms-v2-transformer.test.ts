import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as fc from "fast-check";

import { isStrongroomError, StrongroomError } from "../../errors/strongroom-error.ts";
import { toRevision } from "../../store/revision.ts";
import { RootKey } from "../root-key/root-key.ts";
import type { Opened, TransformContext } from "../transformer.ts";
import type { KeyManagementService } from "./key-management-service.ts";
import { LocalKeyManagementService } from "./key-management-service.ts";
import { KmsV2Transformer, seedCacheEntriesMax } from "./kms-v2-transformer.ts";

interface FixtureCase {
  readonly description: string;
  readonly provider: string;
  readonly key: string;
  readonly keyId: string;
  readonly sourceType: number;
  readonly seed: string;
  readonly encryptedDekSource: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly plaintext: string;
  readonly stored: string;
}

interface Fixture {
  readonly writtenByUpstream: readonly FixtureCase[];
  readonly openedByUpstream: readonly FixtureCase[];
}

const fixture = JSON.parse(readFileSync(new URL("testdata/kms-v2.json", import.meta.url), "utf8")) as Fixture; // our own file, its shape is fixed by the program that made it

const context: TransformContext = { key: "/registry/secrets/default/db", revision: toRevision(7) };

function newRootKey(): RootKey {
  return new RootKey(randomBytes(32));
}

async function localTransformer(rootKey = newRootKey()): Promise<KmsV2Transformer> {
  return await KmsV2Transformer.create("strongroom", new LocalKeyManagementService(rootKey));
}

/** The fixtures' key management service: it knows one seed. */
function serviceOf(example: FixtureCase, keyIdForWriting: string): KeyManagementService {
  return {
    encrypt: () => ({ keyId: keyIdForWriting, ciphertext: Buffer.from("written by the test"), annotations: new Map() }),
    decrypt: ({ keyId, ciphertext, annotations }) => {
      assert.equal(keyId, example.keyId);
      assert.equal(Buffer.from(ciphertext).toString("base64"), example.encryptedDekSource);
      const found = Array.from(annotations, ([name, value]) => [name, Buffer.from(value).toString("base64")]);
      assert.deepEqual(Object.fromEntries(found), example.annotations);
      return Buffer.from(example.seed, "base64");
    },
  };
}

function opened(result: Opened | Promise<Opened>): Opened {
  assert.ok(!(result instanceof Promise), "a local provider answers at once");
  return result;
}

test("KmsV2Transformer opens what Kubernetes' own code wrote", async () => {
  assert.equal(fixture.writtenByUpstream.length, 6);
  for (const example of fixture.writtenByUpstream) {
    const transformer = await KmsV2Transformer.create(example.provider, serviceOf(example, example.keyId));
    const stored = Buffer.from(example.stored, "base64");
    const result = opened(transformer.fromStorage(stored, { key: example.key, revision: undefined }));
    assert.equal(Buffer.from(result.plaintext).toString("base64"), example.plaintext, example.description);
    assert.equal(result.stale, example.sourceType === 0, example.description);
  }
});

test("KmsV2Transformer opens what it wrote and Kubernetes' own code has opened", async () => {
  assert.equal(fixture.openedByUpstream.length, 4);
  for (const example of fixture.openedByUpstream) {
    const transformer = await KmsV2Transformer.create(example.provider, serviceOf(example, "another-key"));
    const stored = Buffer.from(example.stored, "base64");
    const result = opened(transformer.fromStorage(stored, { key: example.key, revision: undefined }));
    assert.equal(Buffer.from(result.plaintext).toString("base64"), example.plaintext, example.description);
    assert.equal(result.stale, true, "another key id is written now");
  }
});

test("KmsV2Transformer gives back any plaintext for the context it was written in", async () => {
  const transformer = await localTransformer();
  const contexts = fc.record({
    key: fc.string({ minLength: 1 }).map((s) => `/registry/${s.replaceAll("\0", "")}`),
    revision: fc.option(fc.nat().map(toRevision), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40_000, size: "max" }), contexts, (plaintext, written) => {
      const result = opened(transformer.fromStorage(transformer.toStorage(plaintext, written), written));
      assert.deepEqual(Buffer.from(result.plaintext), Buffer.from(plaintext));
      assert.equal(result.stale, false);
    }),
    { numRuns: 60 },
  );
});

test("KmsV2Transformer never writes the same bytes twice, nor the plaintext", async () => {
  const transformer = await localTransformer();
  const plaintext = Buffer.from("canary-1b9e62c4");
  const first = Buffer.from(transformer.toStorage(plaintext, context));
  const second = Buffer.from(transformer.toStorage(plaintext, context));
  assert.equal(first.subarray(0, 26).toString(), "k8s:enc:kms:v2:strongroom:");
  assert.notDeepEqual(first, second);
  assert.equal(first.includes(plaintext), false);
});

test("KmsV2Transformer refuses a record under another key, another revision or none, with one text", async () => {
  const transformer = await localTransformer();
  const stored = transformer.toStorage(Buffer.from("value"), context);
  const others: TransformContext[] = [
    { key: "/registry/secrets/default/dc", revision: context.revision },
    { key: context.key, revision: toRevision(6) },
    { key: context.key, revision: undefined },
    { key: `${context.key}\0${String(context.revision)}0`, revision: undefined },
  ];
  for (const other of others) assert.throws(() => transformer.fromStorage(stored, other), isUniform);
});

test("KmsV2Transformer refuses every single changed bit and every cut of a stored record", async () => {
  const transformer = await localTransformer();
  const stored = Buffer.from(transformer.toStorage(Buffer.from("value"), context));
  for (let index = 0; index < stored.length; index++) {
    const changed = Buffer.from(stored);
    changed.writeUInt8((stored[index] ?? 0) ^ (1 << (index % 8)), index);
    assert.throws(() => transformer.fromStorage(changed, context), isRefusal, `byte ${index}`);
    assert.throws(() => transformer.fromStorage(stored.subarray(0, index), context), isRefusal, `cut at ${index}`);
  }
  assert.throws(() => transformer.fromStorage(Buffer.concat([stored, Buffer.of(0)]), context), isUniform);
  assert.equal(opened(transformer.fromStorage(stored, context)).plaintext.length, 5);
});

test("KmsV2Transformer opens records of former processes under the same root key, and they are not stale", async () => {
  const bytes = randomBytes(32);
  const before = await localTransformer(new RootKey(Buffer.from(bytes)));
  const after = await localTransformer(new RootKey(Buffer.from(bytes)));
  const stored = before.toStorage(Buffer.from("value"), context);
  assert.deepEqual(opened(after.fromStorage(stored, context)), { plaintext: Buffer.from("value"), stale: false });
});

test("KmsV2Transformer says stale for a former root key and sealed for an unknown one", async () => {
  const oldKey = newRootKey();
  const stored = (await localTransformer(oldKey)).toStorage(Buffer.from("value"), context);
  const rotated = await KmsV2Transformer.create("strongroom", new LocalKeyManagementService(newRootKey(), [oldKey]));
  assert.equal(opened(rotated.fromStorage(stored, context)).stale, true);
  const stranger = await localTransformer();
  assert.throws(
    () => stranger.fromStorage(stored, context),
    (error) => isStrongroomError(error, "sealed"),
  );
});

test("KmsV2Transformer asks a remote service once per seed, also for reads at the same time", async () => {
  let calls = 0;
  const local = new LocalKeyManagementService(newRootKey());
  const remote: KeyManagementService = {
    encrypt: async (seed) => await Promise.resolve(local.encrypt(seed)),
    decrypt: async (wrapped) => {
      calls++;
      return await Promise.resolve(local.decrypt(wrapped));
    },
  };
  const before = await KmsV2Transformer.create("plugin", remote);
  const after = await KmsV2Transformer.create("plugin", remote);
  const stored = before.toStorage(Buffer.from("value"), context);
  const results = await Promise.all([1, 2, 3].map(async () => await after.fromStorage(stored, context)));
  assert.equal(calls, 1);
  assert.deepEqual(
    results.map((r) => Buffer.from(r.plaintext).toString()),
    ["value", "value", "value"],
  );
  assert.equal(opened(after.fromStorage(stored, context)).stale, false);
  await assert.rejects(async () => await after.fromStorage(stored, { ...context, key: "/other" }), isUniform);
});

test("KmsV2Transformer passes on that a remote service is unavailable, and asks again the next time", async () => {
  let available = false;
  const local = new LocalKeyManagementService(newRootKey());
  const remote: KeyManagementService = {
    encrypt: (seed) => local.encrypt(seed),
    decrypt: async (wrapped) => {
      await Promise.resolve();
      if (!available) throw new StrongroomError("unavailable", "the plugin must answer");
      return local.decrypt(wrapped);
    },
  };
  const stored = (await KmsV2Transformer.create("plugin", remote)).toStorage(Buffer.from("value"), context);
  const transformer = await KmsV2Transformer.create("plugin", remote);
  await assert.rejects(
    async () => await transformer.fromStorage(stored, context),
    (error) => isStrongroomError(error, "unavailable"),
  );
  available = true;
  assert.equal((await transformer.fromStorage(stored, context)).plaintext.length, 5);
});

test("KmsV2Transformer keeps a bounded number of seeds and forgets the least recently used", async () => {
  let calls = 0;
  const service: KeyManagementService = {
    encrypt: () => ({ keyId: "k", ciphertext: randomBytes(16), annotations: new Map() }),
    decrypt: ({ ciphertext }) => {
      calls++;
      return Buffer.alloc(32, ciphertext);
    },
  };
  const reader = await KmsV2Transformer.create("p", service);
  const recordOf = (index: number): Uint8Array => recordsOfManySeeds[index] ?? assert.fail();
  const recordsOfManySeeds: Uint8Array[] = [];
  for (let index = 0; index <= seedCacheEntriesMax; index++) {
    const source = Buffer.alloc(32);
    source.writeUInt32BE(index);
    const writer = await KmsV2Transformer.create("p", {
      encrypt: (seed) => {
        source.copy(seed);
        return { keyId: "k", ciphertext: Buffer.from(source), annotations: new Map() };
      },
      decrypt: service.decrypt,
    });
    recordsOfManySeeds.push(writer.toStorage(Buffer.of(1), context));
  }
  for (let index = 0; index < seedCacheEntriesMax; index++) void reader.fromStorage(recordOf(index), context);
  assert.equal(calls, seedCacheEntriesMax);
  void reader.fromStorage(recordOf(0), context); // now the most recently used
  void reader.fromStorage(recordOf(seedCacheEntriesMax), context); // pushes out record 1, the oldest
  void reader.fromStorage(recordOf(0), context);
  assert.equal(calls, seedCacheEntriesMax + 1);
  void reader.fromStorage(recordOf(1), context);
  assert.equal(calls, seedCacheEntriesMax + 2);
});

test("KmsV2Transformer refuses a provider name with a colon and a service that exceeds the limits of the format", async () => {
  const local = new LocalKeyManagementService(newRootKey());
  await assert.rejects(async () => await KmsV2Transformer.create("a:b", local), RangeError);
  const tooLong: KeyManagementService = {
    encrypt: () => ({ keyId: "k".repeat(1025), ciphertext: Buffer.of(1), annotations: new Map() }),
    decrypt: () => Buffer.alloc(32),
  };
  await assert.rejects(
    async () => await KmsV2Transformer.create("p", tooLong),
    (error) => isStrongroomError(error, "sealed"),
  );
});

function isUniform(error: unknown): boolean {
  assert.ok(isStrongroomError(error, "corrupt"), String(error));
  assert.equal(error.message, "stored bytes must be authentic for their key and revision");
  return true;
}

/** A changed key id names a key that is not there, which is public; everything else is the uniform failure. */
function isRefusal(error: unknown): boolean {
  return isStrongroomError(error, "sealed") || isUniform(error);
}
