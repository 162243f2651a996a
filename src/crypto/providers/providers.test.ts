/** The providers of keys, against bytes that a kube-apiserver stored, and against who changes bytes on the disk. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { toRevision } from "../../store/revision.ts";
import type { PrefixedTransformer } from "../transformer-chain.ts";
import type { TransformContext } from "../transformer.ts";
import { aesCbcTransformer } from "./aes-cbc.ts";
import { aesGcmTransformer } from "./aes-gcm.ts";
import { identityTransformer } from "./identity.ts";
import { secretboxTransformer } from "./secretbox.ts";

interface Fixture {
  /** Provider and length of the key. */
  readonly name: string;
  readonly storageKey: string;
  /** What etcd held, in base64. */
  readonly stored: string;
}

const { fixtures } = JSON.parse(readFileSync(new URL("kube-apiserver-1.34.json", import.meta.url), "utf8")) as {
  fixtures: Fixture[];
}; // recorded by us

/** The other direction: what these providers wrote and a kube-apiserver has opened. */
const { fixtures: openedByUpstream } = JSON.parse(
  readFileSync(new URL("opened-by-kube-apiserver-1.34.json", import.meta.url), "utf8"),
) as { fixtures: Fixture[] }; // recorded by us

const context: TransformContext = { key: "/registry/secrets/default/db", revision: toRevision(4711) };
const key = (bytes: number, byte = 1) => Buffer.alloc(bytes, byte);

async function providerOf(name: string, keyByte = 1): Promise<PrefixedTransformer> {
  const [provider, bytes = "0"] = name.split("-");
  if (provider === "aescbc") return aesCbcTransformer("key1", key(Number(bytes), keyByte));
  if (provider === "aesgcm") return aesGcmTransformer("key1", key(Number(bytes), keyByte));
  if (provider === "secretbox") return await secretboxTransformer("key1", key(Number(bytes), keyByte));
  return identityTransformer;
}

const withKeys = fixtures.map(({ name }) => name).filter((name) => name !== "identity");

async function opened(provider: PrefixedTransformer, stored: Uint8Array, where = context): Promise<Buffer> {
  return Buffer.from((await provider.fromStorage(stored, where)).plaintext);
}

async function refused(provider: PrefixedTransformer, stored: Uint8Array, where = context): Promise<void> {
  await assert.rejects(
    async () => await provider.fromStorage(stored, where),
    (error) => {
      assert.ok(isStrongroomError(error, "corrupt"));
      assert.equal(error.message, "stored bytes must be authentic for their key and revision");
      return true;
    },
  );
}

for (const { name, storageKey, stored } of fixtures) {
  test(`${name} opens what a kube-apiserver stored, whatever the revision`, async () => {
    const plaintext = await opened(await providerOf(name), Buffer.from(stored, "base64"), {
      key: storageKey,
      revision: toRevision(3),
    });
    assert.equal(plaintext.subarray(0, 4).toString(), "k8s\0");
    assert.ok(plaintext.includes(`of ${name}`));
  });
}

for (const { name, storageKey, stored } of openedByUpstream) {
  test(`${name} opens what it wrote and a kube-apiserver has opened, and writes the same form today`, async () => {
    const [provider, bytes] = [await providerOf(name), Buffer.from(stored, "base64")];
    const where = { key: storageKey, revision: undefined };
    const plaintext = await opened(provider, bytes, where);
    assert.ok(plaintext.includes(Buffer.from(`of ${name}`).toString("base64")));
    const today = provider.toStorage(plaintext, where);
    assert.equal(today.length, bytes.length);
    assert.equal(Buffer.from(today).indexOf(provider.prefix), bytes.indexOf(provider.prefix));
  });
}

for (const name of withKeys) {
  test(`${name} gives back what it was given, of every length around a block`, async () => {
    const provider = await providerOf(name);
    for (const length of [0, 1, 15, 16, 17, 31, 32, 33, 1000, 1_000_000]) {
      const plaintext = Buffer.alloc(length, 42);
      const stored = provider.toStorage(plaintext, context);
      assert.ok(
        Buffer.from(stored)
          .toString("latin1")
          .startsWith(`k8s:enc:${name.split("-")[0]}:v1:key1:`),
      );
      assert.deepEqual(await opened(provider, stored), plaintext);
    }
  });

  test(`${name} never writes the same bytes twice`, async () => {
    const provider = await providerOf(name);
    const all = Array.from({ length: 600 }, () => Buffer.from(provider.toStorage(key(1), context)).toString("hex"));
    assert.equal(new Set(all).size, all.length);
  });

  test(`${name} refuses a record that is cut anywhere, with one text`, async () => {
    const provider = await providerOf(name);
    const stored = Buffer.from(provider.toStorage(key(40), context));
    for (let length = provider.prefix.length; length < stored.length; length++) {
      if (name.startsWith("aescbc")) await cbcDiffers(provider, stored.subarray(0, length), key(40));
      else await refused(provider, stored.subarray(0, length));
    }
  });

  test(`${name} refuses a record under another key`, async () => {
    const stored = (await providerOf(name, 2)).toStorage(key(40), context);
    const provider = await providerOf(name);
    if (name.startsWith("aescbc")) await cbcDiffers(provider, stored, key(40));
    else await refused(provider, stored);
  });

  test(`${name} refuses a record with any bit flipped, unless it is aescbc, which cannot know`, async () => {
    const provider = await providerOf(name);
    const stored = Buffer.from(provider.toStorage(key(40), context));
    for (let bit = provider.prefix.length * 8; bit < stored.length * 8; bit += 5) {
      const flipped = Buffer.from(stored);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      if (name.startsWith("aescbc")) await cbcDiffers(provider, flipped, key(40));
      else await refused(provider, flipped);
    }
  });
}

/** Without authentication a changed record opens to something else, or its padding is wrong: never to what was written. */
async function cbcDiffers(provider: PrefixedTransformer, stored: Uint8Array, written: Uint8Array): Promise<void> {
  try {
    assert.notDeepEqual(await opened(provider, stored), Buffer.from(written));
  } catch (error) {
    assert.ok(isStrongroomError(error, "corrupt"), String(error));
    assert.equal(error.message, "stored bytes must be authentic for their key and revision");
  }
}

test("aesgcm refuses the record of another name; aescbc and secretbox, as upstream has them, do not see it", async () => {
  const elsewhere = { ...context, key: "/registry/secrets/default/other" };
  const gcm = await providerOf("aesgcm-32");
  await refused(gcm, gcm.toStorage(key(1), context), elsewhere);
  for (const name of ["aescbc-32", "secretbox-32"]) {
    const provider = await providerOf(name);
    assert.deepEqual(await opened(provider, provider.toStorage(key(1), context), elsewhere), key(1));
  }
});

test("Providers of keys refuse keys of other lengths", async () => {
  for (const bytes of [0, 15, 25, 28, 33]) {
    assert.throws(() => aesCbcTransformer("k", key(bytes)));
    assert.throws(() => aesGcmTransformer("k", key(bytes)), RangeError);
    await assert.rejects(() => secretboxTransformer("k", key(bytes)), RangeError);
  }
});

test("identity keeps what it is given, and does not read what says that it is encrypted", async () => {
  assert.deepEqual(await opened(identityTransformer, identityTransformer.toStorage(key(9), context)), key(9));
  await refused(identityTransformer, Buffer.from("k8s:enc:aescbc:v1:key1:x"));
});
