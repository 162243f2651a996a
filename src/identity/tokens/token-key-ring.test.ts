import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { test } from "node:test";

import { TokenKeyRing, keySetMaxAgeSeconds, tokenKeysMax } from "./token-key-ring.ts";

function emptyStorage() {
  const saved = new Map<string, Uint8Array>();
  return {
    saved,
    load: async (name: string) => saved.get(name),
    save: async (name: string, bytes: Uint8Array) => void saved.set(name, bytes),
  };
}

test("TokenKeyRing keeps its keys: the first signs at once, a new one after an hour, the old one verifies on", async () => {
  const storage = emptyStorage();
  let nowMs = 1_000_000;
  const ring = await TokenKeyRing.open(storage, () => nowMs);
  const first = ring.signing();
  assert.equal(first.algorithm, "RS256");
  const states = await ring.rotate("ES256");
  assert.deepEqual(
    states.map(({ algorithm, signs, signsFromMs }) => [algorithm, signs, signsFromMs]),
    [
      ["RS256", true, 0],
      ["ES256", false, nowMs + keySetMaxAgeSeconds * 1000],
    ],
  );
  const second = states[1]?.kid ?? "";
  const again = await TokenKeyRing.open(storage, () => nowMs);
  assert.deepEqual(again.states(), states);
  nowMs += keySetMaxAgeSeconds * 1000;
  assert.equal(ring.signing().kid, second);
  assert.deepEqual(
    ring.verification().map(({ kid }) => kid),
    [first.kid, second],
  );
  assert.deepEqual(
    ring.verification(first.kid).map(({ kid }) => kid),
    [first.kid],
  );
  assert.deepEqual(ring.verification("other"), []);
});

test("TokenKeyRing removes old keys, tells of it, and keeps the one that signs", async () => {
  let nowMs = 0;
  const ring = await TokenKeyRing.open(emptyStorage(), () => nowMs);
  let removed = 0;
  ring.onRemoved(() => removed++);
  const { kid } = ring.signing();
  await assert.rejects(ring.remove(kid), { code: "invalid" });
  await assert.rejects(ring.remove("other"), { code: "not-found" });
  await ring.rotate("ES256");
  assert.equal(removed, 0);
  nowMs = keySetMaxAgeSeconds * 1000;
  assert.equal((await ring.remove(kid)).length, 1);
  assert.equal(removed, 1);
});

test("TokenKeyRing has a bound, and changes one at a time", async () => {
  const ring = await TokenKeyRing.open(emptyStorage(), () => 0);
  const changes = Array.from({ length: tokenKeysMax }, () => ring.rotate("ES256"));
  const outcomes = await Promise.allSettled(changes);
  assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, tokenKeysMax - 1);
  assert.equal(ring.states().length, tokenKeysMax);
});

test("TokenKeyRing names keys by the SHA-256 of their DER, and tells nothing of what it cannot read", async () => {
  const storage = emptyStorage();
  const { kid, publicKey } = (await TokenKeyRing.open(storage, () => 0)).signing();
  assert.match(kid, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(createPublicKey(publicKey.export({ type: "spki", format: "pem" })).type, "public");
  storage.saved.set("token-keys", Buffer.from('{"keys":[{"pkcs8Pem":"s3cret"}]}'));
  await assert.rejects(
    TokenKeyRing.open(storage, () => 0),
    (error: Error) => {
      assert.ok(!`${error.message}${String(error.cause)}`.includes("s3cret"));
      return true;
    },
  );
});
