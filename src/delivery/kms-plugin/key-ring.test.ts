import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import * as fc from "fast-check";
import { Redacted } from "../../crypto/redacted.ts";
import { RootKey } from "../../crypto/root-key/root-key.ts";
import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { openRing, readRingFacts, sealRing } from "./key-ring-file.ts";
import { KeyRing } from "./key-ring.ts";
import type { KeyFacts } from "./key-ring.ts";

const passphrase = new Redacted<Uint8Array>(Buffer.from("correct horse battery"));
const second = (count: number) => new Date(Date.UTC(2026, 0, 1) + count * 1000);

/** Keys that write from these seconds on. */
function keysOf(seconds: readonly number[]): { facts: KeyFacts[]; bytes: Buffer } {
  const parts = seconds.map(() => randomBytes(32));
  const facts = parts.map((part, index) => ({
    id: new RootKey(Buffer.from(part)).id,
    madeAt: second(0),
    writesFrom: second(seconds[index] ?? 0),
  }));
  return { facts, bytes: Buffer.concat(parts) };
}

test("KeyRing writes with the last key whose time has come, the same on every node, and never goes back", () => {
  const seconds = fc.uniqueArray(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 6 });
  const moments = fc.array(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(seconds, moments, (unsorted, visited) => {
      const { facts, bytes } = keysOf(unsorted.toSorted((a, b) => a - b));
      const ring = new KeyRing(facts, Buffer.from(bytes));
      let highest = 0;
      for (const moment of visited) {
        const expected = Math.max(
          highest,
          facts.findLastIndex(({ writesFrom }) => writesFrom <= second(moment)),
        );
        highest = expected;
        assert.equal(ring.writeKey(second(moment)).id, facts[expected]?.id);
        const alone = new KeyRing(facts, Buffer.from(bytes)).writeKey(second(Math.max(...visited)));
        const together = new KeyRing(facts, Buffer.from(bytes)).writeKey(second(Math.max(...visited)));
        assert.equal(alone.id, together.id);
      }
    }),
    { numRuns: 50 },
  );
});

test("KeyRing decrypts under each of its keys what any ring of them encrypted", async () => {
  const { facts, bytes } = keysOf([0, 10, 20]);
  const ring = new KeyRing(facts, Buffer.from(bytes));
  for (const moment of [0, 10, 20]) {
    const one = new KeyRing(facts, Buffer.from(bytes));
    const wrapped = await one.serviceAt(second(moment)).encrypt(Buffer.from("seed"));
    assert.equal(wrapped.keyId, one.writeKey(second(moment)).id);
    assert.equal(Buffer.from(await ring.serviceAt(second(0)).decrypt(wrapped)).toString(), "seed");
  }
});

test("KeyRing refuses facts that are not those of its bytes", () => {
  const { facts, bytes } = keysOf([0, 10]);
  assert.throws(() => new KeyRing(facts.toReversed(), Buffer.from(bytes)), /expected key id/);
  assert.throws(() => new KeyRing(facts.slice(1), Buffer.from(bytes)), /bytes of each/);
  assert.throws(() => new KeyRing([], Buffer.alloc(0)), /bytes of each/);
});

test("openRing gives back what sealRing was given, and its facts stand in the file in the clear, its bytes not", async () => {
  const { facts: keys, bytes } = keysOf([0, 600]);
  const facts = { keys, escrowRecipients: ["age1example"], removed: [] };
  const text = await sealRing(facts, bytes, passphrase, 14);
  const opened = await openRing(text, passphrase);
  assert.deepEqual(opened.bytes, bytes);
  assert.deepEqual({ ...opened.facts, kdf: "", salt: "" }, { ...facts, kdf: "", salt: "" });
  assert.deepEqual(readRingFacts(text).keys, keys);
  for (const form of ["base64", "hex"] as const) assert.ok(!text.includes(bytes.subarray(0, 32).toString(form)));
});

test("openRing is sealed under another passphrase, and when anything in the file was changed, cut or exchanged", async () => {
  const { facts: keys, bytes } = keysOf([0, 600]);
  const text = await sealRing({ keys, escrowRecipients: [], removed: [] }, bytes, passphrase, 14);
  const other = new Redacted<Uint8Array>(Buffer.from("another passphrase"));
  await assert.rejects(openRing(text, other), (error) => isStrongroomError(error, "sealed"));
  const changed = (change: (file: Record<string, unknown>) => void) => {
    const file = JSON.parse(text) as Record<string, unknown>;
    change(file);
    return JSON.stringify(file);
  };
  const shown = (JSON.parse(text) as { keys: Record<string, string>[] }).keys;
  const files = [
    "",
    "null",
    "[]",
    text.slice(0, -3),
    changed((file) => (file["keys"] = shown.slice(1))),
    changed((file) => (file["keys"] = shown.toReversed())),
    changed((file) => (file["keys"] = [{ ...shown[0], writesFrom: "2030-01-01T00:00:00.000Z" }, shown[1]])),
    changed((file) => (file["keys"] = [{ ...shown[0], id: "0".repeat(32) }, shown[1]])),
    changed((file) => (file["keys"] = [{ ...shown[0], madeAt: "soon" }, shown[1]])),
    changed((file) => (file["escrowRecipients"] = ["age1attacker"])),
    changed((file) => (file["kdf"] = "scrypt log-n=15 r=8 p=1")),
    changed((file) => (file["kdf"] = "scrypt log-n=25 r=8 p=1")),
    changed((file) => (file["salt"] = Buffer.alloc(16).toString("base64"))),
    changed((file) => (file["sealed"] = Buffer.alloc(92).toString("base64"))),
    changed((file) => (file["sealed"] = "")),
    changed((file) => (file["kind"] = "Other")),
  ];
  for (const file of files)
    await assert.rejects(openRing(file, passphrase), (error) => isStrongroomError(error, "sealed"), file);
});
