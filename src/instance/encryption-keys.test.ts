import assert from "node:assert/strict";
import { test } from "node:test";
import { aesGcmTransformer } from "../crypto/providers/aes-gcm.ts";
import type { ConfiguredEncryption } from "../crypto/encryption-configuration/configured-transformers.ts";
import { TransformerChain } from "../crypto/transformer-chain.ts";
import { TransformerSet } from "../crypto/transformer-set.ts";
import { createEncryptedStore } from "../store/encrypted-store.ts";
import { createMemoryEngine } from "../store/memory/memory-engine.ts";
import { EncryptionKeys } from "./encryption-keys.ts";

const selection = new TransformerSet(new TransformerChain(aesGcmTransformer("own", Buffer.alloc(32, 9))));
const withKeys = (...ids: string[]) =>
  ({ keys: ids.map((id) => ({ id, form: id })), resources: [] }) as unknown as ConfiguredEncryption; // its keys are all that counts here

async function open() {
  const engine = createMemoryEngine();
  const store = createEncryptedStore(engine, selection);
  const reopen = () => EncryptionKeys.open({ store, engine, now: () => new Date(0) });
  return { keys: await reopen(), reopen, [Symbol.asyncDispose]: () => store.close() };
}

const ids = ({ noted }: EncryptionKeys) => noted.map(({ id }) => id).toSorted();

test("A key that a configuration has again is not forgotten by a walk that began without it", async () => {
  await using place = await open();
  const { keys } = place;
  await keys.admit(withKeys("a"), selection);
  await keys.admit(withKeys("b"), selection);
  const gone = keys.missingIn(withKeys("b"));
  assert.deepEqual(
    gone.map(({ id }) => id),
    ["a"],
  );
  await keys.admit(withKeys("a"), selection); // the operator went back meanwhile
  await keys.forget(gone);
  assert.deepEqual(ids(keys), ["a", "b"]);
  assert.deepEqual(ids(await place.reopen()), ["a", "b"]);
});

test("Keys that are noted and forgotten at the same time are both as they should be", async () => {
  await using place = await open();
  const { keys } = place;
  await keys.admit(withKeys("a"), selection);
  await keys.admit(withKeys("b"), selection);
  await Promise.all([keys.forget(keys.missingIn(withKeys("b"))), keys.admit(withKeys("b", "c"), selection)]);
  assert.deepEqual(ids(keys), ["b", "c"]);
  assert.deepEqual(ids(await place.reopen()), ["b", "c"]);
});

test("The end of a key is not noted over a configuration in which it writes again", async () => {
  await using place = await open();
  const { keys } = place;
  const writing = (id: string) => {
    const { keys: both } = withKeys("a", "b");
    const writer = both.find((key) => key.id === id);
    return { keys: both, resources: [{ resource: "secrets", keys: [writer] }] } as unknown as ConfiguredEncryption; // as above
  };
  await keys.admit(writing("a"), selection);
  await keys.admit(writing("b"), selection);
  // Told late that "b" writes: "a" does again by then.
  await Promise.all([keys.noteEnds(writing("b")), keys.admit(writing("a"), selection)]);
  const untilOf = (wanted: string) => keys.noted.find(({ id }) => id === wanted)?.until;
  assert.equal(untilOf("a"), undefined);
  await keys.noteEnds(writing("a"));
  assert.notEqual(untilOf("b"), undefined);
  assert.equal(untilOf("a"), undefined);
});
