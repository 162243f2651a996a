import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { Attacker, segmentNames } from "../../../test/support/audit-attacker.ts";
import { auditEvent, LogFixture, numbered, writeAll } from "../../../test/support/audit-log-fixture.ts";
import { blockTypes } from "./block.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { decodePublicKey, encodePublicKey, signCheckpoint } from "./checkpoint.ts";
import { segmentsToVerify, verifyLog } from "./verify-log.ts";

/** A log whose key changed twice, its keys, and its checkpoints. */
const log = new LogFixture();
after(() => log[Symbol.dispose]());
const privateKeys: KeyObject[] = [log.keys.signingKey, ...[1, 2].map(() => generateKeyPairSync("ed25519").privateKey)];
const publicKeys: KeyObject[] = [];
const checkpoints: Checkpoint[] = [];
await log.with(
  async (opened) => {
    opened.onCheckpoint((checkpoint) => checkpoints.push(checkpoint));
    for (const [index, key] of privateKeys.entries()) {
      if (index > 0) await opened.changeKey(key);
      publicKeys.push(decodePublicKey(opened.publicKey));
      await writeAll(opened, numbered(12, `key-${index}`));
      await opened.checkpoint();
      assert.deepEqual((await opened.verify()).faults, []);
    }
  },
  { segmentBytes: 900 },
);
const kept = new Map(segmentNames(log.directory).map((name) => [name, readFileSync(join(log.directory, name))]));

/** The log as it was, to be harmed. */
function restored(): string {
  for (const name of segmentNames(log.directory)) rmSync(join(log.directory, name));
  for (const [name, bytes] of kept) writeFileSync(join(log.directory, name), bytes);
  return log.directory;
}

async function verdictOf(publicKey: KeyObject | undefined, outside: readonly Checkpoint[] = []) {
  assert.ok(publicKey !== undefined);
  return verifyLog(await segmentsToVerify(log.directory), { publicKey, outside, from: 0, to: Infinity });
}

for (const [index, name] of ["first", "second", "last"].entries()) {
  test(`Whoever trusts the ${name} key follows the log through all changes, which are told`, async () => {
    restored();
    const verdict = await verdictOf(publicKeys[index], checkpoints);
    assert.deepEqual(verdict.faults, []);
    assert.equal(verdict.signed?.publicKey, encodePublicKey(publicKeys[2] as KeyObject)); // there were three
    assert.equal(verdict.outside?.entries, 36);
    assert.deepEqual(
      verdict.keyChanges.map(({ first, publicKey }) => [first, publicKey]),
      [1, 2].map((change) => [12 * change, encodePublicKey(publicKeys[change] as KeyObject)]),
    );
  });
}

test("A key that never signed the log verifies nothing of it", async () => {
  restored();
  const { faults, signed } = await verdictOf(generateKeyPairSync("ed25519").publicKey);
  assert.match(faults[0]?.what ?? "", /not signed by the server/);
  assert.equal(signed, undefined);
});

/** Changes a record, makes all hashes anew, and signs what a key signed that the attacker has. */
function rewriteWith(former: KeyObject, upTo: number): void {
  const attacker = new Attacker(log.directory);
  const block = attacker.blocks.find(({ block: each }) => each.type === blockTypes.entries)?.block;
  assert.ok(block !== undefined);
  block.timeMs += 1;
  attacker.putTogether((facts) => (facts.entries <= upTo ? signCheckpoint(facts, former) : undefined));
}

test("Whoever has the former key changes nothing of before for those who trust the new one", async () => {
  restored();
  rewriteWith(privateKeys[0] as KeyObject, 12);
  // Alone, it would be that key's log.
  const alone = (await segmentsToVerify(log.directory)).filter(({ first }) => first < 12);
  const options = { publicKey: publicKeys[0] as KeyObject, outside: [], from: 0, to: Infinity };
  assert.deepEqual((await verifyLog(alone, options)).faults, []);
  for (const key of publicKeys.slice(1)) {
    const { faults } = await verdictOf(key);
    assert.notDeepEqual(faults, []);
    assert.ok((faults[0]?.from ?? Infinity) <= 12, JSON.stringify(faults));
  }
});

test("A change that only one of the keys signed is none", async () => {
  restored();
  const name = segmentNames(log.directory).find((each) => Number(each.slice(0, 16)) === 12) ?? "";
  const path = join(log.directory, name);
  const bytes = readFileSync(path).toString("latin1");
  for (const field of ["byFormer", "byNew"]) {
    writeFileSync(path, Buffer.from(bytes.replace(new RegExp(`("${field}":")....`), "$1AAAA"), "latin1"));
    const verdict = await verdictOf(publicKeys[0]);
    assert.ok(verdict.faults.some(({ what }) => /not signed by the server/.test(what)));
    assert.deepEqual(verdict.keyChanges, []);
  }
});

test("A log goes on with its new key after a start, and retention may take the change", async () => {
  restored();
  const keys = { ...log.keys, signingKey: privateKeys[2] as KeyObject, publicKey: publicKeys[2] as KeyObject };
  log.head = undefined;
  await log.with(
    async (opened) => {
      await opened.write(auditEvent("next"));
      await opened.prune({ before: Infinity, beforeMs: Infinity }, auditEvent("prune"));
    },
    { keys, segmentBytes: 900 },
  );
  const verdict = await verdictOf(publicKeys[2], checkpoints);
  assert.deepEqual(verdict.faults, []);
});

test("Two changes at once are two, or one that is refused: never a log that does not go on", async () => {
  using fixture = new LogFixture();
  await fixture.with(async (opened) => {
    await writeAll(opened, numbered(3));
    const keys = [1, 2].map(() => generateKeyPairSync("ed25519").privateKey);
    const changes = await Promise.allSettled(keys.map((key) => opened.changeKey(key)));
    assert.deepEqual(
      changes.map(({ status }) => status),
      ["fulfilled", "rejected"],
    );
    await writeAll(opened, numbered(3, "later"));
    await opened.checkpoint();
  });
  const options = { publicKey: fixture.keys.publicKey, outside: [], from: 0, to: Infinity };
  const verdict = await verifyLog(await segmentsToVerify(fixture.directory), options);
  assert.deepEqual([verdict.faults, verdict.keyChanges.length], [[], 1]);
});
